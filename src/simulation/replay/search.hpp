// Search: the present policy as a family of settings, and how each of them did in rehearsals.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "poolscaler/simulation/replay/recommend.hpp"
#include "rehearsal.hpp"

namespace poolscaler::replay {

/// How one setting did in one rehearsal.
struct Trial {
  Knobs knobs;
  Figures figures;
};

class Search {
 public:
  /// `present` has been checked: its signals are understood.
  Search(const Rehearsals& rehearsals, const Setup& setup, const Present& present);

  [[nodiscard]] ScalingPolicy policy(const Knobs& knobs) const;
  [[nodiscard]] std::vector<FloorWindow> floors(const Knobs& knobs) const;
  [[nodiscard]] Setting setting(const ScalingPolicy& policy, std::string label) const;

  /// What is tried first. A short record tells little: then only settings that follow the load
  /// quickly, whatever it is, and whose course does not depend on what they have learned.
  [[nodiscard]] std::vector<Knobs> coarse() const;
  /// Half a day shows gaps enough to learn from, and tells neighbours apart.
  [[nodiscard]] bool is_long() const { return long_; }
  /// The neighbours of a setting, nearer in each further round.
  [[nodiscard]] static std::vector<Knobs> around(const Knobs& knobs, int round);
  /// The setting with floors by the hour, where the load is long enough to tell any.
  [[nodiscard]] std::vector<Knobs> with_floors(const Knobs& knobs) const;

  /// One for each of `knobs`; what this stage of the search has played before is not played again.
  [[nodiscard]] std::vector<Trial> play(std::size_t stage, const Rehearsal& rehearsal,
                                        const std::vector<Knobs>& knobs, const Effort& effort);

 private:
  const Setup& setup_;
  const Present& present_;
  std::vector<SignalSource> sources_;
  ScalingPolicy anchor_;
  bool averages_ = false;
  bool long_ = false;
  std::unique_ptr<BusyHours> hours_;
  std::map<std::size_t, std::vector<Trial>> played_{};  // by stage
};

/// As many of them, spread over all.
[[nodiscard]] std::vector<Knobs> spread(const std::vector<Knobs>& knobs, std::size_t count);

/// What keeps the ask beats what does not; then fewer hours win, or else the smaller miss.
void rank(std::vector<Trial>& trials, const Ask& ask);

/// Of ranked trials the one to recommend: what costs hardly more than the first is as good, so the
/// one of them that delays least.
[[nodiscard]] const Trial& safest_of_best(const std::vector<Trial>& ranked, const Ask& ask);

/// The best for the ask, and for stricter ones: what is tight now may not keep it on more loads.
[[nodiscard]] std::vector<Knobs> best_of(const std::vector<Trial>& trials, const Ask& ask,
                                         std::size_t count);

}  // namespace poolscaler::replay
