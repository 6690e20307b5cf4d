#include <algorithm>

#include <fmt/format.h>

#include "poolscaler/query/rendered.hpp"
#include "words.hpp"

namespace poolscaler::query {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out += '"';
}

std::string regex_literal(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  for (const char c : text) {
    if (is_regex_meta(c)) out += '\\';
    out += c;
  }
  return out;
}

namespace {

/// What is aggregated, of the series under one name.
std::string series_of(const RenderedQuery& query, std::string_view name,
                      std::string_view matchers) {
  if (query.asks == Asks::OldestTimestamp) return fmt::format("timestamp({}{{{}}})", name, matchers);
  if (query.range_function == RangeFunction::None) return fmt::format("{}{{{}}}", name, matchers);
  return fmt::format("{}({}{{{}}}[{}s])", word_of(query.range_function), name, matchers,
                     query.window_seconds);
}

}  // namespace

std::string render(const RenderedQuery& query) {
  std::string matchers;
  for (const auto& matcher : query.matchers)
    matchers += fmt::format("{}{}{}{}", matchers.empty() ? "" : ",", matcher.label,
                            word_of(matcher.op), quoted(matcher.value));
  std::string operand = series_of(query, query.metric, matchers);
  for (const auto& name : query.other_names)
    operand += " or " + series_of(query, name, matchers);
  return fmt::format("{} by ({}) ({})", word_of(query.aggregation),
                     fmt::join(query.group_labels, ", "), operand);
}

}  // namespace poolscaler::query
