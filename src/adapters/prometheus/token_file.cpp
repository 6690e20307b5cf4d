#include "token_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace poolscaler::adapters {
namespace {

constexpr std::int64_t token_bytes_max = 64 << 10;

/// Closes the descriptor at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// Anything else could end the header and start another.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

Result<std::string> TokenFile::read(Stamp& stamp) const {
  const auto refused = [&](std::string_view why) {
    return fail(ErrorKind::Unavailable, fmt::format("bearer token file '{}': {}", path_, why));
  };
  const auto last_error = [] { return std::system_category().message(errno); };
  // Without O_NONBLOCK a pipe would hold us here.
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return refused(last_error());
  struct stat facts {};
  if (::fstat(file.number(), &facts) != 0) return refused(last_error());
  if (!S_ISREG(facts.st_mode)) return refused("not a regular file");
  if (facts.st_size > token_bytes_max)
    return refused(fmt::format("it has {} bytes, at most {} are read", facts.st_size,
                               token_bytes_max));
  const Stamp found{.device = facts.st_dev,
                    .inode = facts.st_ino,
                    .size = facts.st_size,
                    .modified_ns = facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec};
  if (found == stamp) return std::string();
  std::string text(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const auto got = ::read(file.number(), text.data() + have, text.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refused(last_error());
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  const std::string_view token = trimmed(text);
  if (!is_token(token)) return refused("it holds no token (one line of visible characters)");
  stamp = found;
  return std::string(token);
}

Result<std::string> TokenFile::token() {
  auto fresh = read(stamp_);
  if (fresh && !fresh->empty()) token_ = std::move(*fresh);
  if (token_.empty()) return fail(fresh.error());
  return token_;
}

}  // namespace poolscaler::adapters
