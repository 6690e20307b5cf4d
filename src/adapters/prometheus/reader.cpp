#include "poolscaler/adapters/prometheus/reader.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <map>

#include <fmt/format.h>

#include "batch.hpp"
#include "lookout.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/query/derived.hpp"
#include "poolscaler/query/lookout_plan.hpp"
#include "poolscaler/query/planner.hpp"
#include "source_client.hpp"

namespace poolscaler::adapters {
namespace {

using query::PlannedQuery;
using Clients = PrometheusLookout::Clients;

SignalReading error_reading(std::string_view detail) {
  return {.state = SignalState::Error,
          .value = 0,
          .age_seconds = std::nullopt,
          .detail = capped(escaped(detail), query::detail_bytes_max)};
}

/// Why a signal may not be asked; nothing when it may.
std::optional<std::string> forbidden(const SignalQuery& signal, const Clients& clients) {
  const auto found = clients.find(signal.source);
  if (found == clients.end())
    return fmt::format("metric source '{}' does not exist; ask the platform team for its name",
                       signal.source);
  if (std::holds_alternative<RawQuery>(signal.query) &&
      !found->second->source().allows_raw_query(signal.ns))
    return fmt::format("metric source '{}' does not allow raw queries of namespace '{}'; use a "
                       "structured query, or ask the platform team",
                       signal.source, signal.ns);
  return std::nullopt;
}

std::map<std::string, std::string> enforced_labels_of(const Clients& clients) {
  std::map<std::string, std::string> labels;
  for (const auto& [name, client] : clients) labels[name] = client->source().enforced_label;
  return labels;
}

/// One call of read().
class Round {
 public:
  Round(std::span<const SignalQuery> queries, Clients clients, const PrometheusOptions& options)
      : queries_(queries),
        clients_(std::move(clients)),
        options_(options),
        enforced_labels_(enforced_labels_of(clients_)) {
    readings_.resize(queries.size());
  }

  std::vector<SignalReading> run(Millis until, const std::stop_token& stop) {
    std::vector<PlannedQuery> planned = plan_of(admitted());
    while (!planned.empty()) {
      prepare(planned);
      ask_all(jobs_, options_.concurrency, until, stop);
      planned = settle(planned);
    }
    return std::move(readings_);
  }

 private:
  struct Answers {
    std::size_t values;  // indices of jobs
    std::size_t ages;
  };

  /// The signals that may be asked; the others have their reading.
  std::vector<std::size_t> admitted() {
    std::vector<std::size_t> indices;
    indices.reserve(queries_.size());
    for (std::size_t i = 0; i < queries_.size(); ++i) {
      if (const auto why = forbidden(queries_[i], clients_))
        readings_[i] = error_reading(*why);
      else
        indices.push_back(i);
    }
    return indices;
  }

  std::vector<PlannedQuery> plan_of(const std::vector<std::size_t>& indices) const {
    if (indices.size() == queries_.size()) return query::plan(queries_, enforced_labels_);
    std::vector<SignalQuery> chosen;
    chosen.reserve(indices.size());
    for (const auto index : indices) chosen.push_back(queries_[index]);
    auto planned = query::plan(chosen, enforced_labels_);
    for (auto& query : planned)
      for (auto& index : query.waiting) index = indices[index];
    return planned;
  }

  std::size_t job_for(const PlannedQuery& planned, const std::string& promql,
                      const std::string& tenant) {
    const auto [place, is_new] = job_index_.try_emplace({planned.source, promql}, jobs_.size());
    if (is_new)
      jobs_.push_back(Job{.client = clients_.find(planned.source)->second,
                          .promql = promql,
                          .tenant = tenant});
    return place->second;
  }

  /// One job for each different text: first the values that many wait for, then ages that are asked
  /// apart, then raw queries, the first one of every tenant before the second one of any.
  void prepare(const std::vector<PlannedQuery>& planned) {
    jobs_.clear();
    job_index_.clear();
    answers_.assign(planned.size(), Answers{no_job, no_job});
    std::vector<std::pair<std::size_t, std::size_t>> raw;
    std::map<std::string, std::size_t> raw_of_tenant;
    for (std::size_t i = 0; i < planned.size(); ++i) {
      if (planned[i].refused) continue;
      if (planned[i].group_labels.empty()) {
        raw.emplace_back(raw_of_tenant[queries_[planned[i].waiting.front()].ns]++, i);
      } else {
        answers_[i].values = job_for(planned[i], planned[i].promql, "");
      }
    }
    for (std::size_t i = 0; i < planned.size(); ++i)
      if (answers_[i].values != no_job && !planned[i].age_promql.empty())
        answers_[i].ages = job_for(planned[i], planned[i].age_promql, "");
    std::ranges::sort(raw);
    for (const auto& [turn, i] : raw)
      answers_[i].values =
          job_for(planned[i], planned[i].promql, queries_[planned[i].waiting.front()].ns);
  }

