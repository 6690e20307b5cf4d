// Schedule: when each policy is to be evaluated next, on monotonic time, so that a wall clock that
// jumps neither starves nor floods anything. Pure.
//
// Phases are spread over the period by a hash of the UID, in slots of some 2,000 policies: fewer
// and larger rounds share their queries better, and a slot is decided in a few dozen milliseconds.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/names.hpp"

namespace poolscaler::controllers {

inline constexpr std::size_t policies_per_slot = 2000;

/// The first moment after `now` of the phase that `uid_hash` gives, with `policies` in the fleet.
[[nodiscard]] Millis next_phase(std::size_t uid_hash, Seconds interval, std::size_t policies,
                                Millis now);

class Schedule {
 public:
  struct Due {
    ObjectKey key;
    Millis planned;
  };

  /// The only time at which `key` is due; replaces an older one.
  void set(const ObjectKey& key, Millis at);
  /// Due at `at`, or earlier if it was.
  void no_later(const ObjectKey& key, Millis at);
  void erase(const ObjectKey& key);
  /// Takes what is due out of the schedule.
  [[nodiscard]] std::vector<Due> take_due(Millis now);
  [[nodiscard]] std::optional<Millis> next() const;
  [[nodiscard]] bool contains(const ObjectKey& key) const { return times_.contains(key); }

 private:
  std::map<ObjectKey, Millis> times_;
  std::set<std::pair<Millis, ObjectKey>> queue_;
};

}  // namespace poolscaler::controllers
