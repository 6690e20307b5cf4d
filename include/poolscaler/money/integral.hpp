// Integral: rate x time summed up without drift.
//
// A rate is nano-dollars per hour and time is milliseconds, so one product is a multiple of
// 1/3,600,000 nano-dollar. What does not make a whole nano-dollar is carried, hence sums are exact:
// they do not depend on how time was cut into pieces. (money.md, "Ledger": integer integration.)
#pragma once

#include <compare>
#include <cstdint>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/amount.hpp"

namespace poolscaler::money {

/// A value; safe to copy and share.
class Integral {
 public:
  static constexpr std::int64_t parts = 3'600'000;  // of a nano-dollar; milliseconds of an hour

  constexpr Integral() = default;
  /// From what was stored; a rest that cannot be is taken as 0.
  [[nodiscard]] static Integral of(Amount whole, std::int64_t rest);

  /// Adds `rate` for `time`. Neither is negative and `time` is at most 50 years (CHECKed).
  /// Saturates as amounts do.
  void add(HourlyRate rate, Millis time);
  Integral& operator+=(const Integral& other);
  /// Nothing below 0.
  friend Integral operator-(const Integral& a, const Integral& b);

  [[nodiscard]] Amount rounded_down() const { return whole_; }
  /// What a cap is compared with: never less than was spent.
  [[nodiscard]] Amount rounded_up() const { return rest_ > 0 ? whole_ + Amount::of(1) : whole_; }
  [[nodiscard]] std::int64_t rest() const { return rest_; }  // 0 to parts - 1
  auto operator<=>(const Integral&) const = default;

 private:
  void add_parts(std::int64_t nano, std::int64_t rest);

  Amount whole_;
  std::int64_t rest_ = 0;
};

/// `rate` for `time`, rounded up to a whole nano-dollar.
[[nodiscard]] Amount cost_of(HourlyRate rate, Millis time);

}  // namespace poolscaler::money