  /// Readings for what was answered; smaller queries for what was too much at once.
  std::vector<PlannedQuery> settle(const std::vector<PlannedQuery>& planned) {
    static const Asked nothing{};
    std::vector<PlannedQuery> smaller;
    for (std::size_t i = 0; i < planned.size(); ++i) {
      const auto [values_job, ages_job] = answers_[i];
      const Asked& values = values_job == no_job ? nothing : jobs_[values_job].asked;
      const Asked& ages = ages_job == no_job ? nothing : jobs_[ages_job].asked;
      if (values.smaller_may_do || ages.smaller_may_do) {
        auto halves = halves_of(planned[i]);
        if (!halves.empty()) {
          std::ranges::move(halves, std::back_inserter(smaller));
          continue;
        }
      }
      const query::SharedAnswer shared(planned[i], values.answer, ages.answer);
      for (const auto index : planned[i].waiting)
        readings_[index] = shared.reading(queries_[index]);
    }
    return smaller;
  }

  /// Empty when only one signal's own query is left, or enough was spent on this source.
  std::vector<PlannedQuery> halves_of(const PlannedQuery& whole) {
    if (whole.group_labels.empty() || whole.waiting.size() < 2) return {};
    int& spent = isolation_spent_[whole.source];
    if (spent + 4 > options_.isolation_queries) return {};
    std::vector<std::size_t> order = whole.waiting;
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return queries_[i].ns; });
    const auto middle = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2);
    auto halves = plan_of({order.begin(), middle});
    auto second = plan_of({middle, order.end()});
    // The same query again: everyone in it wants the same.
    if (halves.front().promql == whole.promql) return {};
    std::ranges::move(second, std::back_inserter(halves));
    for (const auto& half : halves) spent += half.age_promql.empty() ? 1 : 2;
    return halves;
  }

  static constexpr std::size_t no_job = static_cast<std::size_t>(-1);

  std::span<const SignalQuery> queries_;
  Clients clients_;
  const PrometheusOptions& options_;
  std::map<std::string, std::string> enforced_labels_;
  std::vector<SignalReading> readings_{};
  std::vector<Job> jobs_{};
  std::map<std::pair<std::string, std::string>, std::size_t> job_index_{};
  std::vector<Answers> answers_{};  // of the planned queries, in their order
  std::map<std::string, int> isolation_spent_{};
};

}  // namespace

PrometheusReader::PrometheusReader(SourceTransportFactory make_transport, const Clock& clock,
                                   PrometheusOptions options)
    : make_transport_(std::move(make_transport)), clock_(clock), options_(std::move(options)) {}

PrometheusReader::~PrometheusReader() = default;

void PrometheusReader::use_sources(std::vector<MetricSource> sources) {
  clients_.with([&](Clients& clients) {
    Clients next;
    for (auto& source : sources) {
      const auto known = clients.find(source.name);
      if (known != clients.end() && known->second->source() == source) {
        next.insert(*known);
      } else {
        auto client = std::make_shared<SourceClient>(source, make_transport_, clock_, options_);
        next.insert_or_assign(source.name, std::move(client));
      }
    }
    clients = std::move(next);
  });
}

std::vector<SourceHealth> PrometheusReader::health() const {
  std::vector<SourceHealth> all;
  for (const auto& [name, client] : clients_.with([](const Clients& clients) { return clients; }))
    if (auto health = client->health(); health.answered_at || health.failing_since)
      all.push_back(std::move(health));
  return all;
}

std::vector<SignalReading> PrometheusReader::read(std::span<const SignalQuery> queries,
                                                  Millis deadline, std::stop_token stop) {
  const Millis until = clock_.monotonic() + deadline;
  try {
    if (query::has_derived(queries)) {
      const query::Parts parts(queries);
      return parts.combined(read(parts.queries(), deadline, std::move(stop)));
    }
    Round round(queries, clients_.with([](const Clients& clients) { return clients; }), options_);
    return round.run(until, stop);
  } catch (const std::exception& problem) {
    return std::vector<SignalReading>(
        queries.size(), error_reading(fmt::format("internal error: {}", problem.what())));
  }
}

