#include <algorithm>
#include <memory>
#include <optional>
#include <regex>
#include <unordered_set>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/query/planner.hpp"
#include "poolscaler/query/rendered.hpp"
#include "words.hpp"

namespace poolscaler::query {
namespace {

using Words = std::unordered_set<std::string>;

/// std::regex walks recursively: longer values could exhaust the stack.
constexpr std::size_t regex_value_bytes_max = 1024;

/// The alternatives, when `expression` is an alternation of escaped literals (one is enough).
std::optional<Words> literals(std::string_view expression) {
  Words words;
  std::string word;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (c == '|') {
      words.insert(std::move(word));
      word.clear();
    } else if (c == '\\') {
      if (++i == expression.size() || !is_regex_meta(expression[i])) return std::nullopt;
      word += expression[i];
    } else if (is_regex_meta(c)) {
      return std::nullopt;
    } else {
      word += c;
    }
  }
  words.insert(std::move(word));
  return words;
}

/// What RE2 and ECMAScript read differently: groups with flags or names, escapes beyond the classes.
std::optional<std::string> read_differently(std::string_view expression) {
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const std::string_view rest = expression.substr(i);
    if (rest.starts_with("(?") && !rest.starts_with("(?:")) return std::string(rest.substr(0, 3));
    if (rest.starts_with("[:") || rest.starts_with("[[")) return std::string(rest.substr(0, 2));
    if (rest.front() != '\\') continue;
    if (rest.size() < 2 || std::string_view("dDsSwWntrf-/").find(rest[1]) == rest.npos) {
      if (rest.size() < 2 || !is_regex_meta(rest[1])) return std::string(rest.substr(0, 2));
    }
    ++i;
  }
  return std::nullopt;
}

Result<std::function<bool(std::string_view)>> anchored(std::string_view expression) {
  if (auto words = literals(expression)) {
    return [words = std::make_shared<const Words>(std::move(*words))](std::string_view value) {
      return words->contains(std::string(value));
    };
  }
  const auto refused = [&](std::string_view why) {
    return fail(ErrorKind::InvalidInput, fmt::format("regular expression '{}' is not known here: {}",
                                                     capped(escaped(expression), 80), why));
  };
  if (const auto odd = read_differently(expression)) return refused(escaped(*odd));
  try {
    auto compiled = std::make_shared<const std::regex>(
        std::string(expression), std::regex::ECMAScript | std::regex::nosubs);
    return [compiled](std::string_view value) {
      if (value.size() > regex_value_bytes_max) return false;
      try {
        return std::regex_match(value.begin(), value.end(), *compiled);
      } catch (const std::regex_error&) {
        return false;  // too complex for this value
      }
    };
  } catch (const std::regex_error& error) {
    return refused(error.what());
  }
}

}  // namespace

Result<LabelPredicate> LabelPredicate::of(const Matcher& matcher) {
  if (matcher.value.size() > query_bytes_max)
    return fail(ErrorKind::InvalidInput,
                fmt::format("the value of a matcher has {} bytes, at most {} are read",
                            matcher.value.size(), query_bytes_max));
  switch (matcher.op) {
    case MatchOperator::Equal:
      return LabelPredicate([want = matcher.value](std::string_view got) { return got == want; });
    case MatchOperator::NotEqual:
      return LabelPredicate([want = matcher.value](std::string_view got) { return got != want; });
    case MatchOperator::Regex: {
      auto holds = anchored(matcher.value);
      if (!holds) return fail(holds.error());
      return LabelPredicate(std::move(*holds));
    }
    case MatchOperator::NotRegex: {
      auto holds = anchored(matcher.value);
      if (!holds) return fail(holds.error());
      return LabelPredicate(
          [inner = std::move(*holds)](std::string_view got) { return !inner(got); });
    }
  }
  return fail(ErrorKind::Internal, "a matcher of an unknown kind");
}

bool matches(const Matcher& matcher, std::string_view value) {
  const auto predicate = LabelPredicate::of(matcher);
  return predicate && (*predicate)(value);
}

}  // namespace poolscaler::query
