// What pool and budgets have granted. A grant keeps replicas from being added, also those that a
// floor, minReplicas or the fallback ask for; it takes some only where a budget's rule says so. A
// pin stands above it: it is written, and that nobody pays for it is said.

#include <algorithm>

#include "deliberation.hpp"

namespace poolscaler::engine {
namespace {

std::string_view stage_of(const Grant& grant) {
  if (grant.takes) return "shed";
  const bool by_pool = grant.reason == Reason::CappedByPool ||
                       grant.reason == Reason::PoolNotFound ||
                       grant.reason == Reason::PoolInvalid || grant.reason == Reason::AwaitingNodes;
  return by_pool ? "pool" : "money";
}

bool is_pinned(const Deliberation& d) {
  return d.lowest.window != nullptr && d.lowest.held == Reason::SchedulePin &&
         d.lowest.replicas == d.highest.replicas;
}

/// Replicas that wait for capacity, of which the grant says why they have none.
bool waits_for(const Grant& grant, const Deliberation& d) {
  return d.number == d.current && d.hold == Reason::WaitingForCapacity && !grant.takes &&
         grant.most <= d.current && !grant.words.empty();
}

}  // namespace

void keep_to_grant(Deliberation& d) {
  const auto& grant = d.observation.grant;
  if (!grant) return;
  const auto most = std::max(grant->takes ? grant->most : std::max(grant->most, d.current), 0);
  if (waits_for(*grant, d)) {
    d.propose(stage_of(*grant), d.number, grant->reason, grant->words);
    d.hold = grant->reason;
    d.unpaid = grant->reason;
  }
  if (d.number <= most) return;
  if (is_pinned(d)) {
    d.propose(stage_of(*grant), d.number, grant->reason, grant->words);
    d.unpaid = grant->reason;
    return;
  }
  d.limit_to(stage_of(*grant), most, grant->reason, grant->words);
  if (most < d.current) d.cause = grant->reason;
}

}  // namespace poolscaler::engine
