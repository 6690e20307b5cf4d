// Our own policies in the settings that are swept. They contain what the peers can do: HPA's and
// KEDA's windows on the requests in flight, KPA's averages, and keep-alive that is learned.

#include "poolscaler/simulation/replay/families.hpp"

#include <array>

#include <fmt/format.h>

#include "poolscaler/simulation/replay/policy_scaler.hpp"

namespace poolscaler::replay {
namespace {

constexpr std::array loads = {0.3, 0.5, 0.7, 0.9, 1.0, 1.25};
constexpr std::array windows = {60, 300, 600};
constexpr std::array idle_times = {60, 300, 900, 1800, 3600, 4 * 3600, 12 * 3600, 24 * 3600};
constexpr std::array averaged_loads = {0.5, 0.7, 0.9, 1.0, 1.25};
constexpr std::array averaged_windows = {0, 60};
constexpr std::array averaged_idle_times = {60, 300, 900, 3600};
constexpr std::array misses = {100, 300, 1000, 3000, 10'000, 30'000, 100'000};
constexpr std::array learned_loads = {0.5, 0.7, 0.9, 1.0, 1.25};

std::vector<Knobs> all_knobs() {
  std::vector<Knobs> all;
  for (const auto load : loads)
    for (const auto window : windows) {
      all.push_back({.load = load, .window_seconds = window, .min_replicas = 1});
      for (const auto idle : idle_times)
        all.push_back({.load = load, .window_seconds = window, .idle_after_seconds = idle});
    }
  for (const auto load : averaged_loads)
    for (const auto window : averaged_windows)
      for (const auto idle : averaged_idle_times)
        all.push_back({.load = load,
                       .window_seconds = window,
                       .idle_after_seconds = idle,
                       .averaged = true});
  for (const auto load : learned_loads)
    for (const auto miss : misses)
      all.push_back({.load = load,
                     .window_seconds = 0,
                     .idle_after_seconds = 0,
                     .seconds_per_miss = miss});
  return all;
}

Signal inflight(double target, int average_seconds) {
  Signal signal{.name = average_seconds == 0 ? "inflight" : fmt::format("i{}", average_seconds),
                .source = "prometheus",
                .query = MetricSelector{.metric = "inflight"},
                .target_type = TargetType::PerReplica,
                .target = target};
  if (average_seconds == 0) return signal;
  auto& selector = std::get<MetricSelector>(signal.query);
  selector.range_function = RangeFunction::AvgOverTime;
  selector.window_seconds = average_seconds;
  return signal;
}

}  // namespace

std::string Knobs::label() const {
  auto text = fmt::format("u={} ", load);
  if (averaged) text += "averaged ";
  if (seconds_per_miss) return text + fmt::format("learned E={}s", *seconds_per_miss);
  text += fmt::format("window={}s ", window_seconds);
  return text + (min_replicas > 0 ? fmt::format("min={}", min_replicas)
                                  : fmt::format("idle={}s", idle_after_seconds));
}

ScalingPolicy policy_of(const Knobs& knobs, int slots, std::int32_t max_replicas) {
  const auto target = slots * knobs.load;
  ScalingPolicy policy{.target = {.api_version = "apps/v1", .kind = "Deployment", .name = "load"},
                       .min_replicas = knobs.min_replicas,
                       .max_replicas = max_replicas,
                       .signals = {}};
  if (knobs.averaged) {
    policy.signals = {inflight(target, 60), inflight(2 * target, 6)};
    policy.interval_seconds = 5;
  } else {
    policy.signals = {inflight(target, 0)};
  }
  policy.behavior.scale_down.stabilization_window_seconds = knobs.window_seconds;
  policy.scale_to_zero.idle_after_seconds = knobs.idle_after_seconds;
  return policy;
}

Contender swept_family(const Setup& setup, Instant start) {
  Contender contender{.name = "poolscaler", .role = Role::Family, .settings = {}};
  for (const auto& knobs : all_knobs())
    contender.settings.push_back(
        {.label = knobs.label(), .make = [=, slots = setup.slots](const Case& one) {
           const auto policy = policy_of(knobs, slots, one.max_replicas);
           return std::make_unique<PolicyScaler>(
               policy, sources_of(policy, {}, one.load.is_metric()).value(), start);
         }});
  return contender;
}

}  // namespace poolscaler::replay
