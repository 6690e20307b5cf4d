#include "readings.hpp"

#include <algorithm>
#include <cmath>

namespace poolscaler::explain {
namespace {

/// Each requests so much that a percent is a whole number of milli-units.
constexpr std::int64_t request_milli = 1'000'000;

std::int64_t in_milli(double units) {
  constexpr double most = 9e15;  // sums of these stay exact
  return std::llround(std::clamp(units, 0.0, most / 1000) * 1000);
}

std::vector<PodSample> equal_pods(const Situation& situation, const Signal& signal, double value) {
  const bool by_request = signal.target_type == TargetType::Utilization;
  const auto since = situation.now - std::chrono::days(1);
  const PodSample pod{.ready = true,
                      .ready_changed = since,
                      .started = since,
                      .request_milli = request_milli,
                      .usage_milli = in_milli(by_request ? value * 1000 : value),
                      .measured = situation.now,
                      .window = Seconds(60)};
  const auto ready = std::clamp(situation.observation.target.pods.ready, 0, 10'000);
  return std::vector<PodSample>(static_cast<std::size_t>(ready), pod);
}

}  // namespace

void set_value(Situation& situation, std::size_t index, double value) {
  const auto& signal = situation.policy.signals[index];
  auto& reading = situation.observation.signals[index];
  reading.state = value == 0 ? SignalState::Zero : SignalState::Value;
  reading.value = value;
  reading.detail.clear();
  if (std::holds_alternative<PodResource>(signal.query))
    reading.pods = equal_pods(situation, signal, value);
}

void ready_all(Situation& situation) {
  auto& target = situation.observation.target;
  target.pods.ready = std::max(target.pods.ready, target.spec_replicas);
  target.pods.starting = 0;
  target.pods.unschedulable = 0;
  for (std::size_t i = 0; i < situation.policy.signals.size(); ++i)
    if (!situation.observation.signals[i].pods.empty())
      set_value(situation, i, situation.observation.signals[i].value);
}

}  // namespace poolscaler::explain
