#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/query/planner.hpp"
#include "poolscaler/query/rendered.hpp"
#include "words.hpp"

namespace poolscaler::query {
namespace {

constexpr int window_seconds_max = 366 * 24 * 3600;
constexpr std::size_t names_max = 8;

/// Reads from left to right; the first thing that does not fit is remembered and everything after
/// it is skipped, so the steps below need no checks of their own.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] Error error() const { return *error_; }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

  void expected(std::string_view what) {
    if (error_) return;
    const std::string_view rest = text_.substr(at_);
    const std::string found =
        rest.empty() ? "the end" : fmt::format("'{}'", capped(escaped(rest.substr(0, 40)), 40));
    error_ = Error{.kind = ErrorKind::InvalidInput,
                   .message = fmt::format("unknown expression: at position {} expected {}, found "
                                          "{}; only what the query planner renders is answered",
                                          at_ + 1, what, found)};
  }

  bool take_if(std::string_view word) {
    if (error_ || text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  void take(std::string_view word) {
    if (!take_if(word)) expected(fmt::format("'{}'", word));
  }

  template <class Word, std::size_t N>
  std::optional<Word> take_word(const std::array<std::pair<Word, std::string_view>, N>& words,
                                std::string_view after) {
    for (const auto& [word, name] : words) {
      const std::size_t start = at_;
      if (take_if(name) && take_if(after)) return word;
      if (!error_) at_ = start;
    }
    return std::nullopt;
  }

  std::string take_name(bool (*fits)(std::string_view), std::string_view what) {
    if (error_) return {};
    std::size_t end = at_;
    while (end < text_.size() && is_name_character(text_[end])) ++end;
    const std::string_view name = text_.substr(at_, end - at_);
    if (!fits(name)) {
      expected(what);
      return {};
    }
    at_ = end;
    return std::string(name);
  }

  int take_seconds() {
    if (error_) return 0;
    int seconds = 0;
    const char* const first = text_.data() + at_;
    const auto [last, problem] = std::from_chars(first, text_.data() + text_.size(), seconds);
    if (problem != std::errc() || seconds < 1 || seconds > window_seconds_max) {
      expected(fmt::format("a window from 1 to {} seconds", window_seconds_max));
      return 0;
    }
    at_ += static_cast<std::size_t>(last - first);
    return seconds;
  }

  /// A finite number as the planner writes it.
  double take_number() {
    if (error_) return 0;
    double number = 0;
    const char* const first = text_.data() + at_;
    const auto [last, problem] = std::from_chars(first, text_.data() + text_.size(), number);
    if (problem != std::errc() || !std::isfinite(number)) {
      expected("a finite number");
      return 0;
    }
    at_ += static_cast<std::size_t>(last - first);
    return number;
  }

  std::string take_string() {
    take("\"");
    std::string value;
    while (!error_ && !at_end() && text_[at_] != '"') {
      if (text_[at_] == '\\') {
        value += take_escape();
      } else {
        value += text_[at_++];
      }
    }
    take("\"");
    if (!error_ && !is_utf8(value)) expected("a string of valid UTF-8 before this");
    return value;
  }

 private:
  static bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == ':';
  }

  char take_escape() {
    if (take_if("\\\\")) return '\\';
    if (take_if("\\\"")) return '"';
    if (take_if("\\n")) return '\n';
    if (take_if("\\t")) return '\t';
    unsigned code = 0;
    const std::string_view digits = text_.substr(at_ + 1).substr(0, 3);
    if (digits.size() == 3 && digits.front() == 'x') {
      const auto [last, problem] =
          std::from_chars(digits.data() + 1, digits.data() + 3, code, 16);
      if (problem == std::errc() && last == digits.data() + 3) {
        at_ += 4;
        return static_cast<char>(static_cast<unsigned char>(code));
      }
    }
    expected("an escape of the form \\\\, \\\", \\n, \\t or \\xNN");
    return ' ';
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<Error> error_{};
};

std::vector<std::string> read_group_labels(Reader& reader) {
  std::vector<std::string> labels;
  do {
    labels.push_back(reader.take_name(is_label_name, "the name of a label"));
    if (labels.size() > labels_max) reader.expected("at most 64 labels");
  } while (!reader.failed() && reader.take_if(", "));
  return labels;
}

std::vector<Matcher> read_matchers(Reader& reader) {
  std::vector<Matcher> matchers;
  reader.take("{");
  do {
    Matcher matcher{.label = reader.take_name(is_label_name, "the name of a label"),
                    .op = MatchOperator::Equal,
                    .value = {}};
    const auto op = reader.take_word(operator_words, "");
    if (!op) reader.expected("one of =, !=, =~, !~");
    matcher.op = op.value_or(MatchOperator::Equal);
    matcher.value = reader.take_string();
    matchers.push_back(std::move(matcher));
    if (matchers.size() > labels_max) reader.expected("at most 64 matchers");
  } while (!reader.failed() && reader.take_if(","));
  reader.take("}");
  return matchers;
}

/// The series under one name: with the function that the query has so far.
std::string read_series(Reader& reader, RenderedQuery& query) {
  const auto function = reader.take_word(range_function_words, "(");
  const bool timestamp =
      !function && query.aggregation == Aggregation::Min && reader.take_if("timestamp(");
  query.range_function = function.value_or(RangeFunction::None);
  query.asks = timestamp ? Asks::OldestTimestamp : Asks::Value;
  auto name = reader.take_name(is_metric_name, "the name of a metric");
  query.matchers = read_matchers(reader);
  if (function) {
    reader.take("[");
    query.window_seconds = reader.take_seconds();
    reader.take("s]");
  }
  if (function || timestamp) reader.take(")");
  return name;
}

RenderedQuery read_query(Reader& reader) {
  RenderedQuery query;
  const auto aggregation = reader.take_word(aggregation_words, " by (");
  if (!aggregation) reader.expected("'sum by (', 'avg by (', 'max by (' or 'min by ('");
  query.aggregation = aggregation.value_or(Aggregation::Sum);
  query.group_labels = read_group_labels(reader);
  reader.take(") (");
  query.metric = read_series(reader, query);
  while (!reader.failed() && reader.take_if(" or ")) {
    // Functions and matchers that differ from name to name are found by rendering it again.
    query.other_names.push_back(read_series(reader, query));
    if (query.other_names.size() > names_max) reader.expected("at most 8 names");
  }
  reader.take(")");
  return query;
}

RenderedPart read_part(Reader& reader) {
  RenderedPart part{.query = read_query(reader)};
  if (reader.take_if(above_word)) part.above = reader.take_number();
  return part;
}

/// Whether label and index are those that the planner writes is seen by rendering it again.
std::vector<RenderedPart> read_parts(Reader& reader) {
  std::vector<RenderedPart> parts;
  if (!reader.take_if(part_start)) {
    parts.push_back(read_part(reader));
    return parts;
  }
  do {
    if (!parts.empty()) reader.take(part_start);
    const std::string index = std::to_string(parts.size());
    parts.push_back(read_part(reader));
    reader.take(", \"");
    (void)reader.take_name(is_label_name, "the name of a label");
    reader.take("\", \"");
    reader.take(index);
    reader.take("\"");
    reader.take(part_end);
  } while (!reader.failed() && reader.take_if(part_separator));
  return parts;
}

tl::unexpected<Error> unknown(std::string_view why) {
  return fail(ErrorKind::InvalidInput, fmt::format("unknown expression: {}", why));
}

}  // namespace

Result<std::vector<RenderedPart>> recognise_parts(std::string_view promql) {
  if (promql.size() > query_bytes_max)
    return unknown(fmt::format("it has {} bytes, at most {} are read", promql.size(),
                               query_bytes_max));
  Reader reader(promql);
  auto parts = read_parts(reader);
  if (!reader.failed() && !reader.at_end()) reader.expected("the end");
  if (reader.failed()) return fail(reader.error());
  // Two spellings of one query (an escape where none is needed) would not be an inverse.
  if (const auto text = render(parts); text != promql)
    return unknown(
        fmt::format("the query planner writes it as {}", capped(escaped(text), 200)));
  return parts;
}

Result<RenderedQuery> recognise(std::string_view promql) {
  auto parts = recognise_parts(promql);
  if (!parts) return fail(parts.error());
  if (parts->size() != 1 || parts->front().above)
    return unknown("it is a joint query, or one with a bound");
  return std::move(parts->front().query);
}

}  // namespace poolscaler::query
