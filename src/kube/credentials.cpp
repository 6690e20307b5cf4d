#include "poolscaler/kube/credentials.hpp"

#include <algorithm>
#include <fstream>
#include <mutex>
#include <sys/stat.h>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"

namespace poolscaler::kube {
namespace {

constexpr std::size_t token_bytes_max = 64u << 10;
constexpr std::size_t namespace_bytes_max = 253;
constexpr Millis token_fresh_for = std::chrono::minutes(1);

std::string trimmed(std::string text) {
  const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!text.empty() && blank(text.back())) text.pop_back();
  text.erase(text.begin(), std::ranges::find_if_not(text, blank));
  return text;
}

class FixedToken final : public TokenSource {
 public:
  explicit FixedToken(std::string token) : token_(std::move(token)) {}
  std::string token() override { return token_; }
  void refused(std::string_view) override {}

 private:
  std::string token_;
};

class TokenFile final : public TokenSource {
 public:
  TokenFile(std::string path, const Clock& clock) : path_(std::move(path)), clock_(clock) {}

  std::string token() override {
    const std::scoped_lock lock(mutex_);
    const auto now = clock_.monotonic();
    if (!token_.empty() && !refused_ && now - read_at_ < token_fresh_for) return token_;
    auto token = read_token(path_);
    // Torn, empty or away for a moment while it is replaced: the old one is valid for a while yet.
    if (!token) return token_;
    token_ = *std::move(token);
    read_at_ = now;
    refused_ = false;
    return token_;
  }

  void refused(std::string_view token) override {
    const std::scoped_lock lock(mutex_);
    if (token == token_) refused_ = true;
  }

 private:
  const std::string path_;
  const Clock& clock_;
  std::mutex mutex_;
  std::string token_;
  Millis read_at_{0};
  bool refused_ = false;
};

}  // namespace

Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0)
    return fail(ErrorKind::NotFound, fmt::format("'{}' does not exist or cannot be reached",
                                                 escaped(capped(path, 300))));
  const auto refused = [&path](std::string_view why) {
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' {}", escaped(capped(path, 300)), why));
  };
  if (!S_ISREG(info.st_mode)) return refused("is not a regular file");
  std::ifstream file(path, std::ios::binary);
  if (!file) return refused("cannot be read");
  std::string text(bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (text.size() > bytes_max) return refused(fmt::format("is larger than {} bytes", bytes_max));
  return text;
}

Result<ClusterAccess> in_cluster(const InClusterPlaces& places) {
  if (places.host.empty() || places.port.empty())
    return fail(ErrorKind::InvalidInput,
                "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not "
                "set; outside of one, give a kubeconfig");
  ClusterAccess access;
  // The transport takes no IPv6 literal; the name of the service leads to the same address.
  const bool ipv6 = places.host.find(':') != std::string::npos;
  access.origin = fmt::format("https://{}:{}", ipv6 ? "kubernetes.default.svc" : places.host,
                              places.port);
  access.ca_file = places.directory + "/ca.crt";
  access.token_file = places.directory + "/token";
  for (const auto& text : {read_small_file(access.ca_file, 1u << 20),
                           read_token(access.token_file)}) {
    if (!text)
      return fail(ErrorKind::InvalidInput,
                  fmt::format("{}: does the pod have a service account token mounted?",
                              text.error().message));
  }
  if (const auto ns = read_small_file(places.directory + "/namespace", namespace_bytes_max))
    access.ns = trimmed(*ns);
  return access;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

Result<std::string> read_token(const std::string& path) {
  auto text = read_small_file(path, token_bytes_max);
  if (!text) return fail(text.error());
  auto token = trimmed(*std::move(text));
  if (is_token(token)) return token;
  return fail(ErrorKind::InvalidInput,
              fmt::format("'{}' {}", escaped(capped(path, 300)),
                          token.empty() ? "is empty: it must hold a token"
                                        : "must hold one token and nothing else"));
}

std::unique_ptr<TokenSource> token_source(const ClusterAccess& access, const Clock& clock) {
  if (!access.token_file.empty()) return std::make_unique<TokenFile>(access.token_file, clock);
  if (!access.token.empty()) return std::make_unique<FixedToken>(access.token);
  return no_token();
}

}  // namespace poolscaler::kube
