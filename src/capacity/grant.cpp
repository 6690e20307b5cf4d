// What the plan grants a policy, as the engine takes it.
#include <algorithm>

#include "poolscaler/capacity/plan.hpp"

namespace poolscaler::capacity {
namespace {

Reason reason_of(const Granted& granted, std::span<const money::Limit> limits,
                 const PoolSurvey& pool) {
  switch (granted.refusal) {
    case money::Refusal::None:
    case money::Refusal::Pool: return Reason::CappedByPool;
    case money::Refusal::Late:
    case money::Refusal::Others: return Reason::AwaitingNodes;
    case money::Refusal::Unpriced:
      return std::ranges::any_of(pool.groups,
                                 [](const GroupSurvey& group) {
                                   return group.quote.state == money::PriceState::Stale;
                                 })
                 ? Reason::PriceStale
                 : Reason::PriceUnknown;
    case money::Refusal::Budget: break;
  }
  if (!granted.limit) return Reason::CappedByPolicyCost;  // its maxAddedHourly
  const auto& limit = limits[*granted.limit];
  if (!limit.trouble.empty()) return Reason::BudgetInvalid;
  switch (limit.owner) {
    case money::LimitOwner::Policy: return Reason::CappedByPolicyCost;
    case money::LimitOwner::Pool: return Reason::CappedByPool;
    case money::LimitOwner::Budget: return Reason::CappedByBudget;
  }
  return Reason::CappedByBudget;
}

}  // namespace

Grant grant_of(const Granted& granted, std::span<const money::Limit> limits,
               const PoolSurvey& pool) {
  return {.most = static_cast<std::int32_t>(granted.most),
          .reason = reason_of(granted, limits, pool),
          .words = granted.words};
}

}  // namespace poolscaler::capacity
