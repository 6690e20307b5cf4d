// Evaluates a formula. A failure is a state, as of a signal's reading, and never a number: an
// operand without a value fails with its own state, arithmetic that has no result with NotANumber.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "poolscaler/domain/formula.hpp"
#include "poolscaler/domain/observation.hpp"

namespace poolscaler::engine {

struct OperandValue {
  SignalState state;
  double value;  // finite where the state is usable
};

struct FormulaValue {
  SignalState state;         // Value or Zero: it has one
  double value = 0;          // finite
  std::size_t position = 0;  // of the character where it failed
  std::string_view problem{};
};

/// `operands` in the order of formula.operands(). Allocates nothing.
[[nodiscard]] FormulaValue evaluate(const Formula& formula, std::span<const OperandValue> operands);

}  // namespace poolscaler::engine
