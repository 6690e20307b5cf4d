#include "yaml_scalar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "poolscaler/base/text.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

template <std::size_t N>
bool is_one_of(std::string_view value, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, value) != words.end();
}

constexpr std::array<std::string_view, 5> nulls = {"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 11> trues = {"true", "True", "TRUE", "yes", "Yes", "YES",
                                                    "on",   "On",   "ON",   "y",   "Y"};
constexpr std::array<std::string_view, 11> falses = {"false", "False", "FALSE", "no", "No", "NO",
                                                     "off",   "Off",   "OFF",   "n",  "N"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// [-+]digits
bool is_integer(std::string_view value) {
  if (value.starts_with('-') || value.starts_with('+')) value.remove_prefix(1);
  return !value.empty() && std::ranges::all_of(value, is_digit);
}

/// A number with a point or an exponent: at least one digit, every character in its place.
bool is_fraction(std::string_view value) {
  if (value.starts_with('-') || value.starts_with('+')) value.remove_prefix(1);
  std::size_t digits = 0;
  const auto take_digits = [&] {
    const auto before = value.size();
    while (!value.empty() && is_digit(value.front())) value.remove_prefix(1);
    return before - value.size();
  };
  digits += take_digits();
  const bool has_point = value.starts_with('.');
  if (has_point) {
    value.remove_prefix(1);
    digits += take_digits();
  }
  if (digits == 0) return false;
  if (value.empty()) return has_point;
  if (value.front() != 'e' && value.front() != 'E') return false;
  value.remove_prefix(1);
  if (value.starts_with('-') || value.starts_with('+')) value.remove_prefix(1);
  return !value.empty() && std::ranges::all_of(value, is_digit);
}

bool has_leading_zero(std::string_view value) {
  if (value.starts_with('-') || value.starts_with('+')) value.remove_prefix(1);
  return value.size() > 1 && value.front() == '0' && is_digit(value[1]);
}

/// 0x1F, 0o17, 0b1, 1_000, .inf, .nan: numbers to some readers, text to others.
bool is_disputed(std::string_view value) {
  if (value.starts_with('-') || value.starts_with('+')) value.remove_prefix(1);
  if (value.size() > 2 && value[0] == '0' &&
      std::string_view("xXoObB").find(value[1]) != std::string_view::npos)
    return std::ranges::all_of(value.substr(2), [](char c) {
      return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    });
  if (value.find('_') != std::string_view::npos && !value.empty() && is_digit(value.front()))
    return std::ranges::all_of(value, [](char c) { return is_digit(c) || c == '_'; });
  constexpr std::array<std::string_view, 6> words = {".inf", ".Inf", ".INF",
                                                     ".nan", ".NaN", ".NAN"};
  return is_one_of(value, words);
}

template <class Number>
std::optional<Number> parsed(std::string_view value) {
  if (value.starts_with('+')) value.remove_prefix(1);
  Number number{};
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return number;
}

json number_of(std::string_view value) {
  if (is_integer(value)) {
    if (const auto whole = parsed<std::int64_t>(value)) return *whole;
    if (const auto whole = parsed<std::uint64_t>(value)) return *whole;
  }
  auto fraction = parsed<double>(value);
  if (!fraction) {
    // Out of range: a tiny number is 0. A huge one stays a number, so that its field can say that
    // it is too large.
    const auto nearest = std::strtod(std::string(value).c_str(), nullptr);
    if (!std::isfinite(nearest)) return std::copysign(1e308, nearest);
    fraction = nearest;
  }
  // kubectl sends 20.0 as 20, and so the API server sees a whole number.
  constexpr double exact_max = 9007199254740992.0;
  if (*fraction == std::floor(*fraction) && std::abs(*fraction) <= exact_max)
    return static_cast<std::int64_t>(*fraction);
  return *fraction;
}

}  // namespace

Result<json> yaml_scalar(std::string_view tag, const std::string& value) {
  constexpr std::string_view core = "tag:yaml.org,2002:";
  if (tag == "!" || tag == fmt::format("{}str", core)) return json(value);
  if (tag != "?" && !tag.empty() && !tag.starts_with(core))
    return fail(ErrorKind::InvalidInput,
                fmt::format("tag '{}' is not accepted", capped(escaped(tag), 64)));
  if (is_one_of(value, nulls)) return json(nullptr);
  if (is_one_of(value, trues)) return json(true);
  if (is_one_of(value, falses)) return json(false);
  if (is_disputed(value) || (has_leading_zero(value) && is_integer(value)))
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' is read as different things by different tools: put it in quotes "
                            "or write a plain decimal number",
                            capped(escaped(value), 64)));
  if (is_integer(value) || is_fraction(value)) return number_of(value);
  return json(value);
}

}  // namespace poolscaler::api
