// Which policies a book's limits lower, and in which steps. Values only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/amount.hpp"
#include "poolscaler/money/guard.hpp"

namespace poolscaler::money {

struct BudgetRound;
struct Standings;

/// What a policy has, for shedding. Replicas that are alike.
struct Holding {
  std::size_t tenant;
  std::int64_t replicas = 0;      // that it is to have (spec.replicas), however many pods there are
  std::int64_t accelerators = 1;  // of one
  HourlyRate price{};             // marginal, of one; 0 where it sits on what is paid anyway
  std::int64_t protected_replicas = 0;  // PolicyCost's, or minReplicas where that is more
  /// Of `replicas`, those that are on no node yet, and what one of them will cost: where the others
  /// cost nothing, or there are none, these are what an accrued amount has to lose.
  std::int64_t waiting = 0;
  HourlyRate coming{};
  bool over_quota = false;
  bool checkpointed = false;
  bool spot = false;
  Instant started{};  // of the newest
};

/// At most so many replicas now, because of a limit.
struct MostReplicas {
  std::size_t holding;  // index
  std::int64_t most;
  std::string budget;
  std::string limit;
  GuardAct act;  // Shed or ScaleToZero
  std::string words;
};

/// What a budget has taken in the step that it takes at the moment.
struct ShedStep {
  std::optional<Instant> began{};  // nothing: it has taken nothing yet
  std::int64_t left = 0;           // replicas that it may still take
  std::map<std::string, std::int64_t> most{};  // what each policy has left, by its name
};
/// By budget. Whoever starts anew has none.
using ShedSteps = std::map<std::string, ShedStep>;

/// Which of `holdings` to lower in this round, by the limits that say Shed or ScaleToZero in
/// `standings`, which are those of `round`. What was lowered before and has not gone yet counts as
/// gone, and so do nodes that nobody uses: nothing is taken twice. However often it is asked, a
/// budget takes one step in `round.between`, and says the same of it until that time is over; but
/// for an amount that holds no longer if it waits.
[[nodiscard]] std::vector<MostReplicas> most_replicas(const BudgetRound& round,
                                                      const Standings& standings,
                                                      std::span<const Holding> holdings,
                                                      ShedSteps& steps);

}  // namespace poolscaler::money
