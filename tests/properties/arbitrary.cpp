#include "arbitrary.hpp"

#include <algorithm>
#include <limits>

#include <rapidcheck.h>

namespace poolscaler::laws {
namespace {

const Instant long_ago{Seconds{1'700'000'000}};

double arbitrary_number() {
  return *rc::gen::weightedOneOf<double>(
      {{2, rc::gen::just(0.0)},
       {6, rc::gen::map(rc::gen::inRange(0, 3000), [](int n) { return n / 10.0; })},
       {1, rc::gen::map(rc::gen::inRange(1, 300), [](int n) { return n * 1e9; })},
       {1, rc::gen::map(rc::gen::inRange(1, 300), [](int n) { return -n * 0.5; })}});
}

/// In ascending order, never asking for less.
void take_steps(Signal& signal) {
  signal.target_type = TargetType::Steps;
  signal.step_kind =
      *rc::gen::element(StepKind::Replicas, StepKind::Change, StepKind::ChangePercent);
  auto bounds = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 300));
  auto amounts = *rc::gen::container<std::vector<int>>(
      bounds.size() + 1,
      signal.step_kind == StepKind::Replicas ? rc::gen::inRange(0, 30) : rc::gen::inRange(-50, 90));
  std::ranges::sort(bounds);
  bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
  std::ranges::sort(amounts);
  signal.steps = {{.above = {}, .amount = amounts[0]}};
  for (std::size_t i = 0; i < bounds.size(); ++i)
    signal.steps.push_back({.above = bounds[i], .amount = amounts[i + 1]});
}

/// A formula over some of the policy's signals.
CombiningFormula arbitrary_formula(const ScalingPolicy& policy, const Scope& scope) {
  std::vector<std::string> texts{"s0", "2 * s0 + 1", "s0.replicas", "ceil(s0 / 3)",
                                 "clamp(s0, 1, 20)"};
  if (policy.signals.size() > 1)
    for (const auto* text : {"s0 + s1", "max(s0, 2 * s1)", "min(s0.replicas, s1.replicas + 2)"})
      texts.emplace_back(text);
  if (!scope.rising_only)
    for (const auto* text : {"100 - s0", "10 / s0", "s0 > 5 ? 1 : 7", "abs(s0 - 20)"})
      texts.emplace_back(text);
  if (scope.may_lower_blindly) texts.emplace_back("s0 ?? 3");
  CombiningFormula rule{
      .formula = parse_formula(*rc::gen::elementOf(texts)).value(),
      .signal_of_operand = {},
      .target_type =
          *rc::gen::element(TargetType::None, TargetType::PerReplica, TargetType::Total),
      .target = *rc::gen::inRange(1, 200) / 10.0};
  for (const auto& operand : rule.formula.operands())
    rule.signal_of_operand.push_back(operand.signal == "s0" ? 0 : 1);
  return rule;
}

Signal arbitrary_signal(int index, const Scope& scope) {
  Signal signal{.name = "s" + std::to_string(index),
                .source = "prometheus",
                .query = MetricSelector{.metric = "m"},
                .target_type = TargetType::PerReplica,
                .target = *rc::gen::inRange(1, 200) / 10.0};
  if (!scope.per_replica_only)
    signal.target_type = *rc::gen::element(TargetType::PerReplica, TargetType::Total,
                                           TargetType::Utilization);
  if (!scope.per_replica_only && *rc::gen::inRange(0, 4) == 0) take_steps(signal);
  signal.activation_above = *rc::gen::element(0.0, 0.0, 5.0);
  if (*rc::gen::arbitrary<bool>()) signal.tolerance_down = *rc::gen::inRange(0, 40) / 100.0;
  signal.on_missing = scope.may_lower_blindly
                          ? *rc::gen::element(OnMissing::Hold, OnMissing::Fallback, OnMissing::Zero)
                          : *rc::gen::element(OnMissing::Hold, OnMissing::Fallback);
  return signal;
}

ScalingRules arbitrary_rules(const Scope& scope) {
  ScalingRules rules{.stabilization_window_seconds = *rc::gen::element(0, 30, 60, 300),
                     .policies = {},
                     .tolerance = *rc::gen::element(0.0, 0.1, 0.1, 0.3)};
  const auto count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i)
    rules.policies.push_back({*rc::gen::element(RatePolicyType::Pods, RatePolicyType::Percent),
                              *rc::gen::inRange(1, 200),
                              scope.may_pause ? *rc::gen::element(15, 60, 300) : 15});
  rules.select_policy = scope.may_pause ? *rc::gen::element(SelectPolicy::Max, SelectPolicy::Max,
                                                            SelectPolicy::Min,
                                                            SelectPolicy::Disabled)
                                        : SelectPolicy::Max;
  return rules;
}

}  // namespace

