// Money: whole nano-units (10^-9) of a currency, never binary floating point. Decimal text outside,
// integers inside.
//
// Sums and products saturate at the edge of 64 bits (about 9.2 thousand million dollars), which is
// above every amount that can be declared, so that a cap refuses what was too large to count.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "poolscaler/base/result.hpp"

namespace poolscaler {

/// `Unit` keeps apart what must not be added: dollars, and dollars per hour. Differences may be
/// negative; what is parsed is not.
template <class Unit>
class Nano {
 public:
  static constexpr std::int64_t per_whole = 1'000'000'000;

  constexpr Nano() = default;
  [[nodiscard]] static constexpr Nano of(std::int64_t nano) {
    Nano made;
    made.nano_ = nano;
    return made;
  }
  [[nodiscard]] constexpr std::int64_t nano() const { return nano_; }

  constexpr auto operator<=>(const Nano&) const = default;
  friend constexpr Nano operator+(Nano a, Nano b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a.nano_, b.nano_, &sum) ? edge(b.nano_ < 0) : of(sum);
  }
  friend constexpr Nano operator-(Nano a, Nano b) {
    std::int64_t difference = 0;
    return __builtin_sub_overflow(a.nano_, b.nano_, &difference) ? edge(b.nano_ > 0)
                                                                 : of(difference);
  }
  friend constexpr Nano operator*(Nano a, std::int64_t times) {
    std::int64_t product = 0;
    return __builtin_mul_overflow(a.nano_, times, &product) ? edge((a.nano_ < 0) != (times < 0))
                                                            : of(product);
  }
  constexpr Nano& operator+=(Nano other) { return *this = *this + other; }
  constexpr Nano& operator-=(Nano other) { return *this = *this - other; }

 private:
  static constexpr Nano edge(bool negative) {
    using Limits = std::numeric_limits<std::int64_t>;
    return of(negative ? Limits::min() : Limits::max());
  }
  std::int64_t nano_ = 0;
};

using Amount = Nano<struct AmountUnit>;      // dollars
using HourlyRate = Nano<struct HourlyUnit>;  // dollars per hour

/// The largest that can be declared: 999999999.999999999.
inline constexpr std::int64_t declared_nano_max = 999'999'999'999'999'999;

/// What to do with digits behind the ninth.
enum class Precision {
  Exact,      // refuse them: a person wrote the text
  RoundedUp,  // to the next nano-dollar: a price is never understated
};

/// "98.32", "15", "0.000000001". Errors: InvalidInput for everything else, with what is wrong:
/// negative, NaN, infinite, with an exponent or separators, too large, too many digits.
[[nodiscard]] Result<Amount> parse_amount(std::string_view text,
                                          Precision precision = Precision::Exact);
[[nodiscard]] Result<HourlyRate> parse_hourly_rate(std::string_view text,
                                                   Precision precision = Precision::Exact);

/// Exact and without needless zeros, as parse_amount reads it; a negative one with '-'.
[[nodiscard]] std::string exact_text(Amount amount);
[[nodiscard]] std::string exact_text(HourlyRate rate);
/// For people: two digits behind the point, rounded half up; exact where that would show 0.00.
[[nodiscard]] std::string shown(Amount amount);
[[nodiscard]] std::string shown(HourlyRate rate);

/// What AWS, Azure and Google bill in (ISO 4217), in order.
inline constexpr std::string_view known_currencies =
    "AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KRW|MXN|NOK|NZD|PLN|SEK|SGD|THB|"
    "TRY|TWD|USD|ZAR";

/// The code of one of them. Amounts of two currencies never mix.
class Currency {
 public:
  constexpr Currency() = default;  // USD
  /// Errors: InvalidInput for a code that is not one of known_currencies.
  [[nodiscard]] static Result<Currency> parse(std::string_view code);
  [[nodiscard]] std::string_view code() const { return {code_.data(), code_.size()}; }
  constexpr auto operator<=>(const Currency&) const = default;

 private:
  std::array<char, 3> code_ = {'U', 'S', 'D'};
};

}  // namespace poolscaler
