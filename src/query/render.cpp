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
  if (query.asks == Asks::OldestTimestamp)
    return fmt::format("timestamp({}{{{}}})", name, matchers);
  if (query.range_function == RangeFunction::None) return fmt::format("{}{{{}}}", name, matchers);
  return fmt::format("{}({}{{{}}}[{}s])", word_of(query.range_function), name, matchers,
                     query.window_seconds);
}

}  // namespace

std::string render(const RenderedQuery& query) {
  std::string matchers;
  for (const auto& matcher : query.matchers)
    matchers += fmt::format("{}{}{}{}", matchers.empty() ? "" : ",", matcher.label,
                            word_of(matcher.op), query::quoted(matcher.value));
  std::string operand = series_of(query, query.metric, matchers);
  for (const auto& name : query.other_names)
    operand += " or " + series_of(query, name, matchers);
  return fmt::format("{} by ({}) ({})", word_of(query.aggregation),
                     fmt::join(query.group_labels, ", "), operand);
}

std::string render(const RenderedPart& part) {
  std::string text = render(part.query);
  if (part.above) text += fmt::format("{}{}", above_word, *part.above + 0.0);  // no -0
  return text;
}

std::string render(std::span<const RenderedPart> parts) {
  if (parts.size() == 1) return render(parts.front());
  std::vector<std::string> texts;
  std::vector<std::string> group_labels;
  for (const auto& part : parts) {
    texts.push_back(render(part));
    group_labels.insert(group_labels.end(), part.query.group_labels.begin(),
                        part.query.group_labels.end());
  }
  return joined(texts, part_label(group_labels));
}

std::string part_label(std::span<const std::string> group_labels) {
  std::string label = "poolscaler_part";
  while (std::ranges::find(group_labels, label) != group_labels.end()) label += '_';
  return label;
}

std::string joined(std::span<const std::string> parts, std::string_view label) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i)
    text.append(i == 0 ? "" : part_separator)
        .append(part_start)
        .append(parts[i])
        .append(fmt::format(", \"{}\", \"{}\"{}", label, i, part_end));
  return text;
}

}  // namespace poolscaler::query