ScalingPolicy arbitrary_policy(const Scope& scope) {
  ScalingPolicy policy{
      .target = {.api_version = "apps/v1", .kind = "Deployment", .name = "web"},
      .interval_seconds = *rc::gen::element(5, 15, 15, 60),
      .min_replicas = *rc::gen::element(0, 0, 1, 3),
      .max_replicas = *rc::gen::element(3, 10, 100),
      .signals = {},
      .combine = *rc::gen::element(Combine::Max, Combine::Max, Combine::Min),
      .scale_to_zero = {.idle_after_seconds = *rc::gen::element(0, 60, 300),
                        .grace_seconds = *rc::gen::element(0, 0, 120),
                        .keep_alive = *rc::gen::element(KeepAlive::Fixed, KeepAlive::Learned),
                        .replica_seconds_per_miss = *rc::gen::element(0, 60, 300)},
      .behavior = {.scale_up = arbitrary_rules(scope), .scale_down = arbitrary_rules(scope)}};
  const auto count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) policy.signals.push_back(arbitrary_signal(i, scope));
  if (!scope.per_replica_only && *rc::gen::inRange(0, 4) == 0) {
    policy.combine = Combine::Formula;
    policy.formula = arbitrary_formula(policy, scope);
  }
  if (*rc::gen::arbitrary<bool>())
    policy.fallback =
        Fallback{.after_seconds = *rc::gen::element(0, 60),
                 .replicas = *rc::gen::inRange(0, 12),
                 .behavior = scope.may_lower_blindly
                                 ? *rc::gen::element(FallbackBehavior::Static,
                                                     FallbackBehavior::AtLeast,
                                                     FallbackBehavior::AtMost)
                                 : FallbackBehavior::AtLeast};
  if (scope.may_pause) policy.pause.scale_down = *rc::gen::inRange(0, 8) == 0;
  if (scope.may_pause) policy.pause.scale_up = *rc::gen::inRange(0, 8) == 0;
  return policy;
}

