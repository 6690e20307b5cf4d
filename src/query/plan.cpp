#include <algorithm>
#include <array>

#include "families.hpp"
#include "poolscaler/query/planner.hpp"
#include "poolscaler/query/rendered.hpp"

namespace poolscaler::query {
namespace {

PlannedQuery planned(const Shape& shape, const Portion& portion) {
  std::array<RenderedPart, 2> parts{RenderedPart{.query = values_of(shape, portion)},
                                    RenderedPart{.query = values_of(shape, portion)}};
  auto& ages = parts[1].query;
  ages.asks = Asks::OldestTimestamp;
  ages.aggregation = Aggregation::Min;
  ages.range_function = RangeFunction::None;
  ages.window_seconds = 0;
  PlannedQuery query{.source = std::string(shape.source),
                     .promql = render(parts),
                     .age_promql = {},
                     .group_labels = ages.group_labels,
                     .part_label = part_label(ages.group_labels),
                     .waiting = {}};
  for (const Tuple* tuple : portion)
    query.waiting.insert(query.waiting.end(), tuple->waiting.begin(), tuple->waiting.end());
  std::ranges::sort(query.waiting);
  if (query.promql.size() <= query_bytes_max) return query;
  query.promql = render(parts[0]);
  query.age_promql = render(parts[1]);
  query.part_label.clear();
  const std::size_t bytes = std::max(query.promql.size(), query.age_promql.size());
  if (bytes <= query_bytes_max) return query;
  query.promql.clear();
  query.age_promql.clear();
  query.refused = too_long(bytes);
  return query;
}

}  // namespace

std::vector<PlannedQuery> plan(std::span<const SignalQuery> signals,
                               const std::map<std::string, std::string>& enforced_labels) {
  Families all = families_of(signals, enforced_labels);
  std::vector<PlannedQuery> queries;
  for (const Family* family : all.in_order())
    for (const auto& portion : portions_of(*family))
      queries.push_back(planned(family->shape, portion));
  for (auto& [source_and_text, waiting] : all.raw)
    queries.push_back(PlannedQuery{.source = std::string(source_and_text.first),
                                   .promql = std::string(source_and_text.second),
                                   .waiting = std::move(waiting)});
  for (auto& [source_and_why, waiting] : all.refused)
    queries.push_back(PlannedQuery{.source = std::string(source_and_why.first),
                                   .promql = {},
                                   .waiting = std::move(waiting),
                                   .refused = source_and_why.second});
  return queries;
}

Result<std::string> own_query(const SignalQuery& signal, const std::string& enforced_label) {
  // Families hold views of the labels.
  const std::map<std::string, std::string> labels{{signal.source, enforced_label}};
  const Families all = families_of(std::span(&signal, 1), labels);
  if (!all.refused.empty())
    return fail(ErrorKind::InvalidInput, all.refused.begin()->first.second);
  if (!all.raw.empty()) return std::string(all.raw.begin()->first.second);
  const Family& family = *all.in_order().front();
  auto text = render(values_of(family.shape, portions_of(family).front()));
  if (text.size() > query_bytes_max) return fail(ErrorKind::InvalidInput, too_long(text.size()));
  return text;
}

}  // namespace poolscaler::query
