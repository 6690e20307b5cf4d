#include "trace_lines.hpp"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"

namespace poolscaler::replay {
namespace {

constexpr std::size_t quoted_bytes_max = 40;
constexpr std::size_t fields_max = 10'000;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

TraceLines::TraceLines(std::string_view name, std::string_view text) : name_(name), rest_(text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
  if (take_line()) header_ = fields_;
}

bool TraceLines::take_line() {
  while (!rest_.empty()) {
    const auto end = std::min(rest_.find('\n'), rest_.size());
    const auto whole = trimmed(rest_.substr(0, end));
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    ++line_;
    if (whole.empty()) continue;
    fields_.clear();
    for (std::size_t from = 0; from <= whole.size() && fields_.size() < fields_max;) {
      const auto comma = std::min(whole.find(',', from), whole.size());
      fields_.push_back(trimmed(whole.substr(from, comma - from)));
      from = comma + 1;
    }
    return true;
  }
  return false;
}

const std::vector<std::string_view>* TraceLines::next() {
  return take_line() ? &fields_ : nullptr;
}

Result<double> TraceLines::number(std::size_t index, const FieldRule& rule) const {
  if (index >= fields_.size())
    return fail(bad(fmt::format("{} is missing: the line has {} of {} fields", rule.name,
                                fields_.size(), header_.size())));
  const auto text = fields_[index];
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  if (!whole || !std::isfinite(value) || value < rule.least || value > rule.most)
    return fail(bad(fmt::format("{} is '{}', expected a number from {} to {}", rule.name,
                                capped(escaped(text), quoted_bytes_max), brief(rule.least),
                                brief(rule.most))));
  return value;
}

Error TraceLines::bad(std::string_view problem) const {
  return {.kind = ErrorKind::InvalidInput,
          .message = fmt::format("{}:{}: {}; correct the line, or skip and count such lines with "
                                 "--skip-bad-lines",
                                 name_, line_, problem)};
}

}  // namespace poolscaler::replay
