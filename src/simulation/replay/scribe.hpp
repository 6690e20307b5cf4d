// Writes down the course of a run, slice by slice.
#pragma once

#include "poolscaler/simulation/replay/timeline.hpp"

namespace poolscaler::replay {

/// Of the case, with nothing written down yet.
[[nodiscard]] Timeline empty_timeline(const std::string& scaler, const Case& one);

class Scribe final : public Recorder {
 public:
  Scribe(Timeline& timeline, Micros delayed_above)
      : timeline_(timeline), delayed_above_(delayed_above) {}

  void replicas(Micros at, Replicas now) override;
  void started(Micros arrival, Micros at) override;
  void interrupted(Micros arrival, Micros at) override;
  void decided(Micros at, const Sight& sight, const Wanted& wanted) override;
  void housed(Micros at, std::int64_t nodes, HourlyRate rate) override;

  /// What would be needed if nothing waited.
  void demand_of(const Load& load, int slots);
  /// All has been told.
  void finish();

 private:
  void spread(double Slice::*field, Micros begin, Micros end, double amount);
  void add(double Slice::*field, Micros at, std::int32_t count) {
    spread(field, since_, at, count);
  }
  [[nodiscard]] std::size_t index_of(Micros at) const;
  [[nodiscard]] Micros edge(std::size_t index) const;
  Slice& slice_of(Micros at) { return timeline_.slices[index_of(at)]; }

  Timeline& timeline_;
  Micros delayed_above_;
  Micros since_{0};
  Replicas last_{};
  Micros housed_since_{0};
  std::int64_t nodes_ = 0;
  HourlyRate rate_{};
};

}  // namespace poolscaler::replay
