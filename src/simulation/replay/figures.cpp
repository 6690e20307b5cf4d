#include <algorithm>
#include <numeric>

#include "poolscaler/simulation/replay/replay.hpp"

namespace poolscaler::replay {
namespace {

/// The nearest rank of `percent` among `count` waits, of which those not in `waits` are zero.
double nearest_rank(std::vector<Micros>& waits, std::int64_t count, std::int64_t percent) {
  if (count == 0) return 0;
  const auto rank = (count * percent + 99) / 100;  // from 1
  const auto zeros = count - std::ssize(waits);
  if (rank <= zeros) return 0;
  const auto nth = waits.begin() + (rank - zeros - 1);
  std::ranges::nth_element(waits, nth);
  return seconds_of(*nth);
}

}  // namespace

void Tally::add(Tally&& other) {
  replica_micros += other.replica_micros;
  requests += other.requests;
  delayed += other.delayed;
  unserved += other.unserved;
  restarted += other.restarted;
  cold_starts += other.cold_starts;
  starts_from_zero += other.starts_from_zero;
  decisions += other.decisions;
  most_replicas = std::max(most_replicas, other.most_replicas);
  if (waits.empty()) {
    waits = std::move(other.waits);
  } else {
    waits.insert(waits.end(), other.waits.begin(), other.waits.end());
  }
  for (std::size_t i = 0; i < reasons.size(); ++i) reasons[i] += other.reasons[i];
  if (!other.spending) return;
  if (!spending) spending.emplace();
  spending->add(*other.spending);
}

Figures figures_of(Tally tally) {
  auto& waits = tally.waits;
  const auto count = tally.requests;
  Figures figures{.replica_seconds = static_cast<double>(tally.replica_micros) / 1e6,
                  .requests = count,
                  .delayed = tally.delayed,
                  .unserved = tally.unserved,
                  .restarted = tally.restarted,
                  .cold_starts = tally.cold_starts,
                  .starts_from_zero = tally.starts_from_zero,
                  .decisions = tally.decisions,
                  .most_replicas = tally.most_replicas,
                  .reasons = tally.reasons,
                  .spending = tally.spending};
  if (count == 0) return figures;
  const auto total = std::accumulate(waits.begin(), waits.end(), Micros(0));
  figures.delayed_share = static_cast<double>(tally.delayed) / static_cast<double>(count);
  figures.wait_mean = seconds_of(total) / static_cast<double>(count);
  figures.wait_p50 = nearest_rank(waits, count, 50);
  figures.wait_p95 = nearest_rank(waits, count, 95);
  figures.wait_p99 = nearest_rank(waits, count, 99);
  figures.wait_max = waits.empty() ? 0 : seconds_of(std::ranges::max(waits));
  return figures;
}

}  // namespace poolscaler::replay
