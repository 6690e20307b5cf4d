// Caps: how much may still be started under the limits of budgets, exactly and in closed form.
//
// Source of the formulas: money.md, "Definitions for the control loop". With H the time that what
// is started is kept at least, and rem the time to the end of the period, n more at price p are
// admitted by
//   Rate:     rate + n p <= most
//   Accrued:  accrued + (rate + n p) min(H, rem) + floor (rem - min(H, rem)) <= most
// What is kept into the next period has to fit into its amount, too: a cap of a period that has not
// begun is about the part of H that lies in it.
// All in integers of 1/3,600,000 nano-dollar, so that nothing is rounded in anyone's favour.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "poolscaler/domain/amount.hpp"
#include "poolscaler/domain/time_zone.hpp"
#include "poolscaler/money/period.hpp"

namespace poolscaler::money {

/// At every moment at most this rate.
struct RateCap {
  HourlyRate most;
  int pace_percent = 0;  // what it is of the pace of an accrued amount, where it is that
};

/// What is started is billed for at least this long, whatever hold is said.
inline constexpr Millis hold_min = std::chrono::seconds(60);

/// At most this much in a period, which is guaranteed by what is admitted.
struct AccruedCap {
  PeriodKind kind;
  Period period;
  Amount most;
  Amount accrued;      // rounded up
  HourlyRate floor{};  // of what is protected: it is spent to the end of the period
  bool next = false;   // it is about the period after the one that runs
};

/// Whose limit it is: a CostBudget's, or one that a policy or a pool sets itself.
enum class LimitOwner { Budget, Policy, Pool };
[[nodiscard]] std::string_view name_of(LimitOwner owner);  // "budget", in words

/// When the rule of a budget lets growth go on: both have to be so, or its next period begins.
struct Resumption {
  int percent;                        // used at most
  std::optional<Instant> earliest{};  // where that is yet to come
};

/// One limit of one budget, and where it stands. `rate` is of all nodes that are billed now and of
/// what has been granted but is not there yet.
struct Limit {
  std::string budget;  // or the policy or pool
  std::variant<RateCap, AccruedCap> cap;
  HourlyRate rate{};
  Millis hold{};        // how long what runs now is kept at least
  Millis notice{};      // comes on top of every hold: until its owner has taken something
  bool frozen = false;  // reached, and not yet resumed (guard.hpp)
  LimitOwner owner = LimitOwner::Budget;
  std::string name{};   // among the owner's limits
  std::string trouble{};  // why what it limits cannot be counted; it is frozen then
  std::optional<Resumption> resumption{};  // of one that is frozen
};

/// "budget team-a: 98.31 of 100.00 an hour", "policy shop/web (maxHourly): ...", or its trouble.
[[nodiscard]] std::string shown(const Limit& limit);

/// Why it refuses something at this price: what is shown, whether it is frozen, and when growth may
/// resume. A rate that one more would exceed alone has to be raised.
[[nodiscard]] std::string refusal_words(const Limit& limit, HourlyRate price = {});

/// "at 95 % and not before 2026-03-01T10:10:00Z", "at 95 %"
[[nodiscard]] std::string words_of(const Resumption& resumption);

/// "when the rate has fallen", or "at 95 % and not before ..." of what is frozen, or "at ..., when
/// the next one begins", or when it can be counted.
[[nodiscard]] std::string resumes(const Limit& limit);

inline constexpr std::int64_t no_bound = std::numeric_limits<std::int64_t>::max();

/// What is asked for: so many, each at this price for at least `hold`.
struct Growth {
  std::int64_t count;
  std::optional<HourlyRate> price;  // nothing: unknown, and nothing grows
  Millis hold{};
};

/// The largest number that one limit admits; no_bound where the price is 0, which costs nothing.
/// Never negative.
[[nodiscard]] std::int64_t most_admitted(const Limit& limit, HourlyRate price, Millis hold,
                                         Instant now);

/// Of orders that are in the limit's rate: how many have to be given up, lest more are kept than
/// the limit would admit. 0 where they all may come, and where giving up saves nothing. They have
/// been on order for `waited`: what would have been admitted then, and has only been waited for
/// since, is none of it. What is frozen is what was reached, not what may come.
[[nodiscard]] std::int64_t excess_orders(const Limit& limit, const Growth& orders, Millis waited,
                                         Instant now);

/// Nothing more is admitted: the limit's period has ended.
[[nodiscard]] bool is_over(const Limit& limit, Instant now);

/// The limit on what reaches into the next period; nothing where nothing does.
[[nodiscard]] std::optional<Limit> next_period(const Limit& limit, const TimeZone& zone,
                                               Instant now);

struct Admission {
  std::int64_t granted;               // 0 to what was asked for
  std::optional<std::size_t> binding; // the limit that admits least, where it cut something
  std::string words;  // "2 asked, 1 granted: budget team-a: ...; may resume ..."; empty: all
};

/// All limits must pass; the largest partial grant is given.
[[nodiscard]] Admission admit(std::span<const Limit> limits, const Growth& growth, Instant now);

/// Rates by hour of the week, Monday 00:00 first, in local time.
using WeekProfile = std::array<HourlyRate, 168>;

/// Accrued at the end of the period when the rate stays as it is.
[[nodiscard]] Amount worst_projection(const AccruedCap& cap, HourlyRate rate, Instant now);
/// ... when the hours that are left cost what such hours usually do.
[[nodiscard]] Amount typical_projection(const AccruedCap& cap, const WeekProfile& profile,
                                        const TimeZone& zone, Instant now);

/// What may be spent an hour to have all of it at the end and no less; rounded down.
[[nodiscard]] HourlyRate pace(const AccruedCap& cap, Instant now);
/// When the amount is spent at this rate, as far as that is within the period.
[[nodiscard]] std::optional<Instant> exhausted_at(const AccruedCap& cap, HourlyRate rate,
                                                  Instant now);

/// Used of the limit, in hundredths of a percent: 4100 of 10000 dollars is 4100. Rounded up.
[[nodiscard]] std::int64_t used_basis_points(const Limit& limit);
/// The same of an amount, such as a projection.
[[nodiscard]] std::int64_t basis_points(Amount part, Amount whole);

}  // namespace poolscaler::money
