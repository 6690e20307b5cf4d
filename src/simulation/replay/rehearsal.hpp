// Rehearsals: what settings are tried on before one is recommended. The first half of the loads;
// where there is time, variations of it too, and where there is too little, only the end of it.
#pragma once

#include <cstddef>
#include <vector>

#include "poolscaler/simulation/replay/study.hpp"

namespace poolscaler::replay {

/// About how long a processor plays one setting on them.
[[nodiscard]] double seconds_to_play(const std::vector<Case>& cases);

struct Rehearsal {
  std::vector<Case> cases;
  std::size_t variations = 0;
  double part = 1;  // of the first half, its end
  double seconds = 0;  // to play one setting
};

class Rehearsals {
 public:
  /// `loads`: the first halves. Errors: InvalidInput, where nothing would be left to measure.
  [[nodiscard]] static Result<Rehearsals> of(const std::vector<Load>& loads, const Setup& setup);

  [[nodiscard]] const std::vector<Case>& whole() const { return whole_; }
  /// Of the whole.
  [[nodiscard]] double seconds() const { return seconds_; }
  /// As much as can be played in so many seconds, but never less than can be judged.
  [[nodiscard]] Rehearsal within(double seconds) const;

 private:
  Rehearsals(std::vector<Case> whole, const Setup& setup);
  [[nodiscard]] Rehearsal varied(std::size_t variations) const;
  [[nodiscard]] Rehearsal end_of_it(double part) const;

  std::vector<Case> whole_;
  Setup setup_;
  double seconds_;
};

/// What arrives from `begin` on, as a trace that begins there.
[[nodiscard]] Load from(const Load& load, Micros begin);

}  // namespace poolscaler::replay