std::shared_ptr<Lookout> PrometheusReader::lookout(std::span<const SignalQuery> queries,
                                                   std::span<const double> above) {
  const auto clients = clients_.with([](const Clients& all) { return all; });
  // Those that may not be asked have an error in read(), and are never above anything.
  std::vector<SignalQuery> allowed;
  std::vector<double> their_above;
  std::vector<std::uint32_t> index;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (forbidden(queries[i], clients)) continue;
    for (auto& sign : query::signs_of(queries[i], above[i])) {
      allowed.push_back(std::move(sign.query));
      their_above.push_back(sign.above);
      index.push_back(static_cast<std::uint32_t>(i));
    }
  }
  auto plan = query::plan_lookout(allowed, their_above, enforced_labels_of(clients));
  for (auto& part : plan)
    for (auto& seat : part.seats) seat.signal = index[seat.signal];
  return std::make_shared<PrometheusLookout>(std::move(plan), clients, clock_,
                                             options_.concurrency);
}

namespace {

Result<void> check_range(const HistoryQuery& query) {
  const auto points = query.step.count() < 1 || query.to < query.from
                          ? 0
                          : (query.to - query.from) / Millis(query.step) + 1;
  if (points < 1)
    return fail(ErrorKind::InvalidInput,
                "the range ends before it begins, or its step is less than a second");
  if (static_cast<std::size_t>(points) > history_points_max)
    return fail(ErrorKind::InvalidInput,
                fmt::format("the range has {} points, at most {} are answered: "
                            "make the step longer",
                            points, history_points_max));
  return {};
}

/// Of a single query, over the range of `query`.
Result<std::vector<TimedValue>> history_of(SourceClient& client, const SignalQuery& signal,
                                           const HistoryQuery& query, Millis until,
                                           const std::stop_token& stop) {
  const auto text = query::own_query(signal, client.source().enforced_label);
  if (!text) return fail(text.error());
  const auto asked = client.ask(
      {.promql = *text,
       .range = Question::Range{.from = query.from, .to = query.to, .step = query.step}},
      until, stop);
  if (asked.answer.error) return fail(ErrorKind::Unavailable, *asked.answer.error);
  if (!asked.answer.warnings.empty())
    return fail(ErrorKind::Unavailable,
                fmt::format("the history is partial: {}", asked.answer.warnings.front()));
  std::vector<TimedValue> values;
  values.reserve(asked.answer.samples.size());
  for (const auto& sample : asked.answer.samples)
    if (std::isfinite(sample.value))
      values.push_back({.at = Instant(Millis(std::llround(sample.time_seconds * 1000))),
                        .value = sample.value});
  return values;
}

/// As the readings of its parts would have made it, at the moments at which all of them were there.
std::vector<TimedValue> derived_history(const DerivedQuery& query,
                                        const std::vector<std::vector<TimedValue>>& parts) {
  std::map<Instant, std::vector<SignalReading>> moments;
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (const auto& [at, value] : parts[i])
      if (auto& readings = moments[at]; readings.size() == i)
        readings.push_back({.state = SignalState::Value, .value = value});
  std::vector<TimedValue> values;
  for (const auto& [at, readings] : moments) {
    if (readings.size() < parts.size()) continue;
    const auto whole = query::derived_reading(query, readings);
    if (is_usable(whole.state)) values.push_back({.at = at, .value = whole.value});
  }
  return values;
}

}  // namespace

Result<std::vector<TimedValue>> PrometheusReader::history(const HistoryQuery& query,
                                                          Millis deadline, std::stop_token stop) {
  const Millis until = clock_.monotonic() + deadline;
  const auto clients = clients_.with([](const Clients& all) { return all; });
  if (const auto why = forbidden(query.signal, clients))
    return fail(ErrorKind::InvalidInput, *why);
  if (auto fine = check_range(query); !fine) return fail(fine.error());
  auto& client = *clients.at(query.signal.source);
  const query::Parts parts(std::span(&query.signal, 1));
  std::vector<std::vector<TimedValue>> histories;
  for (const auto& part : parts.queries()) {
    auto values = history_of(client, part, query, until, stop);
    if (!values) return values;
    histories.push_back(*std::move(values));
  }
  const auto* derived = std::get_if<DerivedQuery>(&query.signal.query);
  return derived == nullptr ? std::move(histories.front()) : derived_history(*derived, histories);
}

}  // namespace poolscaler::adapters
