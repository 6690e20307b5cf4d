// The syntax tree of an expression.
#pragma once

#include <string_view>
#include <vector>

#include "expression.hpp"

namespace poolscaler::query {

struct ExpressionNode {
  enum class Kind { Sequence, Alternatives, Repetition, Character, Start, End };
  Kind kind = Kind::Sequence;
  std::vector<ExpressionNode> children{};  // one of a repetition
  CharacterSet set{};
  int least = 0;
  int most = 0;  // -1: no end
};

/// Errors: InvalidInput with the position and what is wrong.
[[nodiscard]] Result<ExpressionNode> parse_expression(std::string_view text);

/// The code points of a text; what is no UTF-8 stands for itself, byte by byte.
[[nodiscard]] std::vector<char32_t> code_points(std::string_view text);

}  // namespace poolscaler::query
