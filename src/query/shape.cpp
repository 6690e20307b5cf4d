#include "shape.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/query/rendered.hpp"

namespace poolscaler::query {
namespace {

bool before(const Matcher* a, const Matcher* b) { return *a < *b; }
bool same(const Matcher* a, const Matcher* b) { return *a == *b; }

/// Its bytes; keys are compared, never shown.
void append_number(std::string& key, std::size_t number) {
  std::array<char, sizeof number> bytes{};
  std::memcpy(bytes.data(), &number, bytes.size());
  key.append(bytes.data(), bytes.size());
}

}  // namespace

void append_value(std::string& key, std::string_view value) {
  append_number(key, value.size());
  key += value;
}

Shape shape_of(const SignalQuery& signal, const MetricSelector& selector,
               std::string_view enforced_label) {
  std::vector<const Matcher*> matchers;
  matchers.reserve(selector.matchers.size());
  for (const auto& matcher : selector.matchers) matchers.push_back(&matcher);
  std::ranges::sort(matchers, before);
  const auto repeated = std::ranges::unique(matchers, same);
  matchers.erase(repeated.begin(), repeated.end());

  Shape shape{.source = signal.source,
              .selector = &selector,
              .group_labels = {enforced_label},
              .values = {signal.ns},
              .fixed = {}};
  for (const Matcher* matcher : matchers) {
    const bool enforced = matcher->label == enforced_label;
    const bool equal = matcher->op == MatchOperator::Equal;
    if (enforced && equal && matcher->value == signal.ns) continue;  // holds already
    const bool first_value = shape.group_labels.back() != matcher->label;
    const bool splits = equal && !enforced && !matcher->value.empty() && first_value;
    if (splits) {
      shape.group_labels.push_back(matcher->label);
      shape.values.push_back(matcher->value);
    } else {
      shape.fixed.push_back(matcher);
    }
  }
  return shape;
}

std::string shape_key(const Shape& shape) {
  std::string key;
  key.reserve(128);
  append_value(key, shape.source);
  append_value(key, shape.selector->metric);
  append_number(key, shape.selector->other_names.size());
  for (const auto& name : shape.selector->other_names) append_value(key, name);
  append_number(key, static_cast<std::size_t>(shape.selector->aggregation));
  append_number(key, static_cast<std::size_t>(shape.selector->range_function));
  append_number(key, static_cast<std::size_t>(shape.selector->window_seconds));
  append_number(key, shape.group_labels.size());
  for (const auto label : shape.group_labels) append_value(key, label);
  for (const Matcher* matcher : shape.fixed) {
    append_value(key, matcher->label);
    append_number(key, static_cast<std::size_t>(matcher->op));
    append_value(key, matcher->value);
  }
  return key;
}

std::optional<std::string> unsayable(const SignalQuery& signal, const MetricSelector& selector,
                                     std::string_view enforced_label) {
  const auto shown = [](std::string_view text) { return escaped(capped(text, 60)); };
  if (signal.ns.empty() || !is_utf8(signal.ns)) return "the policy's namespace is empty or no text";
  if (!is_label_name(enforced_label))
    return fmt::format("the metric source's enforced label is '{}', which is no name of a label",
                       shown(enforced_label));
  if (!is_metric_name(selector.metric))
    return fmt::format("metric is '{}', which is no name of a metric", shown(selector.metric));
  for (const auto& name : selector.other_names)
    if (!is_metric_name(name))
      return fmt::format("another name of the metric is '{}', which is no name of a metric",
                         shown(name));
  const bool ranged = selector.range_function != RangeFunction::None;
  if (ranged != (selector.window_seconds > 0))
    return fmt::format("the window is {} s; it must be set exactly when there is a range function",
                       selector.window_seconds);
  if (selector.matchers.size() >= labels_max)
    return fmt::format("there are {} matchers, fewer than {} are allowed", selector.matchers.size(),
                       labels_max);
  for (const auto& matcher : selector.matchers) {
    if (!is_label_name(matcher.label))
      return fmt::format("a matcher's label is '{}', which is no name of a label",
                         shown(matcher.label));
    if (!is_utf8(matcher.value))
      return fmt::format("the matcher for label '{}' has a value that is not UTF-8",
                         shown(matcher.label));
  }
  return std::nullopt;
}

}  // namespace poolscaler::query
