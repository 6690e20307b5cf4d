#include "poolscaler/base/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace poolscaler {
namespace {

__extension__ using Wide = unsigned __int128;

// With the binary suffixes still below 128 bits.
constexpr std::size_t digits_max = 19;
constexpr int exponent_max = 40;

struct Suffix {
  std::string_view text;
  int decimal;
  int binary;
};
constexpr std::array suffixes = {Suffix{"", 0, 0},    Suffix{"n", -9, 0}, Suffix{"u", -6, 0},
                                 Suffix{"m", -3, 0},  Suffix{"k", 3, 0},  Suffix{"M", 6, 0},
                                 Suffix{"G", 9, 0},   Suffix{"T", 12, 0}, Suffix{"P", 15, 0},
                                 Suffix{"E", 18, 0},  Suffix{"Ki", 0, 10}, Suffix{"Mi", 0, 20},
                                 Suffix{"Gi", 0, 30}, Suffix{"Ti", 0, 40}, Suffix{"Pi", 0, 50},
                                 Suffix{"Ei", 0, 60}};

/// digits * 10^decimal, and a little more when `more`.
struct Number {
  std::uint64_t digits = 0;
  int decimal = 0;
  bool more = false;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the digits off the front; nothing when there are none.
std::optional<Number> take_number(std::string_view& text) {
  Number number;
  std::size_t kept = 0;
  bool any = false;
  bool fraction = false;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    if (c == '.' && !fraction) {
      fraction = true;
      continue;
    }
    if (!is_digit(c)) break;
    any = true;
    if (kept < digits_max) {
      number.digits = number.digits * 10 + static_cast<std::uint64_t>(c - '0');
      if (number.digits != 0) ++kept;
      if (fraction) --number.decimal;
    } else {
      number.more = number.more || c != '0';
      if (!fraction) ++number.decimal;
    }
  }
  return any ? std::optional(number) : std::nullopt;
}

/// "e3", "E-2"; nothing when it is none.
std::optional<int> exponent_of(std::string_view text) {
  if (text.size() < 2 || (text.front() != 'e' && text.front() != 'E')) return std::nullopt;
  text.remove_prefix(text[1] == '+' ? 2 : 1);
  int exponent = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return exponent;
}

std::int64_t rounded_up(const Number& number, int decimal, int binary) {
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  Wide value = Wide{number.digits} << static_cast<unsigned>(binary);
  for (; decimal > 0 && value != 0; --decimal) {
    value *= 10;
    if (value > Wide{largest}) return largest;
  }
  bool more = number.more;
  for (; decimal < 0 && value != 0; ++decimal) {
    more = more || value % 10 != 0;
    value /= 10;
  }
  if (more) ++value;
  return value > Wide{largest} ? largest : static_cast<std::int64_t>(value);
}

}  // namespace

std::optional<std::int64_t> milli_quantity(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  const auto* suffix = std::ranges::find(suffixes, text, &Suffix::text);
  const auto exponent = exponent_of(text);
  if (suffix == suffixes.end() && !exponent) return std::nullopt;
  const auto shift = suffix != suffixes.end() ? suffix->decimal
                                              : std::clamp(*exponent, -exponent_max, exponent_max);
  return rounded_up(*number, number->decimal + shift + 3,
                    suffix != suffixes.end() ? suffix->binary : 0);
}

}  // namespace poolscaler
