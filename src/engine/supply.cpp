#include "supply.hpp"

#include <algorithm>

#include "poolscaler/engine/cold_start.hpp"

namespace poolscaler::engine {
namespace {

constexpr Seconds starting_at_least{600};

}  // namespace

Size size_of(const Deliberation& d) {
  const auto& pods = d.observation.target.pods;
  return {.current = d.current,
          .ready = std::max(pods.ready, 0),
          .unready = std::max(pods.starting, 0) + std::max(pods.unschedulable, 0)};
}

bool is_starting(const Deliberation& d) {
  const auto& pods = d.observation.target.pods;
  if (pods.starting <= 0) return false;
  if (!pods.youngest) return true;
  const auto p90 = expected_cold_start(d.policy.scale_to_zero, d.memory.cold_starts).p90;
  return d.now - *pods.youngest < std::max<Millis>(2 * p90, starting_at_least);
}

Proposal guard_supply(Proposal proposal, double demand, const Size& size) {
  if (size.current <= 0) return proposal;
  const bool nothing_to_judge_by = size.ready <= 0 && demand > 0;
  if (proposal.ratio > 1 || nothing_to_judge_by)
    proposal.replicas = std::max(proposal.replicas, size.current);
  if (proposal.ratio < 1)
    proposal.replicas = std::min(proposal.replicas, size.current);
  return proposal;
}

}  // namespace poolscaler::engine
