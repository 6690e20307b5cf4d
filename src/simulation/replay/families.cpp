// Our own policies in the settings that are swept. They contain what the peers can do: HPA's and
// KEDA's windows on the requests in flight, KPA's averages, and keep-alive that is learned.

#include "poolscaler/simulation/replay/families.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace poolscaler::replay {
namespace {

constexpr std::array loads = {0.3, 0.5, 0.7, 0.9, 1.0, 1.25};
constexpr std::array windows = {60, 300, 600};
constexpr std::array idle_times = {60, 300, 900, 1800, 3600, 4 * 3600, 12 * 3600, 24 * 3600};
constexpr std::array quick_loads = {0.5, 0.7, 0.9, 1.0, 1.25};
constexpr std::array short_windows = {0, 60};
constexpr std::array quick_idle_times = {60, 300, 900, 3600};
constexpr std::array wide_loads = {0.3, 0.5, 0.7, 0.9, 1.0, 1.25, 1.5, 2.0};
constexpr std::array learned_loads = {0.5, 0.7, 0.9, 1.0, 1.25, 1.5, 2.0};
constexpr std::array tolerances = {0.1, 0.3};
constexpr std::array misses = {100, 300, 1000, 3000, 10'000, 30'000};
constexpr int quick_interval = 5;
constexpr int slow_average = 60;
constexpr int quick_average = 6;
/// As far as is asked for, at once.
constexpr RatePolicy unlimited{
    .type = RatePolicyType::Pods, .value = 100'000, .period_seconds = 15};

/// HPA's, and what it can be turned to.
void add_never_zero(std::vector<Knobs>& all) {
  for (const auto pace : {Pace::Usual, Pace::Fast})
    for (const auto tolerance : tolerances)
      for (const auto load : wide_loads)
        for (const auto window : windows)
          all.push_back({.load = load,
                         .window_seconds = window,
                         .min_replicas = 1,
                         .pace = pace,
                         .tolerance = tolerance});
}

/// What KEDA has.
void add_idle_times(std::vector<Knobs>& all) {
  for (const auto load : loads)
    for (const auto window : windows)
      for (const auto idle : idle_times)
        all.push_back({.load = load, .window_seconds = window, .idle_after_seconds = idle});
}

/// What KPA has: rounds of 5 s that grow as far as is asked for.
void add_quick(std::vector<Knobs>& all) {
  for (const auto pace : {Pace::Fast, Pace::Averaged})
    for (const auto load : quick_loads)
      for (const auto window : short_windows)
        for (const auto idle : quick_idle_times)
          all.push_back({.load = load,
                         .window_seconds = window,
                         .idle_after_seconds = idle,
                         .pace = pace});
}

/// What none of them has.
void add_learned(std::vector<Knobs>& all) {
  for (const auto pace : {Pace::Usual, Pace::Fast})
    for (const auto tolerance : tolerances)
      for (const auto load : learned_loads)
        for (const auto window : short_windows)
          for (const auto miss : misses)
            all.push_back({.load = load,
                           .window_seconds = window,
                           .idle_after_seconds = 0,
                           .seconds_per_miss = miss,
                           .pace = pace,
                           .tolerance = tolerance});
}

std::vector<Knobs> all_knobs() {
  std::vector<Knobs> all;
  add_never_zero(all);
  add_idle_times(all);
  add_quick(all);
  add_learned(all);
  return all;
}

void average(Signal& signal, int seconds) {
  auto& selector = std::get<MetricSelector>(signal.query);
  selector.range_function = RangeFunction::AvgOverTime;
  selector.window_seconds = seconds;
}

void quicken(ScalingPolicy& policy, Pace pace) {
  policy.interval_seconds = quick_interval;
  policy.behavior.scale_up.policies = {unlimited};
  if (pace != Pace::Averaged) return;
  auto quick = policy.signals.front();
  average(policy.signals.front(), slow_average);
  quick.name += quick_suffix;
  average(quick, quick_average);
  policy.signals.push_back(std::move(quick));
}

}  // namespace

std::string Knobs::label() const {
  auto text = fmt::format("u={:.4g} ", load);
  if (pace == Pace::Fast) text += "fast ";
  if (pace == Pace::Averaged) text += "averaged ";
  if (floor_share > 0) text += fmt::format("floors={:.4g} ", floor_share);
  if (tolerance != Knobs{}.tolerance) text += fmt::format("tolerance={:.4g} ", tolerance);
  text += fmt::format("window={}s ", window_seconds);
  if (seconds_per_miss) return text + fmt::format("learned E={}s", *seconds_per_miss);
  return text + (min_replicas > 0 ? fmt::format("min={}", min_replicas)
                                  : fmt::format("idle={}s", idle_after_seconds));
}

bool can_be_averaged(const Signal& signal) {
  const auto* const selector = std::get_if<MetricSelector>(&signal.query);
  return selector != nullptr && selector->range_function == RangeFunction::None;
}

ScalingPolicy turned(ScalingPolicy policy, const Knobs& knobs) {
  for (auto& signal : policy.signals) {
    // In thousandths, as a manifest can say it.
    signal.target = std::max(std::round(signal.target * knobs.load * 1000) / 1000, 0.001);
    constexpr double most_utilization = 0.99;
    if (signal.target_type == TargetType::Utilization)
      signal.target = std::min(signal.target, most_utilization);
    signal.tolerance_up.reset();
    signal.tolerance_down.reset();
  }
  policy.behavior.scale_up.tolerance = knobs.tolerance;
  policy.behavior.scale_down.tolerance = knobs.tolerance;
  if (knobs.pace != Pace::Usual) quicken(policy, knobs.pace);
  policy.min_replicas = std::min(knobs.min_replicas, policy.max_replicas);
  policy.behavior.scale_down.stabilization_window_seconds = knobs.window_seconds;
  policy.scale_to_zero.idle_after_seconds = knobs.idle_after_seconds;
  if (knobs.seconds_per_miss) {
    policy.scale_to_zero.keep_alive = KeepAlive::Learned;
    policy.scale_to_zero.replica_seconds_per_miss = *knobs.seconds_per_miss;
  }
  return policy;
}

ScalingPolicy plain_policy(int slots, std::int32_t max_replicas) {
  return {.target = {.api_version = "apps/v1", .kind = "Deployment", .name = "load"},
          .max_replicas = max_replicas,
          .signals = {{.name = "inflight",
                       .source = "prometheus",
                       .query = MetricSelector{.metric = "inflight"},
                       .target_type = TargetType::PerReplica,
                       .target = static_cast<double>(slots)}}};
}

Contender swept_family(const Setup& setup, Instant start) {
  Contender contender{.name = "poolscaler", .role = Role::Family, .settings = {}};
  for (const auto& knobs : all_knobs())
    contender.settings.push_back(
        {.label = knobs.label(), .make = [=, slots = setup.slots](const Case& one) {
           const auto policy = turned(plain_policy(slots, one.max_replicas), knobs);
           return std::make_unique<PolicyScaler>(
               policy, sources_of(policy, {}, one.load.is_metric()).value(),
               start + std::chrono::floor<Millis>(one.load.began));
         }});
  return contender;
}

}  // namespace poolscaler::replay