Window arbitrary_window(std::int32_t max_replicas) {
  // Half an hour behind UTC until worlds begin, then two hours ahead, later on even.
  static const auto zone = std::make_shared<const TimeZone>(
      "Somewhere",
      std::vector<Stretch>{{std::chrono::sys_seconds(Seconds(0)), Seconds(-1800)},
                           {std::chrono::sys_seconds(Seconds(1'800'000'000)), Seconds(7200)},
                           {std::chrono::sys_seconds(Seconds(1'800'050'000)), Seconds(0)}});
  const auto cron = [] {
    return parse_cron(*rc::gen::element<std::string>(
                          "* * * * *", "*/5 * * * *", "3-59/10 * * * *", "0 8 * * *",
                          "30 9 * * mon-fri", "0 0 * * *", "15 22 * * fri", "0 12 15 * *",
                          "45 8-12 15-20 1 sat", "0 3 29 2 *"))
        .value();
  };
  Window window{.name = *rc::gen::element<std::string>("a", "b", "c", "d", "e"),
                .start = cron(),
                .end = cron(),
                .zone = zone};
  if (*rc::gen::arbitrary<bool>())
    window.end = Seconds(*rc::gen::element(60, 300, 3600, 40'000, 86'400));
  if (fault_of(window)) {
    window.start = parse_cron("7 8-23 * * *").value();
    window.end = Seconds(3000);
  }
  const auto replicas = [&] { return *rc::gen::inRange(1, max_replicas + 1); };
  switch (*rc::gen::inRange(0, 5)) {
    case 0: window.ceiling = replicas(); break;
    case 1: window.pin = replicas(); break;
    case 2: window.off = true; break;
    default:
      window.floor = replicas();
      window.pre_warm = *rc::gen::arbitrary<bool>();
  }
  return window;
}

std::vector<Window> arbitrary_schedule(std::int32_t max_replicas) {
  std::vector<Window> schedule;
  const auto count = *rc::gen::inRange(1, 5);
  for (int i = 0; i < count; ++i) {
    auto window = arbitrary_window(max_replicas);
    window.name += std::to_string(i);
    schedule.push_back(std::move(window));
  }
  return schedule;
}

SignalReading arbitrary_value() {
  const auto value = arbitrary_number();
  return {.state = value == 0 ? SignalState::Zero : SignalState::Value, .value = value};
}

SignalReading arbitrary_reading() {
  if (*rc::gen::inRange(0, 4) != 0) return arbitrary_value();
  // A reader that lets NaN through as a value must do no harm either.
  return *rc::gen::element(
      SignalReading{.state = SignalState::Absent}, SignalReading{.state = SignalState::NotANumber},
      SignalReading{.state = SignalState::Stale, .value = 3},
      SignalReading{.state = SignalState::Partial}, SignalReading{.state = SignalState::Error},
      SignalReading{.state = SignalState::Value,
                    .value = std::numeric_limits<double>::quiet_NaN()});
}

Observation arbitrary_observation(const ScalingPolicy& policy, std::int32_t replicas,
                                  Instant now) {
  const auto ready = *rc::gen::inRange(0, replicas + 2);
  const auto rest = std::max(replicas - ready, 0);
  const auto starting = *rc::gen::inRange(0, rest + 1);
  Observation observation{
      .target = {.uid = "a",
                 .spec_replicas = replicas,
                 .status_replicas = replicas,
                 .pods = {.ready = ready,
                          .starting = starting,
                          .unschedulable = rest - starting,
                          .restarting = *rc::gen::inRange(0, 8) == 0 ? starting : 0},
                 .created = long_ago},
      .policy_created = long_ago};
  if (*rc::gen::arbitrary<bool>())
    observation.target.pods.youngest = now - Seconds(*rc::gen::inRange(0, 900));
  if (*rc::gen::arbitrary<bool>())
    observation.target.pods.latest_ready = now - Seconds(*rc::gen::inRange(-5, 900));
  for (std::size_t i = 0; i < policy.signals.size(); ++i)
    observation.signals.push_back(arbitrary_reading());
  return observation;
}

Instant arbitrary_next(Instant now, bool may_jump) {
  const auto kind = may_jump ? *rc::gen::inRange(0, 10) : 5;
  if (kind == 0) return now + Seconds(*rc::gen::inRange(0, 100'000));
  if (kind == 1) return now - Seconds(*rc::gen::inRange(0, 100'000));
  return now + Seconds(*rc::gen::element(1, 5, 15, 15, 15, 40));
}

Decision World::decide(const Observation& observation, const ScalingPolicy& policy) {
  auto outcome = engine::decide(observation, policy, memory, now);
  if (const auto* const scale = std::get_if<ScaleTo>(&outcome.decision.action)) {
    replicas = scale->replicas;
    ++writes;
  }
  memory = std::move(outcome.memory);
  return outcome.decision;
}

World arbitrary_past(const ScalingPolicy& policy, bool may_jump) {
  World world{.replicas = *rc::gen::inRange(0, 15)};
  const auto rounds = *rc::gen::inRange(0, 12);
  for (int i = 0; i < rounds; ++i) {
    static_cast<void>(
        world.decide(arbitrary_observation(policy, world.replicas, world.now), policy));
    world.now = arbitrary_next(world.now, may_jump);
  }
  return world;
}

Observation settled_observation(const World& world, const std::vector<SignalReading>& readings) {
  return {.target = {.uid = "a",
                     .spec_replicas = world.replicas,
                     .status_replicas = world.replicas,
                     .pods = {.ready = world.replicas},
                     .created = long_ago},
          .policy_created = long_ago,
          .signals = readings};
}

void live_steadily(World& world, const ScalingPolicy& policy,
                   const std::vector<SignalReading>& readings, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    world.now += Seconds(policy.interval_seconds);
    static_cast<void>(world.decide(settled_observation(world, readings), policy));
  }
}

void assert_monotone_in_demand(const ScalingPolicy& policy, const World& world) {
  auto observation = arbitrary_observation(policy, world.replicas, world.now);
  auto& reading = observation.signals[*rc::gen::inRange(std::size_t{0}, policy.signals.size())];
  auto less = arbitrary_value();
  auto more = arbitrary_value();
  if (less.value > more.value) std::swap(less, more);
  reading = less;
  const auto lower = engine::decide(observation, policy, world.memory, world.now).decision;
  reading = more;
  const auto higher = engine::decide(observation, policy, world.memory, world.now).decision;
  RC_LOG() << less.value << ": " << lower.explanation.line() << "\n"
           << more.value << ": " << higher.explanation.line() << "\n";
  RC_ASSERT(lower.recommended <= higher.recommended);
}

}  // namespace poolscaler::laws
