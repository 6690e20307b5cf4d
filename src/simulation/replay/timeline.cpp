#include "poolscaler/simulation/replay/timeline.hpp"

#include "scribe.hpp"

namespace poolscaler::replay {

Timeline timeline_of(const std::string& scaler, const Setting& setting, const Case& one,
                     const Setup& setup) {
  auto timeline = empty_timeline(scaler, one);
  timeline.has_nodes = setting.estate != nullptr;
  Scribe scribe(timeline, setup.delayed_above);
  scribe.demand_of(one.load, setup.slots);
  auto own = setup;
  own.measured = one.measured;
  own.estate = setting.estate;
  const auto made = setting.make(one);
  static_cast<void>(replay(one.load, own, *made, {.recorder = &scribe}));
  scribe.finish();
  return timeline;
}

}  // namespace poolscaler::replay
