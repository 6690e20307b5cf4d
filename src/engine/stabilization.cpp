#include "stabilization.hpp"

#include <algorithm>
#include <limits>

#include "deliberation.hpp"
#include "numbers.hpp"
#include "poolscaler/engine/decide.hpp"

namespace poolscaler::engine {
namespace {

/// Above this many entries the history is reduced to its digest: well below the bound, since every
/// decision copies it.
constexpr std::size_t digest_above = 16;

Windows windows_of(const Behavior& behavior) {
  return {.up = Seconds(behavior.scale_up.stabilization_window_seconds),
          .down = Seconds(behavior.scale_down.stabilization_window_seconds)};
}

/// In a digest every entry but the newest is either above all later ones or below all of them. Of
/// the larger kind, the oldest gives its number to the next of that kind.
void merge_oldest(std::vector<TimedReplicas>& entries) {
  const auto newest = entries.back().replicas;
  const auto above = [&](const TimedReplicas& entry) { return entry.replicas > newest; };
  const auto count_above = std::ranges::count_if(entries, above);
  const bool merge_above = 2 * count_above >= std::ssize(entries);
  const auto of_kind = [&](const TimedReplicas& entry) { return above(entry) == merge_above; };
  const auto oldest = std::ranges::find_if(entries, of_kind);
  const auto next = std::find_if(oldest + 1, entries.end(), of_kind);
  if (next == entries.end() || next + 1 == entries.end()) {
    entries.erase(entries.begin());
    return;
  }
  next->replicas = oldest->replicas;
  entries.erase(oldest);
}

std::string held_by(const Deliberation& d, std::int32_t result) {
  if (d.telling == Telling::WithoutWords) return {};
  const bool held_up = result > d.number;
  const auto& rules = held_up ? d.policy.behavior.scale_down : d.policy.behavior.scale_up;
  std::optional<Instant> newest;
  for (const auto& entry : d.memory.recommendations) {
    const bool binds = held_up ? entry.replicas >= result : entry.replicas <= result;
    if (binds && (!newest || entry.at > *newest)) newest = entry.at;
  }
  Numbers text(d.telling);
  text << (held_up ? "not below " : "not above ") << result << " within "
       << rules.stabilization_window_seconds << " s";
  if (newest) text << ", recommended " << (d.now - *newest) << " ago";
  return text.text();
}

/// Nothing that was seen holds the number up, but only that the operator has not looked for longer.
bool awaits_window(const Deliberation& d, std::int32_t result, const Windows& windows) {
  const auto since = *d.memory.observed_since;
  if (result <= d.number || d.now - since >= windows.down) return false;
  return std::ranges::none_of(d.memory.recommendations, [&](const TimedReplicas& entry) {
    return entry.at != since && entry.replicas >= result && d.now - entry.at < windows.down;
  });
}

}  // namespace

std::int32_t stabilized(const std::vector<TimedReplicas>& history, TimedReplicas desired,
                        std::int32_t current, const Windows& windows) {
  auto least = desired.replicas;
  auto most = desired.replicas;
  for (const auto& entry : history) {
    const auto age = desired.at - entry.at;
    if (age < windows.up) least = std::min(least, entry.replicas);
    if (age < windows.down) most = std::max(most, entry.replicas);
  }
  return std::min(std::max(current, least), most);
}

void remember_recommendation(std::vector<TimedReplicas>& history, TimedReplicas recommendation,
                             const Windows& windows) {
  const auto longest = std::max(windows.up, windows.down);
  const auto outdated = [&](const TimedReplicas& entry) {
    return recommendation.at - entry.at > longest;
  };
  const auto slot = std::find_if(history.rbegin(), history.rend(), outdated);
  if (slot != history.rend()) {
    *slot = recommendation;
    return;
  }
  history.push_back(recommendation);
  if (history.size() > digest_above) history = digest(history);
  while (history.size() > memory_entries_max) merge_oldest(history);
}

std::vector<TimedReplicas> digest(const std::vector<TimedReplicas>& history) {
  auto entries = history;
  std::ranges::stable_sort(entries, {}, &TimedReplicas::at);
  std::vector<TimedReplicas> kept;
  auto least = std::numeric_limits<std::int32_t>::max();
  auto most = std::numeric_limits<std::int32_t>::min();
  // Backward from the newest: an entry between two later ones can decide nothing any more.
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (least <= entry->replicas && entry->replicas <= most) continue;
    least = std::min(least, entry->replicas);
    most = std::max(most, entry->replicas);
    kept.push_back(*entry);
  }
  std::ranges::reverse(kept);
  return kept;
}

void stabilize(Deliberation& d) {
  const auto windows = windows_of(d.policy.behavior);
  const auto result = stabilized(d.memory.recommendations, {d.now, d.number}, d.current, windows);
  // Where no signal speaks there is nothing to be steadied.
  if (result != d.number && !d.policy.signals.empty()) {
    const auto reason = awaits_window(d, result, windows) ? Reason::AwaitingFreshWindow
                                                          : Reason::Stabilized;
    d.limit_to("stabilization", result, reason, held_by(d, result));
  }
  remember_recommendation(d.memory.recommendations, {d.now, d.recommendation}, windows);
}

}  // namespace poolscaler::engine
