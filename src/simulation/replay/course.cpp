#include <algorithm>

#include "poolscaler/simulation/replay/scaler.hpp"

namespace poolscaler::replay {

void Course::change(Micros at, std::optional<double> value) {
  if (points_.empty()) {
    points_.push_back({.at = at, .value = value, .integral = 0, .known = Micros(0)});
    return;
  }
  auto& last = points_.back();
  if (last.value == value) return;
  if (last.at == at) {
    last.value = value;
    return;
  }
  auto point = this->at(at);
  point.value = value;
  points_.push_back(point);
  while (points_.size() > 2 && points_[1].at <= at - reach_) points_.pop_front();
}

/// The point that lies at `time`, were one there.
Course::Point Course::at(Micros time) const {
  const auto next = std::ranges::upper_bound(points_, time, {}, &Point::at);
  auto point = next == points_.begin() ? points_.front() : *std::prev(next);
  const auto passed = std::max(time - point.at, Micros(0));
  if (point.value) {
    point.integral += static_cast<long double>(*point.value) *
                      static_cast<long double>(passed.count());
    point.known += passed;
  }
  point.at = time;
  return point;
}

std::optional<double> Course::average(Micros now, Micros window) const {
  if (points_.empty()) return std::nullopt;
  const auto from = at(std::max(now - window, points_.front().at));
  const auto to = at(now);
  const auto known = to.known - from.known;
  if (known <= Micros(0)) return to.value;
  return static_cast<double>((to.integral - from.integral) /
                             static_cast<long double>(known.count()));
}

template <class Better>
std::optional<double> Course::extreme(Micros now, Micros window, Better better) const {
  if (points_.empty()) return std::nullopt;
  auto best = at(std::max(now - window, points_.front().at)).value;
  for (auto point = points_.rbegin(); point != points_.rend(); ++point) {
    if (point->at <= now - window) break;
    if (point->value && (!best || better(*point->value, *best))) best = point->value;
  }
  return best;
}

std::optional<double> Course::most(Micros now, Micros window) const {
  return extreme(now, window, std::greater<>());
}

std::optional<double> Course::least(Micros now, Micros window) const {
  return extreme(now, window, std::less<>());
}

std::optional<double> Course::value(Micros time) const {
  return points_.empty() ? std::nullopt : at(time).value;
}

std::optional<double> Sight::utilization() const {
  if (ready <= 0) return std::nullopt;
  return static_cast<double>(running_on_ready) /
         (static_cast<double>(ready) * static_cast<double>(slots));
}

std::optional<double> Sight::reading(Meaning meaning) const {
  switch (meaning) {
    case Meaning::Queue: return static_cast<double>(waiting);
    case Meaning::Running: return static_cast<double>(running);
    case Meaning::Inflight: return static_cast<double>(inflight());
    case Meaning::Utilization: return utilization();
    case Meaning::Rate: return static_cast<double>(arrivals_last_minute) / 60;
    case Meaning::Value: return value;
  }
  return std::nullopt;
}

}  // namespace poolscaler::replay
