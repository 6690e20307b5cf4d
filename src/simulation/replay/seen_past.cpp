#include "seen_past.hpp"

#include <limits>
#include <memory>

namespace poolscaler::replay {
namespace {

constexpr auto points_max =
    static_cast<std::size_t>(engine::history_length / engine::history_step);
/// The oldest go a day at a time.
constexpr auto points_a_day = static_cast<std::size_t>(engine::season_day / engine::history_step);

}  // namespace

SeenPast::SeenPast(const ScalingPolicy& policy, Instant start)
    : rules_(policy.scale_to_zero), first_(start), learned_at_(start) {
  for (std::size_t i = 0; i < policy.signals.size(); ++i)
    if (engine::can_be_forecast(policy.signals[i])) signals_.push_back(i);
  values_.resize(signals_.size());
  learned_.resize(policy.signals.size());
}

/// What nobody looked at is as it was when somebody did.
void SeenPast::note(std::vector<double>& values, std::size_t slots,
                    const SignalReading& reading) const {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  if (values.size() >= slots) return;
  values.resize(slots - 1, values.empty() ? none : values.back());
  values.push_back(is_usable(reading.state) ? reading.value : none);
}

void SeenPast::forget_oldest() {
  for (auto& values : values_)
    values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(points_a_day));
  first_ += engine::season_day;
}

void SeenPast::see(const Observation& observation, const Memory& memory, Instant now) {
  const auto slots = static_cast<std::size_t>((now - first_) / engine::history_step) + 1;
  for (std::size_t i = 0; i < signals_.size(); ++i)
    note(values_[i], slots, observation.signals[signals_[i]]);
  if (slots > points_max + points_a_day) forget_oldest();
  if (now - learned_at_ < engine::history_period) return;
  learned_at_ = now;
  const auto horizon = engine::forecast_horizon(rules_, memory.cold_starts).length;
  for (std::size_t i = 0; i < signals_.size(); ++i)
    learned_[signals_[i]].model = std::make_shared<const ForecastModel>(engine::learn_forecast(
        {.first = first_, .step = engine::history_step, .values = values_[i]}, horizon));
}

}  // namespace poolscaler::replay
