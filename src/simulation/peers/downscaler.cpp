#include "poolscaler/simulation/peers/downscaler.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>

namespace poolscaler::simulation::peers {
namespace {

constexpr std::array<std::string_view, 7> weekdays = {"mon", "tue", "wed", "thu",
                                                      "fri", "sat", "sun"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

std::string_view stripped(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// `shape` with 'a' for a letter and '0' for a digit; everything else stands for itself.
bool has_shape(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool letter = lower(text[i]) >= 'a' && lower(text[i]) <= 'z';
    const bool digit = text[i] >= '0' && text[i] <= '9';
    const bool fits = shape[i] == 'a' ? letter : shape[i] == '0' ? digit : text[i] == shape[i];
    if (!fits) return false;
  }
  return true;
}

tl::unexpected<Error> refused(std::string_view part, std::string_view why) {
  return fail(ErrorKind::InvalidInput, "time spec '" + std::string(part) + "' " + std::string(why));
}

int minutes_of(std::string_view hour_and_minute) {
  const auto digit = [&](std::size_t i) { return hour_and_minute[i] - '0'; };
  return (digit(0) * 10 + digit(1)) * 60 + digit(3) * 10 + digit(4);
}

constexpr std::string_view recurring_shape = "aaa-aaa 00:00-00:00 ";

bool is_recurring(std::string_view part) {
  if (part.size() <= recurring_shape.size()) return false;
  const auto zone = part.substr(recurring_shape.size());
  return has_shape(part.substr(0, recurring_shape.size()), recurring_shape) &&
         std::ranges::all_of(zone, [](char c) {
           return (lower(c) >= 'a' && lower(c) <= 'z') || c == '/' || c == '_';
         });
}

std::optional<int> weekday_of(std::string_view name) {
  const auto found = std::ranges::find(weekdays, lowered(name));
  if (found == weekdays.end()) return std::nullopt;
  return static_cast<int>(found - weekdays.begin());
}

Result<bool> in_recurring(std::string_view part, Instant now, const ZoneLookup& zones) {
  const auto name = part.substr(recurring_shape.size());
  const auto zone = zones(lowered(name) == "utc" ? "UTC" : name);
  if (!zone) return fail(zone.error());
  const auto first = weekday_of(part.substr(0, 3));
  const auto last = weekday_of(part.substr(4, 3));
  if (!first || !last) return refused(part, "names no weekday: write Mon, Tue, ... Sun");
  const auto local = (*zone)->local(std::chrono::floor<Seconds>(now));
  const auto midnight = std::chrono::floor<std::chrono::days>(local);
  const auto weekday =
      static_cast<int>(std::chrono::weekday(midnight).iso_encoding()) - 1;  // Monday is 0
  const auto minute = std::chrono::floor<std::chrono::minutes>(local - midnight).count();
  const bool day_matches = *first > *last ? weekday >= *first || weekday <= *last
                                          : weekday >= *first && weekday <= *last;
  return day_matches && minutes_of(part.substr(8, 5)) <= minute &&
         minute < minutes_of(part.substr(14, 5));
}

constexpr std::string_view instant_shape = "0000-00-00T00:00:00";
constexpr std::string_view offset_shape = "00:00";

bool is_instant(std::string_view text) {
  constexpr auto sign = instant_shape.size();
  return text.size() == sign + 1 + offset_shape.size() &&
         has_shape(text.substr(0, sign), instant_shape) &&
         (text[sign] == '+' || text[sign] == '-') &&
         has_shape(text.substr(sign + 1), offset_shape);
}

Result<bool> in_absolute(std::string_view from_text, std::string_view to_text, Instant now) {
  const auto from = parse_rfc3339(from_text);
  if (!from) return fail(from.error());
  const auto to = parse_rfc3339(to_text);
  if (!to) return fail(to.error());
  return *from <= now && now <= *to;
}

Result<bool> in_part(std::string_view part, Instant now, const ZoneLookup& zones) {
  if (is_recurring(part)) return in_recurring(part, now, zones);
  constexpr auto length = instant_shape.size() + 1 + offset_shape.size();
  if (part.size() == 2 * length + 1 && part[length] == '-' && is_instant(part.substr(0, length)) &&
      is_instant(part.substr(length + 1)))
    return in_absolute(part.substr(0, length), part.substr(length + 1), now);
  return refused(part,
                 "must look like 'Mon-Fri 06:30-20:30 Europe/Berlin' or "
                 "'2019-01-01T00:00:00+00:00-2019-01-02T12:34:56+00:00'");
}

}  // namespace

Result<bool> matches_time_spec(std::string_view spec, Instant now, const ZoneLookup& zones) {
  if (lowered(spec) == "always") return true;
  if (lowered(spec) == "never") return false;
  for (auto rest = spec;;) {
    const auto comma = std::min(rest.find(','), rest.size());
    const auto matches = in_part(stripped(rest.substr(0, comma)), now, zones);
    if (!matches || *matches) return matches;
    if (comma == rest.size()) return false;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace poolscaler::simulation::peers
