#include "probes.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace poolscaler::explain {
namespace {

constexpr std::size_t numbers_max = 40;

/// What is known of a number on the formula's stack: that it is one, or that it rises.
struct Known {
  std::optional<double> number{};
  bool rises = true;  // or stays
};

Known scaled(const Known& one, double by) {
  if (one.number) return {.number = *one.number * by};
  return {.rises = one.rises && by >= 0};
}

Known joined(FormulaOp op, const Known& left, const Known& right) {
  using enum FormulaOp;
  const bool both = left.rises && right.rises;
  if (op == Add || op == Min || op == Max) return {.rises = both};
  if (op == Subtract) return {.rises = both && right.number};
  if (op == Multiply && right.number) return scaled(left, *right.number);
  if (op == Multiply && left.number) return scaled(right, *left.number);
  if (op == Divide && right.number && *right.number != 0) return scaled(left, 1 / *right.number);
  return {.rises = false};
}

/// The stack of a formula that is run on what is known of its numbers.
class KnownStack {
 public:
  /// False: nothing is known of what the instruction does.
  bool step(const FormulaInstruction& instruction) {
    using enum FormulaOp;
    const auto op = instruction.op;
    if (op == Number) return push({.number = instruction.number});
    if (op == Operand) return push({});
    if (op == Ceil || op == Floor) return push({.rises = pop().rises});
    if (op == Negate) return push(scaled(pop(), -1));
    if (op == Clamp) {  // which has no result where its bounds cross
      const auto highest = pop();
      const auto lowest = pop();
      return push({.rises = pop().rises && lowest.number && highest.number});
    }
    const bool joins = op == Add || op == Subtract || op == Multiply || op == Divide ||
                       op == Min || op == Max;
    if (!joins) return false;  // jumps, comparisons and what falls
    const auto right = pop();
    const auto left = pop();
    return push(joined(op, left, right));
  }
  Known pop() {
    if (stack_.empty()) return {.rises = false};
    const auto top = stack_.back();
    stack_.pop_back();
    return top;
  }

 private:
  bool push(Known known) {
    stack_.push_back(known);
    return true;
  }
  std::vector<Known> stack_{};
};

void add_around(std::vector<double>& values, double value) {
  const double step = std::max(std::abs(value) * 1e-6, 1e-6);
  for (const double near : {value - 1, value - step, value, value + step, value + 1})
    values.push_back(near);
}

}  // namespace

bool rises_with_all(const Formula& formula) {
  KnownStack stack;
  for (const auto& instruction : formula.code())
    if (!stack.step(instruction)) return false;
  return stack.pop().rises;
}

std::vector<double> probes(const Situation& situation, std::size_t signal) {
  std::vector<double> values{value_max};
  for (double decade = 1e-3; decade < 1e9; decade *= 10)
    for (const double digit : {1.0, 2.0, 3.0, 5.0, 7.0}) values.push_back(digit * decade);
  std::vector<double> numbers{0};
  for (const auto& instruction : situation.policy.formula->formula.code())
    if (instruction.op == FormulaOp::Number && numbers.size() < numbers_max)
      numbers.push_back(instruction.number);
  const auto& readings = situation.observation.signals;
  for (std::size_t i = 0; i < readings.size() && numbers.size() < numbers_max; ++i) {
    if (!is_usable(readings[i].state)) continue;
    numbers.push_back(readings[i].value);
    if (i != signal) continue;
    for (const double times : {0.1, 0.25, 0.5, 0.75, 0.9, 1.1, 1.5, 2.0, 4.0, 10.0})
      numbers.push_back(readings[i].value * times);
  }
  for (const double number : numbers) {
    add_around(values, number);
    values.push_back(-number);
  }
  const auto& own = readings[signal];
  const double least = is_usable(own.state) ? std::min(own.value, 0.0) : 0;
  std::erase_if(values, [&](double value) {
    return !std::isfinite(value) || value < least || value > value_max;
  });
  std::ranges::sort(values);
  const auto rest = std::ranges::unique(values);
  values.erase(rest.begin(), rest.end());
  return values;
}

}  // namespace poolscaler::explain
