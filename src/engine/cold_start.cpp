// Cold starts are measured by counting: replicas that were asked for are outstanding until as many
// more are ready, in the order in which they were asked for. It counts only while everything adds
// up, since a wrong sample is worse than none: when the replicas that are not ready are not just
// the outstanding ones (one that worked has failed, one is broken or cannot be scheduled), when
// nobody has looked for a while or the clock has jumped, all that is outstanding is given up.

#include "poolscaler/engine/cold_start.hpp"

#include <algorithm>

#include "deliberation.hpp"

namespace poolscaler::engine {
namespace {

/// Samples are whole tenths of a second.
constexpr Millis cold_start_at_least{100};
/// What takes longer was held up by something else.
constexpr Millis cold_start_at_most{Seconds{3600}};
constexpr std::size_t asked_max = 32;

void remember_sample(ColdStarts& starts, Millis took) {
  if (starts.samples == cold_starts_max) {
    std::shift_left(starts.tenths.begin(), starts.tenths.end(), 1);
    --starts.samples;
  }
  starts.tenths[starts.samples++] = static_cast<std::uint16_t>(took.count() / 100);
}

/// The last of them were asked for last, and go first.
void withdraw(ColdStarts& starts, std::int32_t replicas) {
  while (replicas > 0 && !starts.asked.empty()) {
    auto& last = starts.asked.back();
    const auto taken = std::min(replicas, last.replicas);
    replicas -= taken;
    last.replicas -= taken;
    if (last.replicas == 0) starts.asked.pop_back();
  }
}

/// When the size that is seen now was asked for: with our own write, else just now.
Instant asked_at(const Deliberation& d) {
  const auto& ours = d.memory.last_scale;
  const auto& looked = d.memory.cold_starts.looked_at;
  return ours && looked && *ours >= *looked ? *ours : d.now;
}

void follow_size(Deliberation& d) {
  auto& starts = d.memory.cold_starts;
  if (d.current <= 0) d.memory.woken_at.reset();
  const auto before = std::exchange(starts.replicas, d.current);
  if (!before || *before == d.current) return;
  if (d.current < *before) return withdraw(starts, *before - d.current);
  const auto at = asked_at(d);
  if (*before <= 0) d.memory.woken_at = at;
  starts.asked.push_back({at, d.current - std::max(*before, 0)});
  if (starts.asked.size() > asked_max) starts.asked.clear();
}

/// When those that are ready since the last look became so.
Instant ready_at(const Deliberation& d, Instant asked) {
  const auto& latest = d.observation.target.pods.latest_ready;
  return latest && asked < *latest && *latest <= d.now ? *latest : d.now;
}

void follow_readiness(Deliberation& d) {
  auto& asked = d.memory.cold_starts.asked;
  if (asked.empty()) return;
  const auto& pods = d.observation.target.pods;
  std::int64_t outstanding = 0;
  for (const auto& ask : asked) outstanding += ask.replicas;
  const auto unready = std::int64_t{d.current} - std::clamp(pods.ready, 0, d.current);
  auto became_ready = outstanding - unready;
  if (became_ready < 0 || pods.unschedulable > 0 || pods.restarting > 0) return asked.clear();
  while (became_ready > 0) {
    auto& first = asked.front();
    const auto took = ready_at(d, first.at) - first.at;
    if (took >= cold_start_at_least && took <= cold_start_at_most)
      remember_sample(d.memory.cold_starts, took);
    --became_ready;
    if (--first.replicas == 0) asked.erase(asked.begin());
  }
}

/// Of sorted samples; the nearest rank.
Millis percentile(const std::vector<Millis>& sorted, std::size_t percent) {
  const auto rank = (sorted.size() * percent + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace

void follow_starts(Deliberation& d) {
  auto& starts = d.memory.cold_starts;
  const Millis rounds_two = 2 * Seconds(d.policy.interval_seconds);
  if (starts.looked_at && (d.now < *starts.looked_at || d.now - *starts.looked_at > rounds_two))
    starts.asked.clear();
  follow_size(d);
  follow_readiness(d);
  starts.looked_at = d.now;
}

std::vector<Millis> samples_of(const ColdStarts& starts) {
  std::vector<Millis> samples;
  for (std::size_t i = 0; i < starts.samples; ++i)
    samples.emplace_back(std::int64_t{starts.tenths[i]} * 100);
  return samples;
}

ColdStarts cold_starts_from(const std::vector<Millis>& samples) {
  ColdStarts starts;
  for (const auto sample : samples)
    if (sample >= cold_start_at_least && sample <= cold_start_at_most)
      remember_sample(starts, sample);
  return starts;
}

ColdStartEstimate measured_cold_start(const ColdStarts& starts) {
  if (starts.samples == 0) return {.p50 = {}, .p90 = {}, .samples = 0, .learned = false};
  auto samples = samples_of(starts);
  std::ranges::sort(samples);
  return {.p50 = percentile(samples, 50),
          .p90 = percentile(samples, 90),
          .samples = samples.size(),
          .learned = samples.size() >= cold_starts_trusted};
}

ColdStartEstimate expected_cold_start(const ScaleToZero& policy, const ColdStarts& starts) {
  if (starts.samples >= cold_starts_trusted) return measured_cold_start(starts);
  const Seconds reckoned = policy.expected_cold_start_seconds
                               ? Seconds(*policy.expected_cold_start_seconds)
                               : cold_start_unknown;
  return {.p50 = reckoned, .p90 = reckoned, .samples = starts.samples, .learned = false};
}

}  // namespace poolscaler::engine
