#include "formula.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "poolscaler/base/check.hpp"

namespace poolscaler::engine {
namespace {

struct Failure {
  SignalState state;
  std::string_view problem;
};

class Machine {
 public:
  explicit Machine(std::span<const OperandValue> operands) : operands_(operands) {}

  FormulaValue run(std::span<const FormulaInstruction> code) {
    for (std::size_t next = 0; next < code.size();) {
      const auto& instruction = code[next++];
      const auto failure = step(instruction, next);
      if (!failure) continue;
      if (tries_ == 0)
        return {.state = failure->state,
                .position = instruction.position,
                .problem = failure->problem};
      --tries_;
      size_ = open_[tries_].size;
      next = open_[tries_].target;
    }
    const auto value = pop();
    return {.state = value == 0 ? SignalState::Zero : SignalState::Value, .value = value};
  }

 private:
  struct OpenTry {
    std::size_t target;
    std::size_t size;
  };

  void push(double value) {
    CHECK(size_ < stack_.size(), "the parser bounds the stack");
    stack_[size_++] = value;
  }
  double pop() {
    CHECK(size_ > 0, "the parser balances the stack");
    return stack_[--size_];
  }

  std::optional<Failure> step(const FormulaInstruction& instruction, std::size_t& next) {
    switch (instruction.op) {
      case FormulaOp::Number: push(instruction.number); return std::nullopt;
      case FormulaOp::Operand: return read(instruction.index);
      case FormulaOp::Jump: next = instruction.index; return std::nullopt;
      case FormulaOp::JumpIfFalse:
        if (pop() == 0) next = instruction.index;
        return std::nullopt;
      case FormulaOp::Try:
        CHECK(tries_ < open_.size(), "the parser bounds the depth");
        open_[tries_++] = {.target = instruction.index, .size = size_};
        return std::nullopt;
      case FormulaOp::EndTry:
        --tries_;
        next = instruction.index;
        return std::nullopt;
      case FormulaOp::Negate: push(-pop()); return std::nullopt;
      case FormulaOp::Not: push(pop() == 0 ? 1 : 0); return std::nullopt;
      case FormulaOp::ToTruth: push(pop() == 0 ? 0 : 1); return std::nullopt;
      case FormulaOp::Abs: push(std::abs(pop())); return std::nullopt;
      case FormulaOp::Ceil: push(std::ceil(pop())); return std::nullopt;
      case FormulaOp::Floor: push(std::floor(pop())); return std::nullopt;
      case FormulaOp::Clamp: return clamp();
      case FormulaOp::Add:
      case FormulaOp::Subtract:
      case FormulaOp::Multiply:
      case FormulaOp::Divide:
      case FormulaOp::Less:
      case FormulaOp::LessEqual:
      case FormulaOp::Greater:
      case FormulaOp::GreaterEqual:
      case FormulaOp::Equal:
      case FormulaOp::NotEqual:
      case FormulaOp::Min:
      case FormulaOp::Max: return join(instruction.op);
    }
    return std::nullopt;
  }

  std::optional<Failure> read(std::size_t index) {
    CHECK(index < operands_.size(), "one value for each operand");
    const auto& operand = operands_[index];
    if (!is_usable(operand.state)) return Failure{operand.state, "reads what has no value"};
    push(operand.value);
    return std::nullopt;
  }

  std::optional<Failure> clamp() {
    const auto highest = pop();
    const auto lowest = pop();
    const auto value = pop();
    if (lowest > highest)
      return Failure{SignalState::NotANumber, "clamps to a lowest above its highest"};
    push(std::clamp(value, lowest, highest));
    return std::nullopt;
  }

  std::optional<Failure> join(FormulaOp op) {
    const auto right = pop();
    const auto left = pop();
    if (op == FormulaOp::Divide && right == 0)
      return Failure{SignalState::NotANumber, "divides by zero"};
    const auto result = joined(op, left, right);
    if (!std::isfinite(result))
      return Failure{SignalState::NotANumber, "is larger than any number"};
    push(result);
    return std::nullopt;
  }

  static double joined(FormulaOp op, double left, double right) {
    switch (op) {
      case FormulaOp::Add: return left + right;
      case FormulaOp::Subtract: return left - right;
      case FormulaOp::Multiply: return left * right;
      case FormulaOp::Divide: return left / right;
      case FormulaOp::Less: return left < right ? 1 : 0;
      case FormulaOp::LessEqual: return left <= right ? 1 : 0;
      case FormulaOp::Greater: return left > right ? 1 : 0;
      case FormulaOp::GreaterEqual: return left >= right ? 1 : 0;
      case FormulaOp::Equal: return left == right ? 1 : 0;
      case FormulaOp::NotEqual: return left != right ? 1 : 0;
      case FormulaOp::Min: return std::min(left, right);
      case FormulaOp::Max: return std::max(left, right);
      case FormulaOp::Number:
      case FormulaOp::Operand:
      case FormulaOp::Negate:
      case FormulaOp::Not:
      case FormulaOp::ToTruth:
      case FormulaOp::Clamp:
      case FormulaOp::Abs:
      case FormulaOp::Ceil:
      case FormulaOp::Floor:
      case FormulaOp::Jump:
      case FormulaOp::JumpIfFalse:
      case FormulaOp::Try:
      case FormulaOp::EndTry: break;
    }
    return 0;
  }

  std::span<const OperandValue> operands_;
  std::array<double, formula_stack_max> stack_{};
  std::array<OpenTry, formula_depth_max> open_{};
  std::size_t size_ = 0;
  std::size_t tries_ = 0;
};

}  // namespace

FormulaValue evaluate(const Formula& formula, std::span<const OperandValue> operands) {
  return Machine(operands).run(formula.code());
}

}  // namespace poolscaler::engine
