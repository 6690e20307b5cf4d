#include "poolscaler/simulation/metric_store.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "poolscaler/base/guarded.hpp"
#include "poolscaler/query/planner.hpp"
#include "poolscaler/query/rendered.hpp"
#include "prometheus_wire.hpp"
#include "series_arithmetic.hpp"

namespace poolscaler::simulation {
namespace {

constexpr const char* name_label = "__name__";

struct StoredSample {
  Instant at;
  double value;
  bool is_stale_marker;
};

/// In order of time, every time once.
using History = std::vector<StoredSample>;

void append(History& history, const StoredSample& sample) {
  while (!history.empty() && history.back().at >= sample.at) history.pop_back();
  if (history.size() >= MetricStore::samples_max) history.erase(history.begin());
  history.push_back(sample);
}

/// What an instant selector sees: the newest sample of the lookback, unless the series ended there.
const StoredSample* newest_at(const History& history, Instant time) {
  auto after = std::ranges::upper_bound(history, time, {}, &StoredSample::at);
  if (after == history.begin()) return nullptr;
  --after;
  const bool too_old = after->at < time - Seconds(query::lookback_seconds);
  return too_old || after->is_stale_marker ? nullptr : &*after;
}

std::vector<Sample> samples_in(const History& history, Range range) {
  std::vector<Sample> samples;
  auto next = std::ranges::lower_bound(history, range.from, {}, &StoredSample::at);
  for (; next != history.end() && next->at <= range.to; ++next)
    if (!next->is_stale_marker) samples.push_back({.at = next->at, .value = next->value});
  return samples;
}

std::optional<double> value_of(const History& history, const query::RenderedQuery& query,
                               Instant time) {
  if (query.range_function != RangeFunction::None) {
    const Range range{.from = time - Seconds(query.window_seconds), .to = time};
    return over_range(query.range_function, samples_in(history, range), range);
  }
  const auto* newest = newest_at(history, time);
  if (newest == nullptr) return std::nullopt;
  if (query.asks == query::Asks::Value) return newest->value;
  return std::chrono::duration<double>(newest->at.time_since_epoch()).count();
}

struct Condition {
  std::string label;
  query::LabelPredicate holds;
};

/// One part of what was asked, ready to be evaluated.
struct Part {
  query::RenderedPart asked;
  std::vector<Condition> conditions;
};

Result<std::vector<Condition>> conditions_of(const query::RenderedQuery& query) {
  std::vector<Condition> conditions;
  for (const auto& matcher : query.matchers) {
    if (matcher.label == name_label)
      return fail(ErrorKind::InvalidInput, "unknown expression: a matcher on __name__");
    auto predicate = query::LabelPredicate::of(matcher);
    if (!predicate) return fail(predicate.error());
    conditions.push_back({.label = matcher.label, .holds = std::move(*predicate)});
  }
  return conditions;
}

/// A label that is not there counts as "".
std::string_view label_of(const SeriesLabels& labels, const std::string& name) {
  const auto found = labels.find(name);
  return found == labels.end() ? std::string_view() : std::string_view(found->second);
}

SeriesLabels without_empty(SeriesLabels labels) {
  std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
  return labels;
}

/// The labels that name a group; empty ones are none, and functions drop the metric's name.
SeriesLabels group_of(const SeriesLabels& labels, const query::RenderedQuery& query) {
  const bool keeps_name =
      query.asks == query::Asks::Value && query.range_function == RangeFunction::None;
  SeriesLabels group;
  for (const auto& name : query.group_labels) {
    if (name == name_label && !keeps_name) continue;
    const auto value = label_of(labels, name);
    if (!value.empty()) group.emplace(name, value);
  }
  return group;
}

SeriesLabels without_name(SeriesLabels labels) {
  labels.erase(name_label);
  return labels;
}

struct State {
  std::map<std::string, std::map<SeriesLabels, History>, std::less<>> series_by_name;
  std::size_t series_count = 0;
  int failures_left = 0;
  int failure_status = 503;
};

History* find(State& state, const std::string& metric, const SeriesLabels& labels) {
  const auto named = state.series_by_name.find(metric);
  if (named == state.series_by_name.end()) return nullptr;
  const auto found = named->second.find(labels);
  return found == named->second.end() ? nullptr : &found->second;
}

/// Series that have ended give their place to new ones, the ended alone.
void forget_ended(State& state) {
  for (auto& [name, series] : state.series_by_name)
    state.series_count -= std::erase_if(
        series, [](const auto& entry) { return entry.second.back().is_stale_marker; });
  std::erase_if(state.series_by_name, [](const auto& entry) { return entry.second.empty(); });
}

Result<std::vector<Part>> parts_of(std::string_view promql) {
  auto asked = query::recognise_parts(promql);
  if (!asked) return fail(asked.error());
  std::vector<Part> parts;
  for (auto& part : *asked) {
    auto conditions = conditions_of(part.query);
    if (!conditions) return fail(conditions.error());
    parts.push_back({.asked = std::move(part), .conditions = std::move(*conditions)});
  }
  return parts;
}

std::vector<VectorElement> evaluate(const State& state, const Part& part, Instant time) {
  const auto& query = part.asked.query;
  std::map<SeriesLabels, Aggregate> groups;
  std::vector<std::string_view> names{query.metric};
  names.insert(names.end(), query.other_names.begin(), query.other_names.end());
  std::set<SeriesLabels> counted;  // under an earlier name
  for (const auto name : names) {
    const auto named = state.series_by_name.find(name);
    if (named == state.series_by_name.end()) continue;
    for (const auto& [labels, history] : named->second) {
      const bool wanted = std::ranges::all_of(part.conditions, [&](const Condition& condition) {
        return condition.holds(label_of(labels, condition.label));
      });
      const auto value = wanted ? value_of(history, query, time) : std::nullopt;
      if (!value) continue;
      if (names.size() > 1 && !counted.insert(without_name(labels)).second) continue;
      groups.try_emplace(group_of(labels, query), query.aggregation).first->second.add(*value);
    }
  }
  std::vector<VectorElement> elements;
  elements.reserve(groups.size());
  for (const auto& [labels, aggregate] : groups) {
    const bool answered = !part.asked.above || aggregate.value() > *part.asked.above;
    if (answered) elements.push_back({.labels = labels, .value = aggregate.value()});
  }
  return elements;
}

std::vector<VectorElement> evaluate(const State& state, const std::vector<Part>& parts,
                                    Instant time) {
  if (parts.size() == 1) return evaluate(state, parts.front(), time);
  std::vector<std::string> group_labels;
  for (const auto& part : parts)
    std::ranges::copy(part.asked.query.group_labels, std::back_inserter(group_labels));
  const auto label = query::part_label(group_labels);
  std::vector<VectorElement> elements;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (auto& element : evaluate(state, parts[i], time)) {
      element.labels[label] = std::to_string(i);
      elements.push_back(std::move(element));
    }
  }
  return elements;
}

/// At each step what an instant query would answer.
std::vector<MatrixSeries> evaluate(const State& state, const std::vector<Part>& parts,
                                   const StepRange& range) {
  std::map<SeriesLabels, std::vector<std::pair<Instant, double>>> by_labels;
  for (Instant time = range.from; time <= range.to; time += range.step)
    for (auto& element : evaluate(state, parts, time))
      by_labels[std::move(element.labels)].emplace_back(time, element.value);
  std::vector<MatrixSeries> series;
  for (auto& [labels, values] : by_labels)
    series.push_back({.labels = labels, .values = std::move(values)});
  return series;
}

}  // namespace

