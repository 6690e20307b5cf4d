#include "poolscaler/simulation/replay/bounds.hpp"

#include <algorithm>
#include <optional>

namespace poolscaler::replay {
namespace {

/// The replicas of one interval, cut into layers: layer k is needed while at least k replicas are.
class Layers {
 public:
  Layers(const Interval& measured, Micros cold_start)
      : measured_(measured), cold_start_(cold_start) {}

  /// From `at` on `needed` replicas are needed; times never go back.
  void change(Micros at, std::int64_t needed) {
    if (at > measured_.end) return;
    const auto from = std::max(at, measured_.begin);
    needed_micros_ += (from - last_).count() * (last_ >= measured_.begin ? needed_ : 0);
    last_ = from;
    if (at < measured_.begin) {
      needed_ = needed;
      return;
    }
    open_at_begin();
    while (needed_ < needed) begin_need(from);
    while (needed_ > needed) ended_[static_cast<std::size_t>(--needed_)] = from;
  }

  double finish() {
    open_at_begin();
    const auto rest = (measured_.end - last_).count() * needed_;
    const auto micros = needed_micros_ + rest + bridged_micros_;
    return static_cast<double>(micros) / 1e6;
  }

 private:
  /// Layers that are needed when the interval begins cost no start.
  void open_at_begin() {
    if (opened_) return;
    opened_ = true;
    ended_.resize(static_cast<std::size_t>(needed_));
    last_ = std::max(last_, measured_.begin);
  }

  void begin_need(Micros at) {
    const auto layer = static_cast<std::size_t>(needed_++);
    const bool is_first = layer >= ended_.size();
    if (is_first) ended_.emplace_back();
    const auto gap = at - (is_first ? measured_.begin : ended_[layer]);
    bridged_micros_ += std::min(gap, cold_start_).count();
  }

  Interval measured_;
  Micros cold_start_;
  std::int64_t needed_ = 0;
  Micros last_{0};
  bool opened_ = false;
  std::vector<Micros> ended_;  // by layer, when its last need ended
  std::int64_t needed_micros_ = 0;
  std::int64_t bridged_micros_ = 0;  // gaps that are paid, by keeping a replica or starting it
};

std::vector<Micros> ends_of(const Load& load) {
  std::vector<Micros> ends;
  ends.reserve(load.requests.size());
  for (const auto& request : load.requests)
    if (request.service > Micros(0)) ends.push_back(request.arrival + request.service);
  if (!load.constant_service) std::ranges::sort(ends);
  return ends;
}

std::int64_t work_of(const Load& load, const Interval& measured) {
  std::int64_t work = 0;
  for (const auto& request : load.requests) {
    const auto from = std::max(request.arrival, measured.begin);
    const auto to = std::min(request.arrival + request.service, measured.end);
    if (to > from) work += (to - from).count();
  }
  return work;
}

}  // namespace

void Bounds::add(const Bounds& other) {
  work_replica_seconds += other.work_replica_seconds;
  zero_wait_replica_seconds += other.zero_wait_replica_seconds;
  peak = std::max(peak, other.peak);
}

Bounds bounds_of(const Load& load, const Setup& setup, const Interval& measured) {
  Bounds bounds{.work_replica_seconds =
                    static_cast<double>(work_of(load, measured)) / 1e6 / setup.slots};
  const auto ends = ends_of(load);
  Layers layers(measured, setup.cold_start);
  std::int64_t in_service = 0;
  auto end = ends.begin();
  auto arrival = load.requests.begin();
  while (end != ends.end() || arrival != load.requests.end()) {
    const auto at = std::min(end != ends.end() ? *end : Micros::max(),
                             arrival != load.requests.end() ? arrival->arrival : Micros::max());
    for (; end != ends.end() && *end == at; ++end) --in_service;
    for (; arrival != load.requests.end() && arrival->arrival == at; ++arrival)
      in_service += arrival->service > Micros(0) ? 1 : 0;
    const auto needed = (in_service + setup.slots - 1) / setup.slots;
    if (at <= load.end) bounds.peak = std::max(bounds.peak, needed);
    layers.change(at, needed);
  }
  bounds.zero_wait_replica_seconds = layers.finish();
  return bounds;
}

std::int32_t usual_max_replicas(const Bounds& bounds) {
  constexpr std::int64_t least = 1;
  constexpr std::int64_t most = 100'000;
  return static_cast<std::int32_t>(std::clamp(4 * bounds.peak, least, most));
}

}  // namespace poolscaler::replay
