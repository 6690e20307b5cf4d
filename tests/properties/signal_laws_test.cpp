// Laws of what signals measure and ask for: pods, steps, formulas.

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "arbitrary.hpp"
#include "formula.hpp"
#include "pod_usage.hpp"

namespace poolscaler::laws {
namespace {

const Instant now{Seconds{1'800'000'000}};

PodSample arbitrary_pod() {
  PodSample pod{.known = *rc::gen::inRange(0, 12) != 0,
                .phase = *rc::gen::element(PodPhase::Running, PodPhase::Running, PodPhase::Running,
                                           PodPhase::Pending, PodPhase::Ended),
                .deleting = *rc::gen::inRange(0, 12) == 0};
  if (*rc::gen::inRange(0, 8) != 0) pod.ready = *rc::gen::inRange(0, 4) != 0;
  if (*rc::gen::inRange(0, 8) != 0) pod.started = now - Seconds(*rc::gen::inRange(0, 900));
  if (pod.ready) pod.ready_changed = now - Seconds(*rc::gen::inRange(0, 900));
  pod.request_milli = *rc::gen::inRange(1, 4000);
  if (*rc::gen::inRange(0, 4) != 0) {
    pod.usage_milli = *rc::gen::inRange(0, 8000);
    pod.measured = now - Seconds(*rc::gen::inRange(0, 120));
    pod.window = Seconds(*rc::gen::element(0, 15, 60));
  }
  return pod;
}

std::vector<PodSample> arbitrary_pods() {
  std::vector<PodSample> pods;
  const auto count = *rc::gen::inRange(1, 12);
  for (int i = 0; i < count; ++i) pods.push_back(arbitrary_pod());
  return pods;
}

engine::PodProposal utilization(const std::vector<PodSample>& pods, std::int32_t current) {
  return engine::resource_utilization({.pods = pods, .resource = Resource::Cpu, .now = now}, 50,
                                      current, {});
}

RC_GTEST_PROP(PodUsage, DoesNotDependOnTheOrderOfPods, ()) {
  auto pods = arbitrary_pods();
  const auto current = *rc::gen::inRange(1, 15);
  const auto straight = utilization(pods, current);
  std::ranges::reverse(pods);
  const auto reversed = utilization(pods, current);
  RC_ASSERT(straight.gap == reversed.gap);
  RC_ASSERT(straight.proposal.replicas == reversed.proposal.replicas);
  RC_ASSERT(straight.utilization_percent == reversed.utilization_percent);
}

RC_GTEST_PROP(PodUsage, IsNeverLoweredByAPodThatIsNotMeasured, ()) {
  std::vector<PodSample> pods(*rc::gen::inRange(std::size_t{2}, std::size_t{12}), arbitrary_pod());
  for (auto& pod : pods)
    pod = {.ready = true,
           .ready_changed = now - Seconds(3600),
           .started = now - Seconds(3600),
           .request_milli = 1000,
           .usage_milli = *rc::gen::inRange(0, 1000),
           .measured = now};
  const auto current = static_cast<std::int32_t>(pods.size());
  // Whatever the last pod really uses up to its request: not to know it shrinks no further.
  const auto known = utilization(pods, current);
  RC_PRE(known.utilization_percent < 45);
  pods.back().usage_milli.reset();
  const auto unknown = utilization(pods, current);
  RC_PRE(unknown.gap == engine::PodUsageGap::None);
  RC_ASSERT(unknown.proposal.replicas >= known.proposal.replicas || unknown.proposal.ratio >= 1);
}

/// Nonsense made of what formulas are made of.
std::string arbitrary_formula() {
  static const std::vector<std::string> words = {
      "1",  "0",  "2.5", "1e3", "a",  "b",  "a.replicas", "+",  "-",  "*",   "/",  "(", ")",
      "<",  ">=", "==",  "&&",  "||", "!",  "?",          ":",  "??", "min", "max", "clamp", ",",
      "%", " ",  ".",   "_x",  "abs("};
  std::string text;
  const auto length = *rc::gen::inRange(1, 24);
  for (int i = 0; i < length; ++i) text += *rc::gen::elementOf(words);
  return text;
}

RC_GTEST_PROP(Formulas, AreReadOrRefusedAndNeverGiveWhatIsNoNumber, ()) {
  const auto formula = parse_formula(arbitrary_formula());
  if (!formula) {
    RC_ASSERT(formula.error().kind == ErrorKind::InvalidInput);
    RC_ASSERT(!formula.error().message.empty());
    return;
  }
  std::vector<engine::OperandValue> operands;
  for (std::size_t i = 0; i < formula->operands().size(); ++i) {
    const auto reading = arbitrary_reading();
    const bool usable = is_usable(reading.state) && std::isfinite(reading.value);
    operands.push_back({.state = usable ? reading.state : SignalState::Absent,
                        .value = usable ? reading.value : 0});
  }
  const auto value = engine::evaluate(*formula, operands);
  if (is_usable(value.state)) RC_ASSERT(std::isfinite(value.value));
  RC_ASSERT((value.state == SignalState::Zero) ==
            (is_usable(value.state) && value.value == 0));
}

ScalingPolicy formula_policy() {
  auto policy = arbitrary_policy({.may_lower_blindly = false});
  const auto* text = *rc::gen::element("max(s0, s0.replicas)", "s0 / (s0 - 5)", "s0 ?? 3",
                                       "s0 > 10 ? s0.replicas : 2");
  policy.combine = Combine::Formula;
  policy.formula = CombiningFormula{
      .formula = parse_formula(text).value(), .signal_of_operand = {}};
  policy.formula->signal_of_operand.resize(policy.formula->formula.operands().size());
  policy.formula->target_type =
      *rc::gen::element(TargetType::None, TargetType::PerReplica, TargetType::Total);
  policy.formula->target = 7;
  return policy;
}

RC_GTEST_PROP(Formulas, StayWithinBoundsAndNeverLowerOnMissingData, ()) {
  const auto policy = formula_policy();
  auto world = arbitrary_past(policy, true);
  auto observation = arbitrary_observation(policy, world.replicas, world.now);
  const auto free = engine::decide(observation, policy, world.memory, world.now).decision;
  if (std::holds_alternative<ScaleTo>(free.action)) {
    RC_ASSERT(free.desired >= policy.min_replicas);
    RC_ASSERT(free.desired <= policy.max_replicas);
  }
  const auto missing = *rc::gen::inRange(std::size_t{0}, policy.signals.size());
  observation.signals[missing] = {.state = SignalState::Stale};
  const auto decision = world.decide(observation, policy);
  RC_LOG() << decision.explanation.line() << "\n";
  if (decision.reason != Reason::AboveMaximum) RC_ASSERT(decision.desired >= decision.current);
}

}  // namespace
}  // namespace poolscaler::laws
