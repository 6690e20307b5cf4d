#include "poolscaler/controllers/signal_reader.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>

#include "poolscaler/base/text.hpp"

namespace poolscaler::controllers {
namespace {

constexpr std::size_t detail_bytes_max = 300;

bool reads_pods(const SignalQuery& query) {
  return std::holds_alternative<PodResource>(query.query);
}

/// What the container, or all of them together, use; nothing when one that counts says nothing.
std::optional<std::int64_t> used(const PodUsage& pod, const PodResource& wanted) {
  std::optional<std::int64_t> sum;
  for (const auto& container : pod.containers) {
    if (!wanted.container.empty() && container.name != wanted.container) continue;
    const auto usage =
        wanted.resource == Resource::Cpu ? container.cpu_milli : container.memory_milli;
    if (!usage) return std::nullopt;
    const auto before = sum.value_or(0);
    sum = *usage > std::numeric_limits<std::int64_t>::max() - before
              ? std::numeric_limits<std::int64_t>::max()
              : before + *usage;
  }
  return sum;
}

PodSample sample_of(const PodFacts& facts, const PodResource& wanted) {
  PodSample sample{.phase = facts.pending ? PodPhase::Pending : PodPhase::Running};
  if (facts.ready != ReadyCondition::None) sample.ready = facts.ready == ReadyCondition::True;
  if (facts.ready_changed != Instant{}) sample.ready_changed = facts.ready_changed;
  if (facts.started != Instant{}) sample.started = facts.started;
  if (facts.requests) sample.request_milli = facts.requests->request(wanted);
  return sample;
}

SignalReading unread(const Error& error) {
  return {.state = SignalState::Error, .detail = capped(escaped(error.message), detail_bytes_max)};
}

/// Nobody has the container: a typing error, most likely.
bool is_unknown(const std::string& container, std::span<const NamedPod> pods) {
  return !container.empty() && std::ranges::none_of(pods, [&](const NamedPod& pod) {
    return !pod.facts.requests || pod.facts.requests->has(container);
  });
}

}  // namespace

SignalReading pod_reading(const SignalQuery& query, std::span<const NamedPod> pods,
                          std::span<const PodUsage> usage, Instant now) {
  const auto& wanted = std::get<PodResource>(query.query);
  if (pods.empty()) return {.state = SignalState::Absent, .detail = "the target has no pods"};
  if (is_unknown(wanted.container, pods))
    return unread({.kind = ErrorKind::InvalidInput,
                   .message = "no pod of the target has a container '" + wanted.container + "'"});
  std::unordered_map<std::string_view, const PodUsage*> by_name;
  for (const auto& one : usage) by_name.emplace(one.pod, &one);
  SignalReading reading{.state = SignalState::Absent, .detail = "no pod has been measured"};
  std::size_t stale = 0;
  for (const auto& pod : pods) {
    auto& sample = reading.pods.emplace_back(sample_of(pod.facts, wanted));
    const auto found = by_name.find(pod.name);
    if (found == by_name.end()) continue;
    const auto usage_milli = used(*found->second, wanted);
    if (!usage_milli) continue;
    const auto age = std::max<Millis>(now - found->second->measured, Millis{0});
    if (age > Seconds(query.max_age_seconds)) {
      ++stale;
      continue;
    }
    sample.usage_milli = usage_milli;
    sample.measured = found->second->measured;
    sample.window = found->second->window;
    const double seconds = static_cast<double>(age.count()) / 1000;
    reading.age_seconds = std::max(reading.age_seconds.value_or(0), seconds);
  }
  if (reading.age_seconds) {
    reading.state = SignalState::Value;
    reading.detail.clear();
  } else if (stale > 0) {
    reading.state = SignalState::Stale;
    reading.detail = "every pod was measured more than " + std::to_string(query.max_age_seconds) +
                     " s ago";
  }
  return reading;
}

void SignalReader::use_sources(std::vector<MetricSource> sources) {
  metrics_.use_sources(std::move(sources));
}

std::vector<SignalReading> SignalReader::read(std::span<const SignalQuery> queries,
                                              Millis deadline, std::stop_token stop) {
  if (std::ranges::none_of(queries, reads_pods)) return metrics_.read(queries, deadline, stop);
  const auto until = clock_.monotonic() + deadline;
  std::vector<SignalQuery> of_metrics;
  for (const auto& query : queries)
    if (!reads_pods(query)) of_metrics.push_back(query);
  std::vector<SignalReading> readings(queries.size());
  if (!of_metrics.empty()) {
    auto read = metrics_.read(of_metrics, deadline, stop);
    auto next = read.begin();
    for (std::size_t i = 0; i < queries.size(); ++i)
      if (!reads_pods(queries[i]) && next != read.end()) readings[i] = std::move(*next++);
  }
  read_pods(queries, readings, until - clock_.monotonic(), stop);
  return readings;
}

Result<std::vector<TimedValue>> SignalReader::history(const HistoryQuery& query, Millis deadline,
                                                      std::stop_token stop) {
  return metrics_.history(query, deadline, std::move(stop));
}

std::shared_ptr<Lookout> SignalReader::lookout(std::span<const SignalQuery> queries,
                                               std::span<const double> above) {
  return metrics_.lookout(queries, above);
}

void SignalReader::read_pods(std::span<const SignalQuery> queries,
                             std::vector<SignalReading>& readings, Millis deadline,
                             const std::stop_token& stop) {
  const auto until = clock_.monotonic() + deadline;
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> wanted;
  for (std::size_t i = 0; i < queries.size(); ++i)
    if (reads_pods(queries[i])) wanted[{queries[i].ns, queries[i].pod_selector}].push_back(i);
  for (const auto& [pods, indices] : wanted) {
    const auto& [ns, selector] = pods;
    const auto named = state_.pods_of(ns, selector);
    // Without pods there is nothing to ask for, and without a selector everything would be.
    Result<std::vector<PodUsage>> usage = std::vector<PodUsage>{};
    if (!named.empty())
      usage = pods_.usage(ns, selector, std::max(until - clock_.monotonic(), Millis{0}), stop);
    for (const auto i : indices)
      readings[i] = usage ? pod_reading(queries[i], named, *usage, clock_.now())
                          : unread(usage.error());
  }
}

}  // namespace poolscaler::controllers
