#include "breaker.hpp"

#include <algorithm>

namespace poolscaler::adapters {

Breaker::Admission Breaker::admit(Millis now) {
  if (!is_open_) return {};
  if (probe_is_due(now)) {
    probing_ = true;
    return {.is_probe = true};
  }
  return {.admitted = false,
          .wait = probing_ ? Millis(0) : open_until_ - now,
          .last_failure = last_failure_};
}

void Breaker::succeeded() {
  is_open_ = false;
  probing_ = false;
  failures_ = 0;
  openings_ = 0;
}

void Breaker::failed(Millis now, std::string why, Millis at_least) {
  const bool was_probe = probing_;
  probing_ = false;
  ++failures_;
  last_failure_ = std::move(why);
  // Exchanges that were under way when it opened say nothing new.
  if (is_open_ && !was_probe) return;
  if (!was_probe && failures_ < settings_.failures_to_open && at_least == Millis(0)) return;
  Millis longest = settings_.open_first;
  for (int i = 0; i < openings_ && longest < settings_.open_longest; ++i) longest *= 2;
  longest = std::min(longest, settings_.open_longest);
  const auto varied = static_cast<std::int64_t>(static_cast<double>(longest.count()) * jitter());
  open_until_ = now + std::max(Millis(varied), std::min(at_least, settings_.open_longest));
  is_open_ = true;
  ++openings_;
}

/// From 0.5 to 1 (splitmix64), so that the longest time stays the longest.
double Breaker::jitter() {
  random_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t mixed = random_;
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
  mixed ^= mixed >> 31U;
  return 0.5 + 0.5 * static_cast<double>(mixed >> 11U) / static_cast<double>(1ULL << 53U);
}

}  // namespace poolscaler::adapters
