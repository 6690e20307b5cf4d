#include <memory>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

#include "expression.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/query/planner.hpp"
#include "poolscaler/query/rendered.hpp"
#include "words.hpp"

namespace poolscaler::query {
namespace {

using Words = std::unordered_set<std::string>;

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

Result<std::function<bool(std::string_view)>> anchored(std::string_view text) {
  if (auto words = literals(text)) {
    return [words = std::make_shared<const Words>(std::move(*words))](std::string_view value) {
      return words->contains(std::string(value));
    };
  }
  auto expression = Expression::compile(text);
  if (!expression)
    return fail(expression.error().context(
        fmt::format("regular expression '{}'", escaped(capped(text, 80)))));
  return [compiled = std::make_shared<const Expression>(std::move(*expression))](
             std::string_view value) { return compiled->matches(value); };
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
