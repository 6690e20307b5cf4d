#include "poolscaler/query/lookout_plan.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "families.hpp"
#include "poolscaler/base/check.hpp"
#include "words.hpp"

namespace poolscaler::query {
namespace {

using Seat = LookoutPart::Seat;

LookoutPart part_of(const Family& family, const Portion& portion, std::span<const double> above) {
  LookoutPart part{.source = std::string(family.shape.source),
                   .promql = {},
                   .group_labels = {family.shape.group_labels.begin(),
                                    family.shape.group_labels.end()}};
  double least = std::numeric_limits<double>::infinity();
  for (const Tuple* tuple : portion) {
    std::string group;
    for (const auto value : tuple->values) append_value(group, value);
    for (const auto signal : tuple->waiting) {
      part.seats.push_back({.group = group,
                            .signal = static_cast<std::uint32_t>(signal),
                            .above = above[signal]});
      least = std::isnan(above[signal]) ? above[signal] : std::min(least, above[signal]);
    }
  }
  std::ranges::sort(part.seats, {}, [](const Seat& s) { return std::tie(s.group, s.signal); });
  RenderedPart rendered{.query = values_of(family.shape, portion)};
  if (std::isfinite(least)) rendered.above = least;
  part.promql = render(rendered);
  // What can be read at all must be seen, if need be without its bound.
  if (part.promql.size() > query_bytes_max) part.promql = render(rendered.query);
  return part;
}

LookoutPart raw_part(std::pair<std::string_view, std::string_view> source_and_text,
                     const std::vector<std::size_t>& waiting, std::span<const double> above) {
  LookoutPart part{.source = std::string(source_and_text.first),
                   .promql = std::string(source_and_text.second)};
  for (const auto signal : waiting)
    part.seats.push_back({.group = {},
                          .signal = static_cast<std::uint32_t>(signal),
                          .above = above[signal]});
  return part;
}

std::string_view label_of(const VectorSample& sample, const std::string& label) {
  const auto found = sample.labels.find(label);
  return found == sample.labels.end() ? std::string_view() : std::string_view(found->second);
}

/// Which part of the query a sample belongs to; nothing when the server made it up.
std::optional<std::size_t> part_of(const JointQuery& query, const VectorSample& sample) {
  if (query.parts.size() == 1) return query.parts.front();
  const auto text = label_of(sample, query.part_label);
  std::size_t index = 0;
  const auto [last, problem] = std::from_chars(text.data(), text.data() + text.size(), index);
  const bool whole = problem == std::errc() && last == text.data() + text.size();
  if (!whole || index >= query.parts.size()) return std::nullopt;
  return query.parts[index];
}

/// Joint queries of one source in the making.
class Joiner {
 public:
  Joiner(std::span<const LookoutPart> plan, std::vector<JointQuery>& out)
      : plan_(plan), out_(out) {}

  void add(std::size_t index) {
    const auto& part = plan_[index];
    const std::size_t frame =
        part_start.size() + part_end.size() + part_separator.size() + label_bytes_max;
    const std::size_t bytes = part.promql.size() + frame;
    const bool fits = !parts_.empty() && plan_[parts_.front()].source == part.source &&
                      bytes_ + bytes <= query_bytes_max;
    if (!fits) close();
    parts_.push_back(index);
    bytes_ += bytes;
  }

  void close() {
    if (parts_.empty()) return;
    JointQuery query{.source = plan_[parts_.front()].source, .promql = {}, .parts = parts_};
    if (parts_.size() == 1) {
      query.promql = plan_[parts_.front()].promql;
    } else {
      std::vector<std::string> texts;
      std::vector<std::string> labels;
      for (const auto index : parts_) {
        texts.push_back(plan_[index].promql);
        std::ranges::copy(plan_[index].group_labels, std::back_inserter(labels));
      }
      query.part_label = part_label(labels);
      query.promql = joined(texts, query.part_label);
    }
    out_.push_back(std::move(query));
    parts_.clear();
    bytes_ = 0;
  }

 private:
  // `, "poolscaler_part", "123"`, with room for a label that had to be made longer.
  static constexpr std::size_t label_bytes_max = 64;

  std::span<const LookoutPart> plan_;
  std::vector<JointQuery>& out_;
  std::vector<std::size_t> parts_{};
  std::size_t bytes_ = 0;
};

}  // namespace

std::vector<LookoutPart> plan_lookout(std::span<const SignalQuery> signals,
                                      std::span<const double> above,
                                      const std::map<std::string, std::string>& enforced_labels) {
  CHECK(signals.size() == above.size(), "a value for each signal");
  const Families all = families_of(signals, enforced_labels);
  std::vector<LookoutPart> parts;
  for (const Family* family : all.in_order()) {
    for (const auto& portion : portions_of(*family)) {
      auto part = part_of(*family, portion, above);
      // Its reading is an error for the same reason, and wakes nobody.
      if (part.promql.size() <= query_bytes_max) parts.push_back(std::move(part));
    }
  }
  for (const auto& [source_and_text, waiting] : all.raw) {
    parts.push_back(raw_part(source_and_text, waiting, above));
    parts.back().tenant = signals[waiting.front()].ns;
  }
  // Parts of one source side by side; the sorts above leave shapes of one source together already.
  std::ranges::stable_sort(parts, {}, &LookoutPart::source);
  return parts;
}

std::vector<JointQuery> join(std::span<const LookoutPart> plan,
                             std::span<const std::size_t> chosen) {
  std::vector<JointQuery> queries;
  Joiner joiner(plan, queries);
  for (const auto index : chosen) {
    // What a tenant wrote stands alone: joined, it could speak for others.
    const bool is_raw = plan[index].group_labels.empty();
    if (is_raw) joiner.close();
    joiner.add(index);
    if (is_raw) joiner.close();
  }
  joiner.close();
  return queries;
}

void sight(std::span<const LookoutPart> plan, const JointQuery& query, const QueryAnswer& answer,
           std::vector<std::size_t>& sighted) {
  std::string group;
  for (const auto& sample : answer.samples) {
    const auto index = part_of(query, sample);
    if (!index || !std::isfinite(sample.value)) continue;
    const LookoutPart& part = plan[*index];
    group.clear();
    for (const auto& label : part.group_labels) append_value(group, label_of(sample, label));
    for (const auto& seat : std::ranges::equal_range(part.seats, group, {}, &Seat::group))
      if (sample.value > seat.above) sighted.push_back(seat.signal);
  }
}

void sight_all(const LookoutPart& part, std::vector<std::size_t>& sighted) {
  for (const auto& seat : part.seats) sighted.push_back(seat.signal);
}

}  // namespace poolscaler::query
