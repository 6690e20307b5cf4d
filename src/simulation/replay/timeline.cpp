#include "poolscaler/simulation/replay/timeline.hpp"

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

class Scribe final : public Recorder {
 public:
  Scribe(Timeline& timeline, Micros delayed_above)
      : timeline_(timeline), delayed_above_(delayed_above) {}

  void replicas(Micros at, Replicas now) override {
    add(&Slice::starting, at, last_.starting);
    add(&Slice::ready, at, last_.ready);
    add(&Slice::draining, at, last_.draining);
    since_ = at;
    last_ = now;
  }

  void started(Micros arrival, Micros at) override {
    auto& slice = slice_of(arrival);
    const auto wait = at - arrival;
    ++slice.requests;
    slice.delayed += wait > delayed_above_ ? 1 : 0;
    slice.wait_sum += seconds_of(wait);
    slice.wait_max = std::max(slice.wait_max, seconds_of(wait));
  }

  /// The longest wait will be a longer one.
  void interrupted(Micros arrival, Micros at) override {
    auto& slice = slice_of(arrival);
    const auto wait = at - arrival;
    --slice.requests;
    slice.delayed -= wait > delayed_above_ ? 1 : 0;
    slice.wait_sum -= seconds_of(wait);
  }

  void decided(Micros at, const Sight& sight, const Wanted& wanted) override {
    if (at < timeline_.measured.begin || at > timeline_.measured.end) return;
    auto& slice = slice_of(at);
    if (wanted.reason) ++slice.reasons[static_cast<std::size_t>(*wanted.reason)];
    slice.value = sight.value.value_or(slice.value);
  }

  void housed(Micros at, std::int64_t nodes, HourlyRate rate) override {
    spread(&Slice::nodes, housed_since_, at, static_cast<double>(nodes_));
    spread(&Slice::hourly, housed_since_, at, static_cast<double>(rate_.nano()) / 1e9);
    housed_since_ = at;
    nodes_ = nodes;
    rate_ = rate;
  }

  /// `amount` from `begin` to `end`, as an average of each slice that it touches.
  void spread(double Slice::*field, Micros begin, Micros end, double amount) {
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

  void finish() {
    replicas(timeline_.measured.end, last_);
    housed(timeline_.measured.end, nodes_, rate_);
  }

 private:
  void add(double Slice::*field, Micros at, std::int32_t count) {
    spread(field, since_, at, count);
  }
  [[nodiscard]] std::size_t index_of(Micros at) const {
    const auto part = seconds_of(at - timeline_.measured.begin) / timeline_.seconds_per_slice();
    return std::min(static_cast<std::size_t>(std::max(part, 0.0)), timeline_.slices.size() - 1);
  }
  [[nodiscard]] Micros edge(std::size_t index) const {
    if (index >= timeline_.slices.size()) return timeline_.measured.end;
    return timeline_.measured.begin +
           micros_of(static_cast<double>(index) * timeline_.seconds_per_slice());
  }
  Slice& slice_of(Micros at) { return timeline_.slices[index_of(at)]; }

  Timeline& timeline_;
  Micros delayed_above_;
  Micros since_{0};
  Replicas last_{};
  Micros housed_since_{0};
  std::int64_t nodes_ = 0;
  HourlyRate rate_{};
};

}  // namespace

Timeline timeline_of(const std::string& scaler, const Setting& setting, const Case& one,
                     const Setup& setup) {
  Timeline timeline{.scaler = scaler,
                    .load = one.load.name,
                    .measured = one.measured,
                    .is_metric = one.load.is_metric(),
                    .has_nodes = setting.estate != nullptr};
  timeline.slices.resize(slices_of(one.measured));
  Scribe scribe(timeline, setup.delayed_above);
  for (const auto& request : one.load.requests)
    scribe.spread(&Slice::demand, request.arrival, request.arrival + request.service,
                  1.0 / setup.slots);
  auto own = setup;
  own.measured = one.measured;
  own.estate = setting.estate;
  const auto made = setting.make(one);
  static_cast<void>(replay(one.load, own, *made, {.recorder = &scribe}));
  scribe.finish();
  return timeline;
}

}  // namespace poolscaler::replay
