// Stage 2: the wishes, or the formula over them, become one number. Missing data may not lower it.

#include <algorithm>
#include <array>

#include "arithmetic.hpp"
#include "deliberation.hpp"
#include "formula.hpp"
#include "numbers.hpp"
#include "poolscaler/base/check.hpp"
#include "supply.hpp"

namespace poolscaler::engine {
namespace {

const Wish* decisive_wish(const Deliberation& d) {
  const Wish* decisive = nullptr;
  for (const auto& wish : d.wishes) {
    if (wish.standing != Standing::Counts && wish.standing != Standing::Fallback) continue;
    const bool further = decisive == nullptr || (d.policy.combine == Combine::Max
                                                     ? wish.replicas > decisive->replicas
                                                     : wish.replicas < decisive->replicas);
    // Of equal wishes a measured one speaks, so that their order makes no difference.
    const bool better_known = decisive != nullptr && wish.replicas == decisive->replicas &&
                              wish.standing == Standing::Counts &&
                              decisive->standing == Standing::Fallback;
    if (further || better_known) decisive = &wish;
  }
  return decisive;
}

/// A fallback AtLeast is a floor, also where the least of the wishes decides.
const Wish* raised_by_fallback(const Deliberation& d, const Wish* decisive) {
  if (!d.policy.fallback || d.policy.fallback->behavior != FallbackBehavior::AtLeast)
    return decisive;
  for (const auto& wish : d.wishes)
    if (wish.standing == Standing::Fallback && wish.replicas > decisive->replicas)
      decisive = &wish;
  return decisive;
}

/// The same where a formula decides, which may not speak of the signal at all.
std::int32_t raised_by_fallback(const Deliberation& d, std::int32_t number) {
  if (!d.policy.fallback || d.policy.fallback->behavior != FallbackBehavior::AtLeast)
    return number;
  for (const auto& wish : d.wishes)
    if (wish.standing == Standing::Fallback) number = std::max(number, wish.replicas);
  return number;
}

/// Why the target stays as it is when the signals ask for just that.
Reason hold_reason(const Deliberation& d, Reason signals_hold) {
  if (d.current == 0) return Reason::ScaledToZero;
  const bool settled =
      signals_hold == Reason::AtTarget || signals_hold == Reason::WithinTolerance;
  const bool short_of_ready = d.observation.target.pods.ready < d.current;
  return settled && short_of_ready ? Reason::WaitingForCapacity : signals_hold;
}

/// Without signals nothing is asked for: the bounds alone, and so the windows, decide.
void ask_for_the_least(Deliberation& d) {
  d.hold = Reason::OutsideWindow;
  d.cause = Reason::OutsideWindow;
  d.asked = d.policy.min_replicas;
  d.propose("schedule", d.asked, Reason::OutsideWindow,
            (Numbers(d.telling) << "no signal asks for more than minReplicas " << d.asked).text());
}

void choose_wish(Deliberation& d) {
  const auto* decisive = decisive_wish(d);
  if (decisive == nullptr) return;
  decisive = raised_by_fallback(d, decisive);
  // Active means at least one, also when another signal of Min asks for none.
  d.number = d.asked = std::max(decisive->replicas, d.decision.active ? 1 : 0);
  d.hold = hold_reason(d, decisive->hold);
  if (decisive->standing == Standing::Fallback) d.cause = Reason::FallbackActive;
  if (d.wishes.size() > 1)
    d.decision.explanation.steps.push_back(
        {.stage = "combine",
         .before = d.current,
         .after = d.number,
         .reason = d.towards(d.number, d.hold),
         .numbers = (Numbers(d.telling) << (d.policy.combine == Combine::Max ? "most" : "least")
                               << " of the signals = " << d.number)
                        .text()});
}

/// What the formula reads of one signal.
OperandValue operand_value(const FormulaOperand& operand, const Wish& wish,
                           const SignalWish& told) {
  const bool asks = wish.standing == Standing::Counts || wish.standing == Standing::Fallback;
  if (wish.standing == Standing::Mute) return {.state = SignalState::Zero, .value = 0};
  if (operand.replicas && asks)
    return {.state = SignalState::Value, .value = static_cast<double>(wish.replicas)};
  if (is_usable(told.state)) return {.state = told.state, .value = told.value};
  // onMissing: Zero
  if (wish.standing == Standing::Counts) return {.state = SignalState::Zero, .value = 0};
  return {.state = told.state, .value = 0};
}

FormulaValue reckoned(const Deliberation& d) {
  const auto& rule = *d.policy.formula;
  std::array<OperandValue, formula_operands_max> values;
  const auto& operands = rule.formula.operands();
  CHECK(operands.size() <= values.size() && operands.size() == rule.signal_of_operand.size(),
        "every operand is bound to a signal");
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const auto signal = rule.signal_of_operand[i];
    values[i] = operand_value(operands[i], d.wishes[signal], d.decision.signals[signal]);
  }
  return evaluate(rule.formula, std::span(values).first(operands.size()));
}

/// What the value of the formula asks for.
Proposal formula_proposal(const Deliberation& d, double value) {
  const auto& rule = *d.policy.formula;
  const Tolerance tolerance{.up = d.policy.behavior.scale_up.tolerance,
                            .down = d.policy.behavior.scale_down.tolerance};
  const double demand = std::max(value, 0.0);
  if (rule.target_type == TargetType::PerReplica)
    return average_value_target(demand, rule.target, d.current, tolerance);
  if (rule.target_type == TargetType::Total)
    return guard_supply(value_target(demand, rule.target, size_of(d), tolerance), demand,
                        size_of(d));
  return average_value_target(demand, 1, d.current, {.up = 0, .down = 0});
}

void write_target(Numbers& text, const CombiningFormula& rule) {
  if (rule.target_type == TargetType::PerReplica) text << " / " << rule.target << " per replica";
  if (rule.target_type == TargetType::Total) text << " of " << rule.target << " in total";
}

void take_formula(Deliberation& d, const FormulaValue& result) {
  auto proposal = formula_proposal(d, result.value);
  if (d.decision.active) proposal.replicas = std::max(proposal.replicas, 1);
  if (d.current <= 0 && !d.decision.active) proposal.replicas = 0;
  d.number = d.asked = raised_by_fallback(d, proposal.replicas);
  const bool raised = d.number > proposal.replicas;
  if (raised) d.cause = Reason::FallbackActive;
  d.needed_by_formula = proposal.untolerated.value_or(proposal.replicas);
  d.hold = raised ? Reason::FallbackActive
                  : hold_reason(d, proposal.tolerated ? Reason::WithinTolerance : Reason::AtTarget);
  Numbers text(d.telling);
  text << "the formula gives " << result.value;
  write_target(text, *d.policy.formula);
  if (proposal.tolerated) text << ", ratio " << proposal.ratio << " is tolerated";
  if (raised) text << ", and the fallback asks for more";
  text << " = " << d.number;
  d.decision.explanation.steps.push_back({.stage = "formula",
                                          .before = d.current,
                                          .after = d.number,
                                          .reason = d.cause.value_or(d.towards(d.number, d.hold)),
                                          .numbers = text.text()});
}

/// Without a result there is nothing to go by but the fallback: that of a signal whose time has
/// come, or that of the formula itself.
void miss_formula(Deliberation& d, const FormulaValue& result, std::optional<Instant>& since) {
  if (!since) since = d.now;
  const auto unusable_for = d.now - *since;
  std::optional<std::int32_t> fallback;
  for (const auto& wish : d.wishes)
    if (wish.standing == Standing::Fallback)
      fallback = std::max(fallback.value_or(0), wish.replicas);
  if (!fallback && d.policy.fallback &&
      unusable_for >= Seconds(d.policy.fallback->after_seconds))
    fallback = fallback_replicas(*d.policy.fallback, d.current);
  Numbers text(d.telling);
  text << "the formula has had no result for " << unusable_for << ": at character "
       << static_cast<std::int32_t>(result.position) << " it " << result.problem;
  d.hold = missing_reason(result.state);
  if (fallback) {
    text << ", fallback = " << *fallback;
    d.number = d.asked = *fallback;
    d.cause = d.hold = Reason::FallbackActive;
    d.decision.fallback_active = true;
  }
  d.decision.explanation.steps.push_back({.stage = "formula",
                                          .before = d.current,
                                          .after = d.number,
                                          .reason = d.hold,
                                          .numbers = text.text()});
}

void reckon_formula(Deliberation& d) {
  auto& since = d.memory.unusable_since.back();
  const auto result = reckoned(d);
  if (is_usable(result.state)) {
    since.reset();
    take_formula(d, result);
  } else {
    miss_formula(d, result, since);
  }
  d.decision.formula = SignalWish{.state = result.state,
                                  .value = result.value,
                                  .replicas = d.number,
                                  .active = d.decision.active,
                                  .fallback = d.cause == Reason::FallbackActive,
                                  .detail = std::string(result.problem)};
}

/// A signal without data may not lower the number: its wish, were it known, might be any.
void block_on_missing_data(Deliberation& d) {
  const auto blocker = std::ranges::find(d.wishes, Standing::Blocks, &Wish::standing);
  if (blocker == d.wishes.end()) return;
  if (d.number < d.current)
    d.limit_to("missing data", d.current, blocker->hold,
               (Numbers(d.telling) << "missing data never lowers: stays at " << d.current).text());
  d.hold = blocker->hold;
  d.cause = d.number == d.current ? std::nullopt : d.cause;
}

}  // namespace

void combine_wishes(Deliberation& d) {
  if (d.policy.signals.empty()) return ask_for_the_least(d);
  d.hold = hold_reason(d, Reason::AtTarget);
  if (d.policy.formula)
    reckon_formula(d);
  else
    choose_wish(d);
  block_on_missing_data(d);
}

}  // namespace poolscaler::engine
