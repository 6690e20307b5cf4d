// Writes the numbers of a step, "48 / 10 per replica = 5". Cheap for what is common, since every
// decision explains itself: whole numbers take the short way, and one allocation holds the text.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "poolscaler/base/time.hpp"

namespace poolscaler::engine {

/// WithoutWords: nobody will read them, so nothing is written.
enum class Telling { InFull, WithoutWords };

class Numbers {
 public:
  explicit Numbers(Telling telling = Telling::InFull) : told_(telling == Telling::InFull) {}

  Numbers& operator<<(std::string_view text) {
    if (told_) buffer_.append(text.data(), text.data() + text.size());
    return *this;
  }
  Numbers& operator<<(std::int32_t count) {
    if (!told_) return *this;
    const fmt::format_int digits(count);
    return *this << std::string_view(digits.data(), digits.size());
  }
  /// At most 6 significant digits; whole numbers in full.
  Numbers& operator<<(double value) {
    if (!told_) return *this;
    if (value == std::trunc(value) && std::abs(value) < 1e15) {
      const fmt::format_int digits(static_cast<std::int64_t>(value));
      return *this << std::string_view(digits.data(), digits.size());
    }
    fmt::format_to(std::back_inserter(buffer_), "{:.6g}", value);
    return *this;
  }
  /// In whole seconds, "300 s".
  Numbers& operator<<(Millis duration) {
    if (!told_) return *this;
    const fmt::format_int digits(duration.count() / 1000);
    return *this << std::string_view(digits.data(), digits.size()) << " s";
  }
  [[nodiscard]] bool empty() const { return buffer_.size() == 0; }
  [[nodiscard]] std::string text() const { return {buffer_.data(), buffer_.size()}; }

 private:
  bool told_;
  fmt::basic_memory_buffer<char, 160> buffer_;
};

}  // namespace poolscaler::engine
