// Lines from a stream that arrives in pieces of any size; a line longer than the limit is an error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace poolscaler::kube {

enum class Fed { MoreWanted, Stopped, TooLong };

class LineSplitter {
 public:
  explicit LineSplitter(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  /// Calls `use(line)` for each line that is complete now (without its end; empty ones are left
  /// out) until it returns false.
  template <class Use>
  Fed feed(std::string_view piece, Use&& use) {
    while (!piece.empty()) {
      const auto end = piece.find('\n');
      const auto part = piece.substr(0, end);
      if (part.size() > line_bytes_max_ - rest_.size()) return Fed::TooLong;
      if (end == std::string_view::npos) {
        rest_ += part;
        return Fed::MoreWanted;
      }
      piece.remove_prefix(end + 1);
      if (!take(part, use)) return Fed::Stopped;
    }
    return Fed::MoreWanted;
  }
  /// Something of an unfinished line has arrived.
  [[nodiscard]] bool has_rest() const { return !rest_.empty(); }

 private:
  template <class Use>
  bool take(std::string_view part, Use& use) {
    if (rest_.empty()) return part.empty() || use(part);
    rest_ += part;
    const bool more = use(std::string_view(rest_));
    rest_.clear();
    return more;
  }

  std::size_t line_bytes_max_;
  std::string rest_;
};

}  // namespace poolscaler::kube