struct MetricStore::Parts {
  explicit Parts(const Clock& its_clock) : clock(its_clock) {}

  /// The status that the next query fails with; 0 when it does not.
  int take_failure() {
    return state.with([](State& s) {
      if (s.failures_left <= 0) return 0;
      --s.failures_left;
      return s.failure_status;
    });
  }

  ServerResponse answer(const ServerRequest& request, bool over_a_range) {
    if (const int status = take_failure(); status != 0)
      return error_answer(status, status == 503 ? "unavailable" : "internal",
                          "a failure that was asked for");
    const auto parameters =
        over_a_range ? read_range_parameters(request) : read_parameters(request);
    if (!parameters) return error_answer(400, "bad_data", parameters.error().message);
    if (parameters->no_time_left)
      return error_answer(503, "timeout", "query timed out in query execution");
    const auto parts = parts_of(parameters->query);
    if (!parts)
      return error_answer(400, "bad_data",
                          fmt::format("invalid parameter \"query\": {}", parts.error().message));
    if (parameters->range)
      return matrix_answer(state.with(
          [&](const State& s) { return evaluate(s, *parts, *parameters->range); }));
    const Instant time = parameters->time.value_or(clock.now());
    const auto elements =
        state.with([&](const State& s) { return evaluate(s, *parts, time); });
    return vector_answer(elements, time, parameters->limit);
  }

  const Clock& clock;
  Guarded<State> state;
};

MetricStore::MetricStore(const Clock& clock) : parts_(std::make_unique<Parts>(clock)) {}
MetricStore::~MetricStore() = default;

void MetricStore::put(const SeriesLabels& labels, Instant at, double value) {
  const auto named = without_empty(labels);
  const std::string metric(label_of(named, name_label));
  parts_->state.with([&](State& state) {
    auto* history = find(state, metric, named);
    if (history == nullptr) {
      if (state.series_count >= series_max) forget_ended(state);
      if (state.series_count >= series_max) return;
      history = &state.series_by_name[metric][named];
      ++state.series_count;
    }
    append(*history, {.at = at, .value = value, .is_stale_marker = false});
  });
}

void MetricStore::drop(const SeriesLabels& labels) {
  const auto named = without_empty(labels);
  const Instant now = parts_->clock.now();
  parts_->state.with([&](State& state) {
    auto* const history = find(state, std::string(label_of(named, name_label)), named);
    if (history != nullptr) append(*history, {.at = now, .value = 0, .is_stale_marker = true});
  });
}

void MetricStore::fail_next(int times, int status) {
  parts_->state.with([&](State& state) {
    state.failures_left = times;
    state.failure_status = status;
  });
}

ServerResponse MetricStore::handle(const ServerRequest& request) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const auto not_allowed = [](std::string_view allowed) {
    auto response = plain_answer(405, "Method Not Allowed");
    response.headers.emplace("Allow", allowed);
    return response;
  };
  const bool over_a_range = request.path == "/api/v1/query_range";
  if (over_a_range || request.path == "/api/v1/query") {
    if (request.method != "GET" && request.method != "POST") return not_allowed("GET, POST");
    return parts_->answer(request, over_a_range);
  }
  const bool is_ready = request.path == "/-/ready";
  if (is_ready || request.path == "/-/healthy") {
    if (!reads) return not_allowed("GET, HEAD");
    return plain_answer(200, is_ready ? "Prometheus Server is Ready."
                                      : "Prometheus Server is Healthy.");
  }
  if (request.path == "/api/v1/status/buildinfo")
    return reads ? build_info_answer() : not_allowed("GET");
  return plain_answer(404, "404 page not found");
}

HttpHandler MetricStore::handler() {
  return [this](const ServerRequest& request) { return handle(request); };
}

}  // namespace poolscaler::simulation
