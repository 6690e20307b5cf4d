#include <algorithm>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/query/planner.hpp"
#include "poolscaler/query/rendered.hpp"
#include "portions.hpp"
#include "shape.hpp"
#include "words.hpp"

namespace poolscaler::query {
namespace {

/// All signals of one shape.
struct Family {
  Shape shape;  // of whoever came first; nothing of it but what all share is used
  std::vector<Tuple> tuples{};
  std::unordered_map<std::string, std::size_t> tuple_index{};

  void add(std::size_t signal, std::vector<std::string_view> values) {
    std::string key;
    for (const auto value : values) append_value(key, value);
    const auto [place, is_new] = tuple_index.try_emplace(std::move(key), tuples.size());
    if (is_new) tuples.push_back(Tuple{.values = std::move(values), .waiting = {}});
    tuples[place->second].waiting.push_back(signal);
  }
};

struct Sorted {
  std::unordered_map<std::string, Family> families;
  std::map<std::pair<std::string_view, std::string_view>, std::vector<std::size_t>> raw;
  std::map<std::pair<std::string_view, std::string>, std::vector<std::size_t>> refused;
};

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

Sorted sorted(std::span<const SignalQuery> signals,
              const std::map<std::string, std::string>& enforced_labels) {
  Sorted all;
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
    if (std::holds_alternative<DerivedQuery>(signal.query)) {
      all.refused[{signal.source, "it is made of several metrics; plan() takes its parts"}]
          .push_back(i);
      continue;
    }
    const auto& selector = std::get<MetricSelector>(signal.query);
    const auto label = enforced_label(enforced_labels, signal.source);
    if (auto why = unsayable(signal, selector, label)) {
      all.refused[{signal.source, std::move(*why)}].push_back(i);
      continue;
    }
    Shape shape = shape_of(signal, selector, label);
    auto values = std::move(shape.values);
    const auto family = all.families.try_emplace(shape_key(shape), Family{.shape = shape}).first;
    family->second.add(i, std::move(values));
  }
  return all;
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

PlannedQuery planned(const Shape& shape, const Portion& portion) {
  RenderedQuery rendered{
      .asks = Asks::Value,
      .aggregation = shape.selector->aggregation,
      .group_labels = {shape.group_labels.begin(), shape.group_labels.end()},
      .range_function = shape.selector->range_function,
      .window_seconds = shape.selector->window_seconds,
      .metric = shape.selector->metric,
      .other_names = shape.selector->other_names,
      .matchers = matchers_of(shape, portion),
  };
  PlannedQuery query{.source = std::string(shape.source),
                     .promql = render(rendered),
                     .age_promql = {},
                     .group_labels = rendered.group_labels,
                     .waiting = {}};
  rendered.asks = Asks::OldestTimestamp;
  rendered.aggregation = Aggregation::Min;
  rendered.range_function = RangeFunction::None;
  rendered.window_seconds = 0;
  query.age_promql = render(rendered);
  for (const Tuple* tuple : portion)
    query.waiting.insert(query.waiting.end(), tuple->waiting.begin(), tuple->waiting.end());
  std::ranges::sort(query.waiting);
  const std::size_t bytes = std::max(query.promql.size(), query.age_promql.size());
  if (bytes > query_bytes_max) {
    query.promql.clear();
    query.age_promql.clear();
    query.refused = fmt::format("the query would have {} bytes, at most {} are allowed; shorten "
                                "the values of its matchers",
                                bytes, query_bytes_max);
  }
  return query;
}

void plan_family(Family& family, std::vector<PlannedQuery>& queries) {
  // What the query has beside its alternations: the longest function and everything fixed.
  std::size_t fixed_bytes = 128 + family.shape.selector->metric.size();
  for (const auto label : family.shape.group_labels) fixed_bytes += 2 * label.size() + 8;
  for (const Matcher* matcher : family.shape.fixed)
    fixed_bytes += matcher->label.size() + quoted(matcher->value).size() + 3;
  // Each further name of the metric has the matchers again.
  const std::size_t names = 1 + family.shape.selector->other_names.size();
  for (const auto& name : family.shape.selector->other_names) fixed_bytes += name.size();
  fixed_bytes *= names;
  const PortionLimits limits{
      .values_max = values_max,
      .groups_max = groups_max,
      .bytes_max = (query_bytes_max - std::min(query_bytes_max, fixed_bytes)) / names,
  };
  for (const auto& portion : portions_of(family.tuples, limits))
    queries.push_back(planned(family.shape, portion));
}

}  // namespace

std::vector<PlannedQuery> plan(std::span<const SignalQuery> signals,
                               const std::map<std::string, std::string>& enforced_labels) {
  Sorted all = sorted(signals, enforced_labels);
  std::vector<std::pair<std::string_view, Family*>> families;
  families.reserve(all.families.size());
  for (auto& [key, family] : all.families) families.emplace_back(key, &family);
  std::ranges::sort(families, {}, &std::pair<std::string_view, Family*>::first);

  std::vector<PlannedQuery> queries;
  for (const auto& [key, family] : families) plan_family(*family, queries);
  for (auto& [source_and_text, waiting] : all.raw)
    queries.push_back(PlannedQuery{.source = std::string(source_and_text.first),
                                   .promql = std::string(source_and_text.second),
                                   .age_promql = {},
                                   .group_labels = {},
                                   .waiting = std::move(waiting)});
  for (auto& [source_and_why, waiting] : all.refused)
    queries.push_back(PlannedQuery{.source = std::string(source_and_why.first),
                                   .promql = {},
                                   .age_promql = {},
                                   .group_labels = {},
                                   .waiting = std::move(waiting),
                                   .refused = source_and_why.second});
  return queries;
}

}  // namespace poolscaler::query
