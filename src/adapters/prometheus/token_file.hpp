// A bearer token in a file that somebody else rotates.
#pragma once

#include <cstdint>
#include <string>

#include "poolscaler/base/result.hpp"

namespace poolscaler::adapters {

/// Read again when the file changes; while it cannot be read, or holds no token, the last good one
/// stays in use. Regular files of at most 64 KiB. Not thread-safe.
class TokenFile {
 public:
  explicit TokenFile(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] bool is_configured() const { return !path_.empty(); }
  /// Errors: Unavailable (never read with success); the message names the file, never its content.
  [[nodiscard]] Result<std::string> token();

 private:
  /// What tells one version of the file from the next.
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = -1;
    std::int64_t modified_ns = 0;
    bool operator==(const Stamp&) const = default;
  };

  Result<std::string> read(Stamp& stamp) const;

  std::string path_;
  Stamp stamp_{};
  std::string token_{};
};

}  // namespace poolscaler::adapters
