// What a limit leaves, and what something costs it, in one exact unit: nano-dollars an hour for a
// rate, 1/3,600,000 nano-dollars for an accrued amount.
#pragma once

#include "poolscaler/money/caps.hpp"
#include "wide.hpp"

namespace poolscaler::money {

/// Negative where the limit is exceeded. A frozen limit has none.
[[nodiscard]] Wide room_of(const Limit& limit, Instant now);
/// `price` for its hold. 0 only where the price is 0, or the
/// period is over or begins after the hold.
[[nodiscard]] Wide cost_in(const Limit& limit, HourlyRate price, Millis hold, Instant now);

}  // namespace poolscaler::money
