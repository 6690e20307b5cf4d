#include "poolscaler/adapters/http/transport.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

#include <fmt/format.h>

#include "exchange.hpp"
#include "lane.hpp"
#include "origin.hpp"
#include "poolscaler/base/text.hpp"
#include "resolver.hpp"
#include "tls.hpp"

namespace poolscaler::adapters {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t idle_lanes_max = 4;
/// Connections are made anew at this age, so that the load spreads over servers that came later.
constexpr std::chrono::minutes lane_age_max{10};

bool is_target_character(char c) {
  return c > 0x20 && c < 0x7F && c != '"' && c != '<' && c != '>' && c != '\\' && c != '^' &&
         c != '`' && c != '{' && c != '|' && c != '}' && c != '#';
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

bool is_value_character(char c) { return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F); }

/// What the library would write to the wire as it is, or read as something else.
Result<void> check(const HttpRequest& request) {
  if (!request.target.starts_with('/') || request.target.starts_with("//") ||
      request.target.size() > 64u << 10 ||
      !std::ranges::all_of(request.target, is_target_character))
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' is no request target", escaped(capped(request.target, 100))));
  for (const auto& header : request.headers) {
    if (header.name.empty() || !std::ranges::all_of(header.name, is_name_character))
      return fail(ErrorKind::InvalidInput,
                  fmt::format("'{}' is no header name", escaped(capped(header.name, 60))));
    if (!std::ranges::all_of(header.value, is_value_character))
      return fail(ErrorKind::InvalidInput,
                  fmt::format("header {} holds a control character", header.name));
  }
  return {};
}

class Transport final : public HttpTransport {
 public:
  Transport(TransportOptions options, Origin origin, std::string server_name,
            std::shared_ptr<const TlsMaterial> tls)
      : options_(std::move(options)),
        origin_(std::move(origin)),
        server_name_(std::move(server_name)),
        resolver_(origin_.host, origin_.port),
        tls_(std::move(tls)),
        fingerprint_(fingerprint(options_)) {}

  Result<HttpResponse> send(const HttpRequest& request, std::stop_token stop) override {
    return exchange(request, nullptr, std::chrono::milliseconds(0), stop);
  }

  Result<HttpResponse> stream(const HttpRequest& request, std::chrono::milliseconds idle_limit,
                              const ChunkSink& sink, std::stop_token stop) override {
    return exchange(request, &sink, idle_limit, stop);
  }

 private:
  struct Leased {
    std::unique_ptr<Lane> lane;
    std::uint64_t generation;
  };

  Result<HttpResponse> exchange(const HttpRequest& request, const ChunkSink* sink,
                                std::chrono::milliseconds idle_limit, std::stop_token stop) {
    if (auto fine = check(request); !fine) return fail(fine.error());
    const ExchangeTerms terms{.deadline = steady_clock::now() + request.deadline,
                              .response_bytes_max = request.response_bytes_max,
                              .sink = sink,
                              .idle_limit = idle_limit};
    auto answer = attempt(request, terms, true, stop);
    if (!answer.retry) return with_origin(std::move(answer.result));
    // A GET that met a dead pooled connection; the next one gets a new connection.
    return with_origin(attempt(request, terms, false, stop).result);
  }

  struct Answer {
    Result<HttpResponse> result;
    bool retry = false;
  };

  Answer attempt(const HttpRequest& request, const ExchangeTerms& terms, bool pooled,
                 std::stop_token stop) {
    auto leased = take_lane(terms.deadline, pooled, stop);
    if (!leased) return {.result = fail(leased.error())};
    const auto exchange = std::make_shared<Exchange>(terms);
    auto result = leased->lane->run(request, exchange, stop);
    if (result) {
      give_back(*std::move(leased));
      return {.result = std::move(result)};
    }
    if (exchange->never_connected()) resolver_.failed();
    if (result.error().kind != ErrorKind::Cancelled) drop_idle();
    const bool retry = pooled && request.method == HttpMethod::Get && exchange->broke_on_reuse() &&
                       result.error().kind == ErrorKind::Unavailable;
    return {.result = std::move(result), .retry = retry};
  }

