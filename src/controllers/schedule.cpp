#include "schedule.hpp"

#include <algorithm>

namespace poolscaler::controllers {

Millis next_phase(std::size_t uid_hash, Seconds interval, std::size_t policies, Millis now) {
  const Millis period = interval;
  const auto slots = std::clamp<std::size_t>(policies / policies_per_slot, 1,
                                             static_cast<std::size_t>(interval.count()));
  const auto slot = static_cast<std::int64_t>(uid_hash % slots);
  const auto phase = period * slot / static_cast<std::int64_t>(slots);
  const auto begun = (now - phase) / period;
  auto next = period * begun + phase;
  while (next <= now) next += period;
  return next;
}

void Schedule::set(const ObjectKey& key, Millis at) {
  erase(key);
  times_[key] = at;
  queue_.emplace(at, key);
}

void Schedule::no_later(const ObjectKey& key, Millis at) {
  const auto known = times_.find(key);
  if (known == times_.end() || at < known->second) set(key, at);
}

void Schedule::erase(const ObjectKey& key) {
  const auto known = times_.find(key);
  if (known == times_.end()) return;
  queue_.erase({known->second, key});
  times_.erase(known);
}

std::vector<Schedule::Due> Schedule::take_due(Millis now) {
  std::vector<Due> due;
  while (!queue_.empty() && queue_.begin()->first <= now) {
    due.push_back({.key = queue_.begin()->second, .planned = queue_.begin()->first});
    times_.erase(queue_.begin()->second);
    queue_.erase(queue_.begin());
  }
  return due;
}

std::optional<Millis> Schedule::next() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.begin()->first;
}

}  // namespace poolscaler::controllers
