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

std::string render(const RenderedQuery& query) {
  std::string selector = query.metric + "{";
  for (const auto& matcher : query.matchers) {
    if (selector.back() != '{') selector += ',';
    selector += fmt::format("{}{}{}", matcher.label, word_of(matcher.op), quoted(matcher.value));
  }
  selector += '}';
  if (query.asks == Asks::OldestTimestamp) {
    selector = fmt::format("timestamp({})", selector);
  } else if (query.range_function != RangeFunction::None) {
    selector = fmt::format("{}({}[{}s])", word_of(query.range_function), selector,
                           query.window_seconds);
  }
  return fmt::format("{} by ({}) ({})", word_of(query.aggregation),
                     fmt::join(query.group_labels, ", "), selector);
}

}  // namespace poolscaler::query
