// What a policy's signals are in a replay, which knows five things of a workload.

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "poolscaler/api/presets.hpp"
#include "poolscaler/simulation/replay/policy_scaler.hpp"

namespace poolscaler::replay {
namespace {

struct MeaningName {
  std::string_view word;
  Meaning meaning;
};

constexpr std::array meaning_names = {
    MeaningName{"queue", Meaning::Queue},
    MeaningName{"running", Meaning::Running},
    MeaningName{"inflight", Meaning::Inflight},
    MeaningName{"utilization", Meaning::Utilization},
    MeaningName{"rate", Meaning::Rate},
    MeaningName{"value", Meaning::Value},
};

struct MetricMeaning {
  std::string_view metric;
  Meaning meaning;
  double scale = 1;
};

constexpr std::array metric_meanings = {
    MetricMeaning{"vllm:num_requests_waiting", Meaning::Queue},
    MetricMeaning{"vllm:num_requests_running", Meaning::Running},
    MetricMeaning{"vllm:num_incoming_requests_total", Meaning::Rate},
    MetricMeaning{"sglang:num_queue_reqs", Meaning::Queue},
    MetricMeaning{"sglang:num_running_reqs", Meaning::Running},
    MetricMeaning{"tgi_queue_size", Meaning::Queue},
    MetricMeaning{"tgi_batch_current_size", Meaning::Running},
    MetricMeaning{"nv_inference_pending_request_count", Meaning::Queue},
    MetricMeaning{"nv_gpu_utilization", Meaning::Utilization},
    MetricMeaning{"num_requests_waiting", Meaning::Queue},
    MetricMeaning{"num_requests_running", Meaning::Running},
    MetricMeaning{"llamacpp:requests_deferred", Meaning::Queue},
    MetricMeaning{"llamacpp:requests_processing", Meaning::Running},
    MetricMeaning{"ray_serve_deployment_queued_queries", Meaning::Queue},
    MetricMeaning{"ray_serve_replica_processing_queries", Meaning::Running},
    MetricMeaning{"ray_serve_num_ongoing_http_requests", Meaning::Inflight},
    MetricMeaning{"dynamo_frontend_queued_requests", Meaning::Queue},
    MetricMeaning{"dynamo_frontend_inflight_requests", Meaning::Inflight},
    MetricMeaning{"interceptor_request_concurrency", Meaning::Inflight},
    MetricMeaning{"llm_d_epp_flow_control_queue_size", Meaning::Queue},
    MetricMeaning{"inference_extension_flow_control_queue_size", Meaning::Queue},
    MetricMeaning{"rabbitmq_queue_messages_ready", Meaning::Queue},
    MetricMeaning{"rabbitmq_queue_messages", Meaning::Inflight},
    MetricMeaning{"kafka_consumergroup_lag", Meaning::Queue},
    MetricMeaning{"celery_queue_length", Meaning::Queue},
    MetricMeaning{"aws_sqs_approximate_number_of_messages_visible_average", Meaning::Queue},
    MetricMeaning{"DCGM_FI_DEV_GPU_UTIL", Meaning::Utilization, 100},
    MetricMeaning{"habanalabs_utilization", Meaning::Utilization, 100},
    MetricMeaning{"gpu_gfx_activity", Meaning::Utilization, 100},
    MetricMeaning{"queue_depth", Meaning::Queue},
};

/// What the catalogue of presets says; presets read how busy replicas are as a ratio.
std::optional<Meaning> meaning_of_preset(std::string_view name) {
  const auto* const preset = api::find_preset(name);
  if (preset == nullptr) return std::nullopt;
  switch (preset->load) {
    case api::PresetLoad::Queue: return Meaning::Queue;
    case api::PresetLoad::Inflight: return Meaning::Inflight;
    case api::PresetLoad::Busy: return Meaning::Utilization;
    case api::PresetLoad::Other: break;
  }
  return std::nullopt;
}

std::optional<SignalSource> known(const Signal& signal) {
  if (const auto* const selector = std::get_if<MetricSelector>(&signal.query)) {
    const auto row = std::ranges::find(metric_meanings, selector->metric, &MetricMeaning::metric);
    if (row != metric_meanings.end())
      return SignalSource{.meaning = row->meaning, .scale = row->scale};
    if (const auto meaning = meaning_of(selector->metric)) return SignalSource{.meaning = *meaning};
  }
  if (const auto meaning = meaning_of(signal.name)) return SignalSource{.meaning = *meaning};
  return std::nullopt;
}

tl::unexpected<Error> refused(const Signal& signal, std::string_view why) {
  std::vector<std::string_view> words;
  for (const auto& row : meaning_names) words.push_back(row.word);
  return fail(ErrorKind::InvalidInput,
              fmt::format("signal '{}' {}; say what it is with --map {}=WORD, one of {}",
                          signal.name, why, signal.name, fmt::join(words, ", ")));
}

bool counts_requests(Meaning meaning) {
  return meaning == Meaning::Queue || meaning == Meaning::Running || meaning == Meaning::Inflight;
}

/// A replay has the sum of counts and the average of utilizations; of others only what follows.
Result<SignalSource> aggregated(SignalSource source, const Signal& signal) {
  const auto* const selector = std::get_if<MetricSelector>(&signal.query);
  if (selector == nullptr) return source;
  if (source.meaning == Meaning::Utilization && selector->aggregation != Aggregation::Avg)
    return refused(signal, "has a utilization that is not averaged over the replicas, which a "
                           "replay does not know apart");
  if (!counts_requests(source.meaning) || selector->aggregation == Aggregation::Sum) return source;
  if (selector->aggregation != Aggregation::Avg)
    return refused(signal, "asks for the extreme of the replicas, which a replay does not know");
  source.per_ready = true;
  return source;
}

}  // namespace

std::optional<Meaning> meaning_of(std::string_view word) {
  const auto row = std::ranges::find(meaning_names, word, &MeaningName::word);
  return row == meaning_names.end() ? std::nullopt : std::optional(row->meaning);
}

std::string_view name_of(Meaning meaning) {
  return std::ranges::find(meaning_names, meaning, &MeaningName::meaning)->word;
}

Result<std::vector<SignalSource>> sources_of(const ScalingPolicy& policy, const SaidMeanings& said,
                                             bool metric_load) {
  for (const auto& [name, meaning] : said)
    if (std::ranges::find(policy.signals, name, &Signal::name) == policy.signals.end())
      return fail(ErrorKind::InvalidInput,
                  fmt::format("--map {}={}: the policy has no signal '{}'", name, name_of(meaning),
                              name));
  std::vector<SignalSource> sources;
  for (const auto& signal : policy.signals) {
    if (const auto word = said.find(signal.name); word != said.end()) {
      sources.push_back({.meaning = word->second});
    } else if (metric_load) {
      if (policy.signals.size() > 1)
        return refused(signal, "is one of several, and a metric trace has one value");
      sources.push_back({.meaning = Meaning::Value});
    } else if (const auto meaning = meaning_of_preset(signal.preset)) {
      sources.push_back({.meaning = *meaning});
    } else if (const auto source = known(signal)) {
      const auto whole = aggregated(*source, signal);
      if (!whole) return fail(whole.error());
      sources.push_back(*whole);
    } else {
      return refused(signal, "has a query that a replay cannot answer");
    }
    const bool is_value = sources.back().meaning == Meaning::Value;
    if (is_value != metric_load)
      return refused(signal, metric_load ? "cannot be known from a metric trace, which has no "
                                           "requests"
                                         : "is mapped to the value of a metric trace, and the load "
                                           "is none");
  }
  return sources;
}

}  // namespace poolscaler::replay
