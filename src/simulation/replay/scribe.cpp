#include "scribe.hpp"

#include <algorithm>

namespace poolscaler::replay {
namespace {

constexpr std::size_t slices_most = 240;
constexpr std::size_t slices_least = 20;
/// Two decisions of the usual interval lie in each slice, so that none is empty.
constexpr Micros slice_least{30'000'000};

std::size_t slices_of(const Interval& measured) {
  const auto fitting = static_cast<std::size_t>((measured.end - measured.begin) / slice_least);
  return std::clamp(fitting, slices_least, slices_most);
}

}  // namespace

Timeline empty_timeline(const std::string& scaler, const Case& one) {
  Timeline timeline{.scaler = scaler,
                    .load = one.load.name,
                    .measured = one.measured,
                    .is_metric = one.load.is_metric()};
  timeline.slices.resize(slices_of(one.measured));
  return timeline;
}

void Scribe::replicas(Micros at, Replicas now) {
  add(&Slice::starting, at, last_.starting);
  add(&Slice::ready, at, last_.ready);
  add(&Slice::draining, at, last_.draining);
  since_ = at;
  last_ = now;
}

void Scribe::started(Micros arrival, Micros at) {
  auto& slice = slice_of(arrival);
  const auto wait = at - arrival;
  ++slice.requests;
  slice.delayed += wait > delayed_above_ ? 1 : 0;
  slice.wait_sum += seconds_of(wait);
  slice.wait_max = std::max(slice.wait_max, seconds_of(wait));
}

/// The longest wait will be a longer one.
void Scribe::interrupted(Micros arrival, Micros at) {
  auto& slice = slice_of(arrival);
  const auto wait = at - arrival;
  --slice.requests;
  slice.delayed -= wait > delayed_above_ ? 1 : 0;
  slice.wait_sum -= seconds_of(wait);
}

void Scribe::decided(Micros at, const Sight& sight, const Wanted& wanted) {
  if (at < timeline_.measured.begin || at > timeline_.measured.end) return;
  auto& slice = slice_of(at);
  if (wanted.reason) ++slice.reasons[static_cast<std::size_t>(*wanted.reason)];
  slice.value = sight.value.value_or(slice.value);
}

void Scribe::housed(Micros at, std::int64_t nodes, HourlyRate rate) {
  spread(&Slice::nodes, housed_since_, at, static_cast<double>(nodes_));
  spread(&Slice::hourly, housed_since_, at, static_cast<double>(rate_.nano()) / 1e9);
  housed_since_ = at;
  nodes_ = nodes;
  rate_ = rate;
}

void Scribe::demand_of(const Load& load, int slots) {
  for (const auto& request : load.requests)
    spread(&Slice::demand, request.arrival, request.arrival + request.service, 1.0 / slots);
}

void Scribe::finish() {
  replicas(timeline_.measured.end, last_);
  housed(timeline_.measured.end, nodes_, rate_);
}

/// `amount` from `begin` to `end`, as an average of each slice that it touches.
void Scribe::spread(double Slice::*field, Micros begin, Micros end, double amount) {
  const auto from = std::max(begin, timeline_.measured.begin);
  const auto to = std::min(end, timeline_.measured.end);
  if (to <= from || amount == 0) return;
  const auto first = index_of(from);
  const auto last = index_of(to);
  for (auto i = first; i <= last; ++i) {
    const auto overlap = std::min(to, edge(i + 1)) - std::max(from, edge(i));
    if (overlap > Micros(0))
      timeline_.slices[i].*field += amount * seconds_of(overlap) / timeline_.seconds_per_slice();
  }
}

std::size_t Scribe::index_of(Micros at) const {
  const auto part = seconds_of(at - timeline_.measured.begin) / timeline_.seconds_per_slice();
  return std::min(static_cast<std::size_t>(std::max(part, 0.0)), timeline_.slices.size() - 1);
}

Micros Scribe::edge(std::size_t index) const {
  if (index >= timeline_.slices.size()) return timeline_.measured.end;
  return timeline_.measured.begin +
         micros_of(static_cast<double>(index) * timeline_.seconds_per_slice());
}

}  // namespace poolscaler::replay
