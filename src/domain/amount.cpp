#include "poolscaler/domain/amount.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"

namespace poolscaler {
namespace {

constexpr std::size_t whole_digits_max = 9;
constexpr std::size_t fraction_digits = 9;
constexpr std::size_t shown_bytes_max = 40;
constexpr std::size_t text_bytes_max = 64;

bool all_digits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

tl::unexpected<Error> refused(std::string_view text, std::string_view problem) {
  return fail(ErrorKind::InvalidInput,
              fmt::format("'{}' {}: write a decimal such as 98.32, at most 999999999 and 9 digits "
                          "behind the point",
                          escaped(capped(text, shown_bytes_max)), problem));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// What is wrong with a text that is no plain decimal.
std::string_view why_no_decimal(std::string_view text) {
  if (text.empty()) return "is empty";
  if (text.front() == '-') return "is negative";
  const auto word = lower(text.substr(0, shown_bytes_max));
  if (word == "nan") return "is not a number";
  if (word.find("inf") != std::string::npos) return "is infinite";
  if (word.find('e') != std::string::npos) return "has an exponent";
  if (text.find(',') != std::string_view::npos) return "has a comma";
  return "is no decimal";
}

std::int64_t number_of(std::string_view digits) {
  std::int64_t number = 0;
  for (const char digit : digits) number = number * 10 + (digit - '0');
  return number;
}

Result<std::int64_t> parse_nano(std::string_view text, Precision precision) {
  const auto point = std::min(text.find('.'), text.size());
  const auto whole = text.substr(0, point);
  auto fraction = point < text.size() ? text.substr(point + 1) : std::string_view();
  const bool plain = !whole.empty() && all_digits(whole) && all_digits(fraction) &&
                     (point == text.size() || !fraction.empty());
  if (!plain) return refused(text, why_no_decimal(text));
  if (text.size() > text_bytes_max) return refused(text, "is too long");
  const auto first = std::min(whole.find_first_not_of('0'), whole.size());
  if (whole.size() - first > whole_digits_max) return refused(text, "is too large");
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  const bool longer = fraction.size() > fraction_digits;
  if (longer && precision == Precision::Exact)
    return refused(text, "has more than 9 digits behind the point");
  const std::int64_t up = longer ? 1 : 0;  // the digits behind the ninth do not end with a 0
  std::string nine(fraction.substr(0, fraction_digits));
  nine.resize(fraction_digits, '0');
  const auto nano = number_of(whole) * Amount::per_whole + number_of(nine) + up;
  if (nano > declared_nano_max) return refused(text, "is too large");
  return nano;
}

std::string sign_of(std::int64_t nano) { return nano < 0 ? "-" : ""; }

/// The absolute value, also of the least number, whose negation does not fit.
std::uint64_t magnitude(std::int64_t nano) {
  const auto bits = static_cast<std::uint64_t>(nano);
  return nano < 0 ? 0 - bits : bits;
}

std::string exact(std::int64_t nano) {
  constexpr auto unit = static_cast<std::uint64_t>(Amount::per_whole);
  auto text = fmt::format("{}.{:09}", magnitude(nano) / unit, magnitude(nano) % unit);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return sign_of(nano) + text;
}

std::string for_people(std::int64_t nano) {
  constexpr std::uint64_t cent = 10'000'000;
  const auto cents = magnitude(nano) / cent + (magnitude(nano) % cent >= cent / 2 ? 1 : 0);
  if (cents == 0 && nano != 0) return exact(nano);
  return fmt::format("{}{}.{:02}", sign_of(nano), cents / 100, cents % 100);
}

}  // namespace

Result<Amount> parse_amount(std::string_view text, Precision precision) {
  return parse_nano(text, precision).map(Amount::of);
}

Result<HourlyRate> parse_hourly_rate(std::string_view text, Precision precision) {
  return parse_nano(text, precision).map(HourlyRate::of);
}

std::string exact_text(Amount amount) { return exact(amount.nano()); }
std::string exact_text(HourlyRate rate) { return exact(rate.nano()); }
std::string shown(Amount amount) { return for_people(amount.nano()); }
std::string shown(HourlyRate rate) { return for_people(rate.nano()); }

Result<Currency> Currency::parse(std::string_view code) {
  const auto at = code.size() == 3 && code.find('|') == std::string_view::npos
                      ? known_currencies.find(code)
                      : std::string_view::npos;
  if (at == std::string_view::npos)
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' is no currency that is known: write one of {}",
                            escaped(capped(code, shown_bytes_max)), known_currencies));
  Currency currency;
  std::ranges::copy(code, currency.code_.begin());
  return currency;
}

}  // namespace poolscaler
