// What is needed is what the signals ask for, without tolerance and before every limit, and never
// what there is: so what is learned does not depend on what was decided. Time counts only while
// all signals are known. Whether a replica is kept is asked from the top: one layer that is kept
// keeps all below it.

#include "keep_alive.hpp"

#include <algorithm>
#include <utility>

#include "gaps.hpp"
#include "numbers.hpp"
#include "poolscaler/engine/cold_start.hpp"
#include "poolscaler/engine/decide.hpp"

namespace poolscaler::engine {
namespace {

using Need = KeepAliveMemory::Need;

/// Marks what is taken for needed without having been seen. From there and before no gap is
/// measured: what lies in between was not seen either.
constexpr Millis before_the_clock{-1};
/// So long is kept what was needed before a restart, or for its idle time where that is shorter:
/// how long nobody looked is not known.
constexpr Millis kept_after_restart{Seconds{300}};

/// What the signals need now; nothing while one of them is not known.
std::optional<std::int32_t> needed_now(const Deliberation& d) {
  std::optional<std::int32_t> needed;
  for (const auto& wish : d.wishes) {
    if (wish.standing == Standing::Blocks || wish.standing == Standing::Fallback)
      return std::nullopt;
    if (!needed) needed = wish.needed;
    needed = d.policy.combine == Combine::Max ? std::max(*needed, wish.needed)
                                              : std::min(*needed, wish.needed);
  }
  if (d.policy.formula) needed = d.needed_by_formula;
  if (!needed) return std::nullopt;
  // Inactive signals need nothing, whatever they would ask for.
  if (!d.decision.active) return 0;
  return std::clamp(*needed, 1, d.policy.max_replicas);
}

void run_clock(KeepAliveMemory& memory, const Deliberation& d) {
  const Millis one_round = Seconds(d.policy.interval_seconds);
  if (memory.counted_to)
    memory.clock += std::clamp(d.now - *memory.counted_to, Millis{0}, 2 * one_round);
  memory.counted_to = d.now;
}

const Need* last_need_of(const KeepAliveMemory& memory, std::int32_t layer) {
  const auto found = std::find_if(memory.needs.rbegin(), memory.needs.rend(),
                                  [&](const Need& need) { return need.replicas >= layer; });
  return found == memory.needs.rend() ? nullptr : &*found;
}

/// The layers that are needed again. Of a group, the lowest layer speaks.
void measure_gaps(KeepAliveMemory& memory, std::int32_t needed) {
  if (needed <= memory.needed) return;
  const auto last = layer_group(needed);
  for (auto group = layer_group(memory.needed + 1); group <= last; ++group) {
    const auto layer = first_layer(group);
    if (layer <= memory.needed) continue;
    const auto* const need = last_need_of(memory, layer);
    if (need == nullptr || need->at <= before_the_clock) continue;
    if (memory.layers.size() <= group) memory.layers.resize(group + 1);
    remember_gap(memory.layers[group], memory.clock - need->at);
  }
}

void note_need(KeepAliveMemory& memory, std::int32_t needed) {
  auto& needs = memory.needs;
  while (!needs.empty() && needs.back().replicas <= needed) needs.pop_back();
  if (needed > 0) needs.push_back({.at = memory.clock, .replicas = needed});
  if (needs.size() > memory_entries_max) {
    needs[1].replicas = needs[0].replicas;  // which keeps them longer, never shorter
    needs.erase(needs.begin());
  }
  memory.needed = needed;
}

/// The highest layer of `lowest` to `highest`, all of one group, that was needed within its time.
std::int32_t kept_of(const KeepAliveMemory& memory, std::int32_t lowest, std::int32_t highest,
                     Millis idle_time) {
  for (const auto& need : memory.needs) {
    const bool before_restart = need.at <= before_the_clock;
    const auto unseen = before_restart ? std::min(idle_time, kept_after_restart) : Millis{0};
    if (need.replicas >= lowest && (memory.clock - need.at < idle_time || memory.clock < unseen))
      return std::min(need.replicas, highest);
  }
  return 0;
}

struct Kept {
  std::int32_t replicas = 0;
  IdleTime idle_time{};
};

/// What is kept of the replicas above `floor`.
Kept kept_above(const Deliberation& d, std::int32_t floor) {
  auto highest = d.current;
  while (highest > floor) {
    const auto first = std::max(first_layer(layer_group(highest)), floor + 1);
    const auto idle_time = idle_time_of(d, first);
    const auto kept = kept_of(d.memory.keep_alive, first, highest, idle_time.length);
    if (kept > 0) return {.replicas = kept, .idle_time = idle_time};
    highest = first - 1;
  }
  return {};
}

}  // namespace

bool learns_idle_times(const ScalingPolicy& policy) {
  return policy.scale_to_zero.keep_alive == KeepAlive::Learned;
}

IdleTime idle_time_of(const Deliberation& d, std::int32_t layer) {
  const auto& rules = d.policy.scale_to_zero;
  const IdleTime fixed{.length = Seconds(rules.idle_after_seconds), .gaps = 0};
  if (!learns_idle_times(d.policy)) return fixed;
  const auto& layers = d.memory.keep_alive.layers;
  const auto group = layer_group(layer);
  if (group >= layers.size() || layers[group].gaps < gaps_trusted) return fixed;
  const auto cold_start = expected_cold_start(rules, d.memory.cold_starts).p50;
  const Millis learned =
      best_idle_time(layers[group], cold_start + Seconds(rules.replica_seconds_per_miss));
  return {.length = std::max(fixed.length, learned), .gaps = layers[group].gaps};
}

void forget_needs(Deliberation& d) {
  auto& memory = d.memory.keep_alive;
  memory.clock = Millis{0};
  memory.counted_to.reset();
  memory.needed = 0;
  memory.needs.clear();
  if (learns_idle_times(d.policy) && d.current > 0)
    memory.needs.push_back({.at = before_the_clock, .replicas = d.current});
}

std::vector<KeepAliveMemory::Need> needs_told(const std::vector<TimedReplicas>& told,
                                              Instant now) {
  std::vector<Need> needs;
  for (const auto& [at, replicas] : told) {
    const bool is_last = &replicas == &told.back().replicas;
    const auto age = is_last ? Millis{0} : std::max(now - at, Millis{0});
    const bool in_order = needs.empty() || (replicas < needs.back().replicas &&
                                            before_the_clock - age >= needs.back().at);
    if (replicas > 0 && in_order) needs.push_back({before_the_clock - age, replicas});
  }
  return needs;
}

void take_up_needs(Deliberation& d) {
  const auto told = std::exchange(d.memory.keep_alive.told, {});
  forget_needs(d);
  // Where more replicas are there than were told of, those are as good as needed until now.
  if (!learns_idle_times(d.policy) || told.empty() || told.front().replicas < d.current) return;
  d.memory.keep_alive.needs = needs_told(told, d.now);
}

std::vector<TimedReplicas> last_needs(const KeepAliveMemory& memory, Instant now) {
  if (!memory.told.empty()) return memory.told;
  std::vector<TimedReplicas> all;
  if (memory.needs.empty() && !memory.counted_to) return all;
  const auto last = memory.counted_to.value_or(now);
  for (const auto& need : memory.needs)
    if (need.replicas > memory.needed)
      all.push_back({last - (memory.clock - need.at), need.replicas});
  all.push_back({last, memory.needed});
  while (all.size() > told_needs_max) {
    all[1].replicas = all[0].replicas;
    all.erase(all.begin());
  }
  return all;
}

void learn_needs(Deliberation& d) {
  auto& memory = d.memory.keep_alive;
  if (!learns_idle_times(d.policy)) {
    if (memory.counted_to || !memory.layers.empty()) memory = {};
    return;
  }
  const auto needed = needed_now(d);
  if (!needed) return memory.counted_to.reset();
  run_clock(memory, d);
  measure_gaps(memory, *needed);
  note_need(memory, *needed);
}

void keep_alive(Deliberation& d) {
  if (!learns_idle_times(d.policy) || d.number >= d.current) return;
  const bool knows_something = std::ranges::any_of(
      d.wishes, [](const Wish& wish) { return wish.standing == Standing::Counts; });
  // The owner's word, where nothing is known. Which signal speaks must not matter: it depends on
  // their values, and more demand would keep less.
  if (d.cause == Reason::FallbackActive && !knows_something) return;
  // Of the first replica the idle time alone decides.
  const auto floor = std::max(d.number, d.policy.allows_zero() ? 1 : d.policy.min_replicas);
  const auto kept = kept_above(d, floor);
  if (kept.replicas <= d.number) return;
  const auto* const need = last_need_of(d.memory.keep_alive, kept.replicas);
  Numbers text(d.telling);
  text << "replica " << kept.replicas << " was needed "
       << d.memory.keep_alive.clock - (need == nullptr ? Millis{0} : need->at)
       << " ago, is kept for " << kept.idle_time.length;
  if (kept.idle_time.gaps > 0)
    text << " (learned from " << std::int32_t{kept.idle_time.gaps} << " gaps)";
  d.limit_to("keep-alive", kept.replicas, Reason::KeptAlive, text.text());
}

}  // namespace poolscaler::engine
