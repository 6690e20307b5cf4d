// The one catalogue of reasons. Every change and every non-change carries one of these words; they
// appear verbatim in conditions, events, metric labels, logs and the command line, so a word that
// has been released is never renamed. A new reason is one line here.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace poolscaler {

// X(name, text)
#define POOLSCALER_REASONS(X)                                                                    \
  /* a change */                                                                                 \
  X(SignalAboveTarget, "a signal asks for more replicas than there are")                         \
  X(SignalBelowTarget, "the signals ask for fewer replicas than there are")                      \
  X(WokenFromZero, "a signal rose above its activation while the target stood at zero")          \
  X(IdleToZero, "every signal was inactive for the whole idle time, on fresh data")              \
  X(BelowMinimum, "the target had fewer replicas than minReplicas")                              \
  X(AboveMaximum, "the target had more replicas than maxReplicas")                               \
  X(ScheduleFloor, "a schedule window's floor is above what is asked for otherwise")             \
  X(ScheduleCeiling, "a schedule window's ceiling is below what is asked for otherwise")         \
  X(SchedulePin, "a schedule window pins the replicas")                                          \
  X(ScheduleOff, "a schedule window holds the target at zero")                                   \
  X(PreWarming, "a schedule window's floor is brought up one cold start before the window")      \
  X(ForecastAboveSignals, "the forecast asks for more replicas than the signals do now")         \
  X(OutsideWindow, "no signal is declared, and no schedule window is open")                      \
  X(FallbackActive, "a signal has had no usable data for so long that the fallback decides")     \
  X(ShedByBudget, "a budget is exceeded, and its rule Shed takes replicas")                      \
  X(ZeroedByBudget, "a budget is exceeded, and its rule ScaleToZero takes every replica")        \
  X(CapacityInterrupted, "the provider takes a node back, and its work goes elsewhere")          \
  X(ChangedBeforeRestart, "a change was made so shortly before a restart that its reason is lost") \
  /* no change */                                                                                \
  X(AtTarget, "the signals ask for exactly the replicas that there are")                         \
  X(WithinTolerance, "the signals differ from their targets by less than the tolerance")         \
  X(Stabilized, "the stabilization window remembers a recommendation that forbids the change")   \
  X(RateLimited, "the scaling policies allow no change in this period")                          \
  X(ScalingDisabled, "selectPolicy Disabled forbids this direction")                             \
  X(AtMaximum, "more replicas are asked for than maxReplicas allows")                            \
  X(AtMinimum, "fewer replicas are asked for than minReplicas allows")                           \
  X(IdleCountdown, "inactive, but not yet for the whole idle time")                              \
  X(ColdStartGrace, "a replica is starting, or policy, target or wake is too new for zero")       \
  X(KeptAlive, "replicas are kept that will likely be needed again soon")                        \
  X(AwaitingFreshWindow, "the operator has not yet seen a full window of fresh data")            \
  X(WaitingForCapacity, "replicas that were asked for earlier are not ready yet")                \
  X(AwaitingNodes, "nodes that were asked for earlier are not ready yet")                        \
  X(CappedByBudget, "a budget has no room for all the replicas that are asked for")              \
  X(CappedByPolicyCost, "the cost that the policy allows itself has no room for more replicas")  \
  X(CappedByPool, "the pool has no free accelerators for more replicas, and may add no node")    \
  X(PriceUnknown, "nobody knows what a node costs, and nothing grows on an unknown price")       \
  X(PriceStale, "the price of a node is too old, and nothing grows on a stale price")            \
  X(ScaledToZero, "the target stands at zero and no signal is above its activation")             \
  X(ReadByFormula, "the formula reads the signal, which asks for no replicas of its own")        \
  X(AbsentIsZero, "a signal has no series, which counts as 0, since its onMissing is Zero")      \
  X(MetricAbsent, "a signal has no series, which never lowers replicas")                         \
  X(MetricNotANumber, "a signal is NaN or infinite, which never lowers replicas")                \
  X(MetricStale, "a signal is older than its maxAgeSeconds, which never lowers replicas")        \
  X(MetricPartial, "a signal's answer is incomplete or ambiguous, which never lowers replicas")  \
  X(MetricError, "a signal could not be read, which never lowers replicas")                      \
  X(ForecastNotAbove, "the forecast asks for no more replicas than the signals do")              \
  X(ForecastShadow, "the forecast asks for more replicas, but mode Shadow only reports it")      \
  X(ForecastUnproven, "the back-test of the forecast does not beat the last value: it is silent")\
  X(ForecastNoHistory, "a signal has no usable history, so it is not forecast")                  \
  X(Paused, "the policy is paused")                                                              \
  X(ScaleUpPaused, "the policy's scale-up is paused")                                            \
  X(ScaleDownPaused, "the policy's scale-down is paused")                                        \
  X(Recommending, "mode Recommend decides and reports, but writes nothing")                      \
  /* nothing can be done */                                                                      \
  X(InvalidSpec, "the policy's spec has errors")                                                 \
  X(TargetNotFound, "the scale target does not exist")                                           \
  X(TargetNotScalable, "the scale target has no scale subresource and cannot be suspended")      \
  X(TargetEnded, "the job has ended, so there is nothing to suspend or to resume")               \
  X(TargetManagedElsewhere, "Kueue decides when the job runs")                                   \
  X(TargetReplaced, "the scale target was deleted and made again, so its history starts anew")   \
  X(TargetDeleting, "the scale target is being deleted")                                         \
  X(MetricSourceNotFound, "a signal names a MetricSource that does not exist")                   \
  X(MetricSourceInvalid, "a signal names a MetricSource that has errors")                        \
  X(MetricSourceFailing, "the server of a MetricSource answers no query")                        \
  X(RawQueryForbidden, "the MetricSource allows no raw query for this namespace")                \
  X(ConflictingAutoscaler, "an HPA or a ScaledObject scales the same target")                    \
  X(ConflictingPolicy, "an older ScalingPolicy scales the same target")                          \
  X(PoolNotFound, "the policy names an AcceleratorPool that does not exist")                     \
  X(PoolInvalid, "the AcceleratorPool has errors, so nothing grows on it")                       \
  X(BudgetInvalid, "a CostBudget has errors, so nothing grows that it may be about")             \
  X(GroupNotFound, "the object behind a group of nodes does not exist")                          \
  X(GroupManagedElsewhere, "something else owns the number of nodes of a group")                 \
  X(NodesAmbiguous, "the nodes of a group cannot be told from those of another")                 \
  X(NotReadable, "the operator may not read what it decides on, so nothing grows on it")         \
  X(ExternalWriter, "something else keeps resetting the replicas of the target")                 \
  X(WriteFailed, "the API server refused or could not take the write")                           \
  X(InternalError, "a bug froze this policy until its spec changes")                             \
  /* conditions in their good state */                                                           \
  X(Accepted, "the policy is valid and its target is found")                                     \
  X(SignalsHealthy, "every signal has fresh data")                                               \
  X(NotLimited, "nothing keeps the replicas from what the signals ask for")                      \
  X(Active, "a signal is above its activation")                                                  \
  X(Inactive, "no signal is above its activation")                                               \
  X(NotPaused, "the policy is not paused")                                                       \
  X(NoConflict, "nothing else scales the target")                                                \
  X(NoFallback, "no signal is replaced by the fallback")                                         \
  X(AwaitingFirstRound, "the policy has not been decided yet")                                   \
  /* pools and budgets */                                                                        \
  X(Valid, "the object has no errors and is acted on")                                           \
  X(NodesAdded, "nodes are asked for, for replicas that need them or to stay warm")              \
  X(NodesRemoved, "nodes that nobody needs are given back")                                      \
  X(NodeDraining, "a node is emptied before it is given back")                                   \
  X(DrainTimedOut, "a node could not be emptied in time, so it stays")                           \
  X(CapacityAvailable, "every group gives the nodes that it is asked for")                       \
  X(CapacityLimited, "a group gives fewer nodes than are needed")                                \
  X(SpotRefused, "the provider gives no spot node, so another kind is asked for")                \
  X(NothingDraining, "no node is being emptied")                                                 \
  X(PricesKnown, "every node has a fresh price")                                                 \
  X(BudgetThreshold, "a share of a budget is spent that somebody wants to know of")              \
  X(BudgetExceeded, "a budget has reached its limit")                                            \
  X(BudgetResumed, "a budget has room again, and growth goes on")                                \
  X(BudgetWithin, "a budget is below its limits")                                                \
  X(ForecastExceeded, "at this rate a budget will be spent before its period ends")              \
  X(ForecastWithin, "at this rate a budget will last until its period ends")                     \
  X(CostAnomaly, "an hour costs much more than such hours do")                                   \
  X(CostUsual, "the last hour cost what such hours do")

enum class Reason {
#define X(name, text) name,
  POOLSCALER_REASONS(X)
#undef X
};

/// The CamelCase word itself.
[[nodiscard]] std::string_view name_of(Reason reason);
/// One sentence without a full stop.
[[nodiscard]] std::string_view text_of(Reason reason);

/// docs/reference/reasons.md, which a test compares.
[[nodiscard]] std::string reasons_page();

inline constexpr std::array all_reasons = {
#define X(name, text) Reason::name,
    POOLSCALER_REASONS(X)
#undef X
};

}  // namespace poolscaler
