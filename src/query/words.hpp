// The words of PromQL that the planner uses, in one place for the writer and the reader. Nothing
// else of the language is known here.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::query {

inline constexpr std::array<std::pair<Aggregation, std::string_view>, 4> aggregation_words{{
    {Aggregation::Sum, "sum"},
    {Aggregation::Avg, "avg"},
    {Aggregation::Max, "max"},
    {Aggregation::Min, "min"},
}};

inline constexpr std::array<std::pair<RangeFunction, std::string_view>, 5> range_function_words{{
    {RangeFunction::Rate, "rate"},
    {RangeFunction::Increase, "increase"},
    {RangeFunction::AvgOverTime, "avg_over_time"},
    {RangeFunction::MaxOverTime, "max_over_time"},
    {RangeFunction::MinOverTime, "min_over_time"},
}};

/// Longer ones before those that they start with.
inline constexpr std::array<std::pair<MatchOperator, std::string_view>, 4> operator_words{{
    {MatchOperator::NotEqual, "!="},
    {MatchOperator::Regex, "=~"},
    {MatchOperator::NotRegex, "!~"},
    {MatchOperator::Equal, "="},
}};

/// Of a bound, and of a joint query. Every part gets its label whatever labels it has, since the
/// label that is not named is empty and matched by the empty expression.
inline constexpr std::string_view above_word = " > ";
inline constexpr std::string_view part_start = "label_replace(";
inline constexpr std::string_view part_end = R"(, "", ""))";
inline constexpr std::string_view part_separator = " or ";

template <class Word, std::size_t N>
constexpr std::string_view word_in(const std::array<std::pair<Word, std::string_view>, N>& words,
                                   Word word) {
  for (const auto& [candidate, text] : words)
    if (candidate == word) return text;
  return "";
}
constexpr std::string_view word_of(Aggregation word) { return word_in(aggregation_words, word); }
constexpr std::string_view word_of(RangeFunction word) {
  return word_in(range_function_words, word);
}
constexpr std::string_view word_of(MatchOperator word) { return word_in(operator_words, word); }

/// A string of PromQL in double quotes, control characters escaped.
[[nodiscard]] std::string quoted(std::string_view text);

/// The characters that Go's regexp.QuoteMeta escapes; servers optimise exactly this form.
constexpr bool is_regex_meta(char c) {
  return std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos;
}

}  // namespace poolscaler::query
