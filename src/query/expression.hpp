// Regular expressions of RE2's syntax, matched as a whole in time linear in the text: literals,
// dot, classes, groups, alternatives, repetitions and the ends of the text. Names, flags, Unicode
// classes and word boundaries are refused rather than read in another way.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "poolscaler/base/result.hpp"

namespace poolscaler::query {

/// Characters (code points), as ranges with both ends in.
struct CharacterSet {
  std::vector<std::pair<char32_t, char32_t>> ranges{};
  [[nodiscard]] bool contains(char32_t c) const;
};

class Expression {
 public:
  /// Errors: InvalidInput (broken, larger than the bounds, or outside of what is known here).
  [[nodiscard]] static Result<Expression> compile(std::string_view text);
  /// The whole of `text`, not a part of it.
  [[nodiscard]] bool matches(std::string_view text) const;

  struct Instruction {
    enum class Kind { Character, Fork, Start, End, Accept } kind = Kind::Accept;
    std::uint32_t next = 0;
    std::uint32_t other = 0;  // of a fork
    CharacterSet set{};
  };

 private:
  explicit Expression(std::vector<Instruction> program) : program_(std::move(program)) {}

  /// Starts at instruction 0.
  std::vector<Instruction> program_;
};

}  // namespace poolscaler::query