  Result<HttpResponse> with_origin(Result<HttpResponse> result) const {
    if (result) return result;
    return fail(result.error().context(origin_.text()));
  }

  Result<Leased> take_lane(steady_clock::time_point deadline, bool pooled, std::stop_token stop) {
    LaneOptions made{.origin = origin_,
                     .address = {},
                     .server_name = server_name_,
                     .insecure = options_.insecure_skip_tls_verify};
    std::uint64_t generation = 0;
    {
      const std::scoped_lock lock(mutex_);
      look_at_files();
      std::erase_if(idle_, [](const Leased& idle) { return !is_usable(*idle.lane); });
      if (pooled && !idle_.empty()) {
        auto leased = std::move(idle_.back());
        idle_.pop_back();
        return leased;
      }
      made.tls = tls_;
      generation = generation_;
    }
    auto address = resolver_.address(deadline, stop);
    if (!address) return fail(address.error());
    made.address = *std::move(address);
    try {
      return Leased{.lane = std::make_unique<Lane>(made), .generation = generation};
    } catch (const std::exception& error) {
      return fail(ErrorKind::Internal, fmt::format("making a client: {}", error.what()));
    }
  }

  static bool is_usable(const Lane& lane) {
    return lane.is_fit() && steady_clock::now() - lane.born() < lane_age_max;
  }

  void give_back(Leased leased) {
    const std::scoped_lock lock(mutex_);
    if (!leased.lane->is_fit() || leased.generation != generation_) return;
    if (idle_.size() < idle_lanes_max) idle_.push_back(std::move(leased));
  }

  void drop_idle() {
    const std::scoped_lock lock(mutex_);
    idle_.clear();
  }

  /// REQUIRES: mutex_ held.
  void look_at_files() {
    if (!origin_.secure) return;
    auto print = fingerprint(options_);
    if (print == fingerprint_) return;
    auto loaded = TlsMaterial::load(options_, server_name_);
    if (!loaded) return;  // torn or empty for the moment: the old trust stays, and we look again
    tls_ = *std::move(loaded);
    fingerprint_ = std::move(print);
    ++generation_;
    idle_.clear();
  }

  const TransportOptions options_;
  const Origin origin_;
  const std::string server_name_;
  Resolver resolver_;

  std::mutex mutex_;
  std::shared_ptr<const TlsMaterial> tls_;
  std::string fingerprint_;
  std::uint64_t generation_ = 0;
  std::vector<Leased> idle_;
};

Result<void> check_choices(const TransportOptions& options) {
  const auto both = [](const std::string& file, const std::string& pem, const char* what) {
    return !file.empty() && !pem.empty()
               ? fail(ErrorKind::InvalidInput,
                      fmt::format("{} is given both as a file and as text: give one", what))
               : Result<void>();
  };
  if (auto fine = both(options.ca_file, options.ca_pem, "the certificate authority"); !fine)
    return fine;
  if (auto fine = both(options.client_certificate_file, options.client_certificate_pem,
                       "the client certificate");
      !fine)
    return fine;
  return both(options.client_key_file, options.client_key_pem, "the client key");
}

}  // namespace

Result<std::unique_ptr<HttpTransport>> make_transport(TransportOptions options) {
  auto origin = parse_origin(options.origin);
  if (!origin) return fail(origin.error());
  if (auto fine = check_choices(options); !fine) return fail(fine.error());
  auto server_name = options.server_name.empty() ? origin->host : options.server_name;
  std::shared_ptr<const TlsMaterial> tls;
  if (origin->secure) {
    auto loaded = TlsMaterial::load(options, server_name);
    if (!loaded) return fail(loaded.error());
    tls = *std::move(loaded);
  }
  start_library_threads();
  return std::make_unique<Transport>(std::move(options), *std::move(origin),
                                     std::move(server_name), std::move(tls));
}

}  // namespace poolscaler::adapters
