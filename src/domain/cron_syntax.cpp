// Reading the five fields of a cron specification.

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/domain/cron.hpp"

namespace poolscaler {
namespace {

constexpr std::array<std::string_view, 12> month_names = {
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekday_names = {"sun", "mon", "tue", "wed",
                                                           "thu", "fri", "sat"};

struct FieldRules {
  std::string_view name;
  unsigned min;
  unsigned max;
  std::span<const std::string_view> names;  // of min, min + 1 ...
  std::string_view remedy;
};

constexpr std::array<FieldRules, 5> fields = {{
    {"minute", 0, 59, {}, "write a number, a range a-b, a list a,b, a step */n or *"},
    {"hour", 0, 23, {}, "write a number, a range a-b, a list a,b, a step */n or *"},
    {"day-of-month", 1, 31, {}, "write a number, a range a-b, a list a,b, a step */n, * or ?"},
    {"month", 1, 12, month_names, "write 1-12 or jan-dec"},
    {"day-of-week", 0, 6, weekday_names, "write 0-6 (0 is Sunday) or sun-sat"},
}};

struct Matches {
  std::uint64_t bits = 0;
  bool any = false;  // a plain * or ?
};

char lower_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = std::min(text.find_first_of(separators), text.size());
    parts.push_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

class FieldReader {
 public:
  explicit FieldReader(const FieldRules& rules) : rules_(rules) {}

  [[nodiscard]] Result<Matches> read(std::string_view text) const {
    Matches all;
    for (const auto item : split(text, ",")) {
      const auto some = read_item(item);
      if (!some) return some;
      all.bits |= some->bits;
      all.any = all.any || some->any;
    }
    return all;
  }

 private:
  [[nodiscard]] Result<Matches> read_item(std::string_view item) const {
    const auto parts = split(item, "/");
    if (parts.size() > 2) return refuse(item, "has more than one step");
    const bool any = parts[0] == "*" || parts[0] == "?";
    unsigned first = rules_.min;
    unsigned last = rules_.max;
    unsigned step = 1;
    if (!any) {
      const auto ends = split(parts[0], "-");
      if (ends.size() > 2) return refuse(item, "is no range");
      const auto low = read_number(ends[0]);
      if (!low) return refuse(item, low.error());
      first = *low;
      last = parts.size() == 2 ? rules_.max : first;
      if (ends.size() == 2) {
        const auto high = read_number(ends[1]);
        if (!high) return refuse(item, high.error());
        last = *high;
      }
    }
    if (parts.size() == 2) {
      const auto number = digits(parts[1]);
      if (!number || *number == 0)
        return refuse(item, "has a step that is no whole number above 0");
      step = *number;
    }
    if (first > last) return refuse(item, "begins after its end");
    return Matches{.bits = bits(first, last, step), .any = any && step == 1};
  }

  static std::uint64_t bits(unsigned first, unsigned last, unsigned step) {
    std::uint64_t set = 0;
    for (std::uint64_t i = first; i <= last; i += step) set |= std::uint64_t{1} << i;
    return set;
  }

  static std::optional<unsigned> digits(std::string_view text) {
    unsigned number = 0;
    const auto* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc{} || rest != end) return std::nullopt;
    return number;
  }

  [[nodiscard]] tl::expected<unsigned, std::string> read_number(std::string_view text) const {
    const auto named = std::ranges::find_if(rules_.names, [&](std::string_view name) {
      return std::ranges::equal(text, name, {}, lower_letter);
    });
    if (named != rules_.names.end())
      return rules_.min + static_cast<unsigned>(named - rules_.names.begin());
    const auto number = digits(text);
    if (!number || *number < rules_.min || *number > rules_.max)
      return tl::unexpected(fmt::format("must be {} to {}", rules_.min, rules_.max));
    return *number;
  }

  [[nodiscard]] tl::unexpected<Error> refuse(std::string_view item,
                                             std::string_view problem) const {
    return fail(ErrorKind::InvalidInput,
                fmt::format("{} '{}' {}: {}", rules_.name, escaped(capped(item, 32)), problem,
                            rules_.remedy));
  }

  const FieldRules& rules_;
};

std::vector<std::string_view> words_of(std::string_view text) {
  auto words = split(text, " \t");
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  return words;
}

/// What other crons know and this one does not.
struct OtherWord {
  std::string_view word;
  std::string_view fields;
};
constexpr std::array other_words = {
    OtherWord{"@yearly", "0 0 1 1 *"}, OtherWord{"@annually", "0 0 1 1 *"},
    OtherWord{"@monthly", "0 0 1 * *"}, OtherWord{"@weekly", "0 0 * * 0"},
    OtherWord{"@daily", "0 0 * * *"}, OtherWord{"@midnight", "0 0 * * *"},
    OtherWord{"@hourly", "0 * * * *"}};

/// What to write instead of so many fields, where what was meant can be told.
std::string remedy_for(const std::vector<std::string_view>& words) {
  if (words.empty()) return {};
  const auto other = std::ranges::find_if(other_words, [&](const OtherWord& one) {
    return std::ranges::equal(words.front(), one.word, {}, lower_letter);
  });
  if (other != other_words.end())
    return fmt::format("; instead of {} write '{}'", other->word, other->fields);
  if (words.front().starts_with("TZ=") || words.front().starts_with("CRON_TZ="))
    return "; the zone is written in timeZone";
  if (words.front().starts_with('@')) return "; words with @ are not known";
  if (words.size() == fields.size() + 1) return "; leave out seconds, or a year, of other crons";
  return {};
}

}  // namespace

Result<Cron> parse_cron(std::string_view text) {
  if (text.size() > cron_length_max)
    return fail(ErrorKind::InvalidInput, fmt::format("has {} characters, must have at most {}",
                                                     text.size(), cron_length_max));
  const auto words = words_of(text);
  if (words.size() != fields.size())
    return fail(ErrorKind::InvalidInput,
                fmt::format("has {} field{}, must have 5: minute hour day-of-month month "
                            "day-of-week, such as '0 8 * * mon-fri'{}",
                            words.size(), words.size() == 1 ? "" : "s", remedy_for(words)));
  std::array<Matches, fields.size()> matches;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto read = FieldReader(fields[i]).read(words[i]);
    if (!read) return fail(read.error());
    matches[i] = *read;
  }
  const auto narrow = [&](std::size_t i) { return static_cast<std::uint32_t>(matches[i].bits); };
  return Cron{.minutes = matches[0].bits,
              .hours = narrow(1),
              .days = narrow(2),
              .months = narrow(3),
              .weekdays = narrow(4),
              .any_day = matches[2].any,
              .any_weekday = matches[4].any};
}

}  // namespace poolscaler
