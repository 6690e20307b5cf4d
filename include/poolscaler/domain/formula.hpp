// Formula: an expression over a policy's signals, parsed once and evaluated without allocation.
//
// Numbers, + - * /, comparisons (1 or 0), && || !, c ? a : b, a ?? b ("b where a has no value"),
// min, max, clamp, abs, ceil, floor. `queue` is the value of signal "queue", `queue.replicas` the
// number that it asks for; a '-' of a signal's name is written '_', since '-' subtracts.
// Bounded in length, depth and operands; what it costs is bounded with them, since nothing loops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/result.hpp"

namespace poolscaler {

inline constexpr std::size_t formula_characters_max = 1024;
/// Of parentheses, operators and functions within one another.
inline constexpr std::size_t formula_depth_max = 32;
inline constexpr std::size_t formula_operands_max = 32;
inline constexpr std::size_t formula_stack_max = 64;

enum class FormulaOp : std::uint8_t {
  Number,   // push `number`
  Operand,  // push operand `index`; without a value: fail with its state
  Negate,
  Not,
  ToTruth,  // 1 or 0
  Add,
  Subtract,
  Multiply,
  Divide,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  Equal,
  NotEqual,
  Min,
  Max,
  Clamp,  // of value, lowest, highest
  Abs,
  Ceil,
  Floor,
  Jump,         // to `index`
  JumpIfFalse,  // pop; to `index` when 0
  Try,          // until EndTry, a failure jumps to `index` instead of ending the formula
  EndTry,       // jump to `index`
};

struct FormulaInstruction {
  FormulaOp op;
  std::uint16_t position = 0;  // of the character that it stems from, counted from 1
  std::uint32_t index = 0;
  double number = 0;
};

/// What a formula reads of a signal.
struct FormulaOperand {
  std::string signal;     // the signal's name, with '-'
  bool replicas = false;  // the number that it asks for, instead of its value
  std::uint16_t position = 0;
  bool operator==(const FormulaOperand& other) const {
    return signal == other.signal && replicas == other.replicas;
  }
};

class Formula {
 public:
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::vector<FormulaOperand>& operands() const { return operands_; }
  /// Needs a stack of at most formula_stack_max numbers, and formula_depth_max open Try.
  [[nodiscard]] const std::vector<FormulaInstruction>& code() const { return code_; }

 private:
  friend class FormulaParser;
  std::string text_;
  std::vector<FormulaOperand> operands_;
  std::vector<FormulaInstruction> code_;
};

/// Errors are InvalidInput, of the form "character 7: unknown function 'mx'; known are ...".
[[nodiscard]] Result<Formula> parse_formula(std::string_view text);

}  // namespace poolscaler
