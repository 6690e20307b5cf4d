#include "families.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "poolscaler/query/planner.hpp"
#include "words.hpp"

namespace poolscaler::query {
namespace {

std::optional<std::string> unsendable(const RawQuery& raw) {
  if (raw.promql.empty()) return "the raw query is empty";
  if (raw.promql.size() > query_bytes_max)
    return fmt::format("the raw query has {} bytes, at most {} are allowed", raw.promql.size(),
                       query_bytes_max);
  if (!is_utf8(raw.promql)) return "the raw query is not UTF-8";
  return std::nullopt;
}

std::string_view enforced_label(const std::map<std::string, std::string>& labels,
                                const std::string& source) {
  const auto found = labels.find(source);
  return found == labels.end() ? std::string_view("namespace") : std::string_view(found->second);
}

std::vector<Matcher> matchers_of(const Shape& shape, const Portion& portion) {
  std::vector<Matcher> matchers;
  for (std::size_t i = 0; i < shape.group_labels.size(); ++i) {
    std::vector<std::string_view> values;
    for (const Tuple* tuple : portion) values.push_back(tuple->values[i]);
    std::ranges::sort(values);
    const auto repeated = std::ranges::unique(values);
    values.erase(repeated.begin(), repeated.end());
    Matcher matcher{.label = std::string(shape.group_labels[i]),
                    .op = MatchOperator::Equal,
                    .value = std::string(values.front())};
    if (values.size() > 1) {
      matcher.op = MatchOperator::Regex;
      matcher.value = regex_literal(values.front());
      for (std::size_t n = 1; n < values.size(); ++n)
        matcher.value.append("|").append(regex_literal(values[n]));
    }
    matchers.push_back(std::move(matcher));
  }
  for (const Matcher* fixed : shape.fixed) matchers.push_back(*fixed);
  return matchers;
}

}  // namespace

void Family::add(std::size_t signal, std::vector<std::string_view> values) {
  std::string key;
  for (const auto value : values) append_value(key, value);
  const auto [place, is_new] = tuple_index.try_emplace(std::move(key), tuples.size());
  if (is_new) tuples.push_back(Tuple{.values = std::move(values), .waiting = {}});
  tuples[place->second].waiting.push_back(signal);
}

std::vector<const Family*> Families::in_order() const {
  std::vector<std::pair<std::string_view, const Family*>> sorted;
  sorted.reserve(by_shape.size());
  for (const auto& [key, family] : by_shape) sorted.emplace_back(key, &family);
  std::ranges::sort(sorted, {}, &std::pair<std::string_view, const Family*>::first);
  std::vector<const Family*> order;
  order.reserve(sorted.size());
  for (const auto& [key, family] : sorted) order.push_back(family);
  return order;
}

Families families_of(std::span<const SignalQuery> signals,
                     const std::map<std::string, std::string>& enforced_labels) {
  Families all;
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const auto& signal = signals[i];
    if (const auto* raw = std::get_if<RawQuery>(&signal.query)) {
      if (auto why = unsendable(*raw)) {
        all.refused[{signal.source, std::move(*why)}].push_back(i);
      } else {
        all.raw[{signal.source, raw->promql}].push_back(i);
      }
      continue;
    }
    const auto* found = std::get_if<MetricSelector>(&signal.query);
    if (found == nullptr) {
      all.refused[{signal.source, "it is no single query of a metric source"}].push_back(i);
      continue;
    }
    const auto& selector = *found;
    const auto label = enforced_label(enforced_labels, signal.source);
    if (auto why = unsayable(signal, selector, label)) {
      all.refused[{signal.source, std::move(*why)}].push_back(i);
      continue;
    }
    Shape shape = shape_of(signal, selector, label);
    auto values = std::move(shape.values);
    const auto family = all.by_shape.try_emplace(shape_key(shape), Family{.shape = shape}).first;
    family->second.add(i, std::move(values));
  }
  return all;
}

std::vector<Portion> portions_of(const Family& family) {
  // What the query has beside its alternations: the longest function and everything fixed.
  std::size_t fixed_bytes = 128 + family.shape.selector->metric.size();
  for (const auto label : family.shape.group_labels) fixed_bytes += 2 * label.size() + 8;
  for (const Matcher* matcher : family.shape.fixed)
    fixed_bytes += matcher->label.size() + query::quoted(matcher->value).size() + 3;
  // Each further name of the metric has the matchers again.
  const std::size_t names = 1 + family.shape.selector->other_names.size();
  for (const auto& name : family.shape.selector->other_names) fixed_bytes += name.size();
  fixed_bytes *= names;
  const PortionLimits limits{
      .values_max = values_max,
      .groups_max = groups_max,
      .bytes_max = (query_bytes_max - std::min(query_bytes_max, fixed_bytes)) / names,
  };
  return portions_of(family.tuples, limits);
}

RenderedQuery values_of(const Shape& shape, const Portion& portion) {
  return {
      .asks = Asks::Value,
      .aggregation = shape.selector->aggregation,
      .group_labels = {shape.group_labels.begin(), shape.group_labels.end()},
      .range_function = shape.selector->range_function,
      .window_seconds = shape.selector->window_seconds,
      .metric = shape.selector->metric,
      .other_names = shape.selector->other_names,
      .matchers = matchers_of(shape, portion),
  };
}

std::string too_long(std::size_t bytes) {
  return fmt::format(
      "the query would have {} bytes, at most {} are allowed; shorten the values of its matchers",
      bytes, query_bytes_max);
}

}  // namespace poolscaler::query
