#include "steps.hpp"

#include <algorithm>
#include <cstdlib>

#include "arithmetic.hpp"
#include "numbers.hpp"
#include "supply.hpp"

namespace poolscaler::engine {
namespace {

/// How many replicas a step of `amount` adds to `base`, or removes from it when negative.
std::int64_t change_of(const Signal& signal, std::int32_t amount, std::int32_t base) {
  if (signal.step_kind == StepKind::Change || amount == 0) return amount;
  const auto share = std::int64_t{base} * amount / 100;
  return amount > 0 ? std::max<std::int64_t>(share, 1) : std::min<std::int64_t>(share, -1);
}

std::int32_t working(const Deliberation& d) {
  const auto& pods = d.observation.target.pods;
  const auto starting = is_starting(d) ? std::max(pods.starting, 0) : 0;
  return std::max(d.current - starting - std::max(pods.unschedulable, 0), 0);
}

}  // namespace

const ScalingStep* step_for(const Signal& signal, double value) {
  const ScalingStep* found = nullptr;
  for (const auto& step : signal.steps)
    if (!step.above || value > *step.above) found = &step;
  return found;
}

std::int32_t stepped(const Signal& signal, const ScalingStep* step, const Deliberation& d) {
  if (signal.step_kind == StepKind::Replicas) return step == nullptr ? 0 : step->amount;
  if (step == nullptr || step->amount == 0) return d.current;
  if (step->amount > 0) {
    const auto base = working(d);
    const auto wanted = base + change_of(signal, step->amount, base);
    return std::max(saturated(static_cast<double>(wanted)), d.current);
  }
  return saturated(static_cast<double>(d.current + change_of(signal, step->amount, d.current)));
}

std::string text_of(const Signal& signal, const ScalingStep* step) {
  if (step == nullptr) return "below every step";
  Numbers text;
  if (step->above) text << "above " << *step->above << ", ";
  if (signal.step_kind == StepKind::Replicas) {
    text << "asks for " << step->amount;
  } else if (step->amount == 0) {
    text << "changes nothing";
  } else {
    text << (step->amount > 0 ? "adds " : "removes ") << std::abs(step->amount)
         << (signal.step_kind == StepKind::ChangePercent ? " %" : "");
  }
  return text.text();
}

}  // namespace poolscaler::engine
