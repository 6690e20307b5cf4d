#include "resolver.hpp"

#include <algorithm>
#include <array>
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <thread>

#include <fmt/format.h>

#include "origin.hpp"

namespace poolscaler::adapters {
namespace {

constexpr std::chrono::seconds fresh_for{30};
constexpr std::size_t addresses_max = 16;

std::vector<Address> addresses_of(const addrinfo* list) {
  std::vector<Address> found;
  for (const auto* entry = list; entry && found.size() < addresses_max; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0)
      found.push_back({.text = text.data(), .ipv6 = entry->ai_family == AF_INET6});
  }
  std::ranges::stable_partition(found, [](const Address& address) { return !address.ipv6; });
  return found;
}

}  // namespace

Resolver::Resolver(std::string host, std::string port)
    : host_(std::move(host)), port_(std::move(port)) {}

void Resolver::look_up(const std::shared_ptr<Lookup>& lookup, const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  const std::scoped_lock lock(lookup->mutex);
  if (code == 0) {
    lookup->found = addresses_of(list);
    lookup->error = lookup->found.empty() ? "the name has no address" : "";
    freeaddrinfo(list);
  } else {
    lookup->error = gai_strerror(code);
  }
  lookup->at = std::chrono::steady_clock::now();
  lookup->running = false;
  lookup->done.notify_all();
}

Result<Address> Resolver::address(Time deadline, std::stop_token stop) {
  if (is_ipv4_literal(host_)) return Address{.text = host_};
  std::unique_lock lock(lookup_->mutex);
  const auto fresh = [&] {
    return !lookup_->found.empty() && lookup_->error.empty() && next_ < lookup_->found.size() &&
           std::chrono::steady_clock::now() - lookup_->at < fresh_for;
  };
  if (!fresh()) {
    if (!lookup_->running) {
      lookup_->running = true;
      lookup_->error.clear();
      next_ = 0;
      // Detached, since a name server that does not answer must not hold up the end of the program.
      std::thread([lookup = lookup_, host = host_] { look_up(lookup, host); }).detach();
    }
    const bool ended = lookup_->done.wait_until(lock, stop, deadline,
                                                [&] { return !lookup_->running; });
    if (stop.stop_requested()) return fail(ErrorKind::Cancelled, "stopped");
    if (!ended) return fail(ErrorKind::TimedOut, fmt::format("resolving '{}' timed out", host_));
  }
  if (!lookup_->error.empty() || lookup_->found.empty())
    return fail(ErrorKind::Unavailable,
                fmt::format("resolving '{}': {}", host_,
                            lookup_->error.empty() ? "no address" : lookup_->error));
  return lookup_->found[std::min(next_, lookup_->found.size() - 1)];
}

void Resolver::failed() {
  const std::scoped_lock lock(lookup_->mutex);
  ++next_;
}

}  // namespace poolscaler::adapters
