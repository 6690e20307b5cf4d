// The guard of one limit: what happens as it fills up. Thresholds are said once a period, growth is
// frozen when the limit is reached and resumes when there is clearly room again, and what is over
// it, or would be before it is gone, is shed only where that was asked for, after a grace.
// (money.md, "At the thresholds".)
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "poolscaler/domain/amount.hpp"
#include "poolscaler/money/period.hpp"

namespace poolscaler::money {

/// What is done when the limit is reached.
enum class OnLimit {
  Freeze,       // nothing grows
  Shed,         // ... and replicas are taken, down to what is protected
  ScaleToZero,  // ... and what is protected, too
  Notify,       // it is said, and nothing is done
};

struct GuardRules {
  std::vector<int> thresholds = {50, 80, 100};  // percent, ascending
  OnLimit on_limit = OnLimit::Freeze;
  Millis grace = std::chrono::seconds(120);  // over the limit for this long before it sheds
  int resume_at_percent = 95;
  Millis cool_down = std::chrono::seconds(600);  // frozen for at least this long
};

/// What is remembered between rounds; small, so that it fits into a status.
struct GuardState {
  Instant period_begin{};
  Amount amount{};
  std::vector<int> fired{};       // thresholds said in this period
  std::array<bool, 3> near{};     // the last rounds, newest first: near the limit
  bool warned = false;
  std::optional<Instant> frozen_since{};
  std::optional<Instant> over_since{};
  bool operator==(const GuardState&) const = default;
};

struct GuardReading {
  Instant now;
  Instant period_begin;
  Amount amount;         // a change of it arms everything again
  std::int64_t used_basis_points;
  std::int64_t forecast_basis_points = 0;
  bool trusted = true;  // prices are fresh: nothing is shed on others
  /// What runs has to be taken from now on, or more is spent than the amount before it is gone.
  /// Counts as being over the limit where something is taken.
  bool last_moment = false;
  /// Of a rate, which has no period: a day that begins lets thresholds be said again, no more.
  bool continuous = false;
};

enum class GuardAct { None, Freeze, Shed, ScaleToZero };
[[nodiscard]] std::string_view name_of(GuardAct act);

struct GuardVerdict {
  GuardState state;
  std::vector<int> fired{};  // thresholds reached just now
  /// 80 % used, or a forecast of 100 %, in 2 of 3 rounds; until used is below 75 % and the forecast
  /// below 95 %. Prefer cheaper capacity, keep nothing warm.
  bool warned = false;
  GuardAct act = GuardAct::None;
  std::optional<Instant> resumes_earliest{};  // while frozen; the next period comes first if sooner
};

[[nodiscard]] GuardVerdict judge(GuardState state, const GuardRules& rules,
                                 const GuardReading& reading);

}  // namespace poolscaler::money
