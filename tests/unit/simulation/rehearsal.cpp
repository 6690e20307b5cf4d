#include "rehearsal.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/base/check.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/engine/decide.hpp"
#include "poolscaler/query/planner.hpp"
#include "story_plan.hpp"
#include "support/virtual_clock.hpp"

namespace poolscaler::simulation::rehearsal {
namespace {

constexpr Millis step{100};

ScalingPolicy example_policy() {
  const auto documents = api::read_yaml(example_policy_yaml());
  CHECK(documents && documents->size() == 1, "the example is one document");
  auto policy = api::read_scaling_policy(documents->front(), api::UnknownFields::Report);
  CHECK(policy, api::summary(policy.error()).c_str());
  return std::move(*policy);
}

/// Asked for and made at once, ready after the cold start, gone at once; the newest go first.
class Pods {
 public:
  explicit Pods(Millis cold_start) : cold_start_(cold_start) {}
  /// `node_ready`: before it they wait for their node.
  void follow(int asked, Instant now, Instant node_ready) {
    const auto count = static_cast<std::size_t>(asked);
    while (made_.size() < count) made_.push_back(std::max(now, node_ready));
    made_.resize(count, now);
  }
  int count() const { return static_cast<int>(made_.size()); }
  int ready(Instant now) const {
    return static_cast<int>(
        std::ranges::count_if(made_, [&](Instant made) { return now - made >= cold_start_; }));
  }
  std::optional<Instant> youngest() const {
    return made_.empty() ? std::nullopt : std::optional(made_.back());
  }

 private:
  Millis cold_start_;
  std::vector<Instant> made_;
};

class World {
 public:
  explicit World(const Conditions& conditions)
      : conditions_(conditions), load_(conditions.load, start_), pods_(conditions.cold_start) {}

  void advance() {
    clock_.advance(step);
    const Instant now = clock_.now();
    if (asked_next_ && now >= asked_at_) asked_ = *std::exchange(asked_next_, std::nullopt);
    follow_node(now);
    pods_.follow(asked_, now, node_since_.value_or(now) + conditions_.node_boot);
    load_.advance(now, pods_.ready(now));
    put(waiting_metric, std::ceil(load_.waiting()));
    put(running_metric, std::round(load_.busy_replicas() * slots_per_replica));
    if (is_due(now)) decide(now);
  }

  SandboxView view() const {
    const Instant now = clock_.now();
    return {.since_start = now - start_,
            .arriving_per_second = load_.rate_at(now),
            .waiting = load_.waiting(),
            .load_ended = load_.ended(now),
            .wanted = wanted_,
            .capped = wanted_ > asked_ && asked_ > 0,
            .asked = asked_,
            .pods = pods_.count(),
            .ready = pods_.ready(now),
            .nodes_asked = node_since_ ? 1 : 0,
            .nodes = node_since_ ? 1 : 0,
            .nodes_ready = node_since_ && now >= *node_since_ + conditions_.node_boot ? 1 : 0,
            .hourly = node_since_ ? example_node_price : HourlyRate(),
            .cap = example_cap,
            .reason = reason_,
            .message = message_};
  }

 private:
  void put(std::string_view metric, double value) {
    metrics_.put({{"__name__", std::string(metric)},
                  {"namespace", std::string(example_namespace)},
                  {std::string(model_label), std::string(example_name)}},
                 clock_.now(), value);
  }

  void follow_node(Instant now) {
    if (asked_ > 0) empty_since_.reset();
    if (asked_ > 0 && !node_since_) node_since_ = now;
    if (asked_ == 0 && node_since_ && !empty_since_) empty_since_ = now;
    if (empty_since_ && now - *empty_since_ >= conditions_.node_leaves) node_since_.reset();
  }

  /// Each second at zero, each interval otherwise.
  bool is_due(Instant now) const {
    const Millis since = now - start_ - conditions_.operator_starts;
    if (since < Millis{0}) return false;
    if (asked_ == 0) return since % Seconds(1) == Millis{0};
    return (since - conditions_.phase) % Seconds(policy_.interval_seconds) == Millis{0};
  }

  query::QueryAnswer ask(const std::string& promql) {
    const auto response =
        metrics_.handle({.method = "POST",
                         .path = "/api/v1/query",
                         .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                         .body = "query=" + percent_encoded(promql)});
    CHECK(response.status == 200, response.body.c_str());
    query::QueryAnswer answer{.samples = {}};
    const auto body = nlohmann::json::parse(response.body);
    for (const auto& one : body["data"]["result"])
      answer.samples.push_back({.labels = one["metric"],
                                .time_seconds = one["value"][0],
                                .value = std::stod(one["value"][1].get<std::string>())});
    return answer;
  }

  std::vector<SignalReading> read_signals() {
    std::vector<SignalQuery> signals;
    for (const auto& signal : policy_.signals)
      signals.push_back({.source = signal.source,
                         .ns = std::string(example_namespace),
                         .query = signal.query,
                         .max_age_seconds = signal.max_age_seconds});
    std::vector<SignalReading> readings(signals.size());
    for (const auto& planned : query::plan(signals)) {
      const auto values = ask(planned.promql);
      const query::QueryAnswer ages{.samples = {}};
      for (const auto i : planned.waiting)
        readings[i] = query::split(planned, signals[i], values, ages);
    }
    return readings;
  }

  void decide(Instant now) {
    const int ready = pods_.ready(now);
    const auto outcome = engine::decide({.target = {.uid = "uid",
                                                    .spec_replicas = asked_,
                                                    .status_replicas = pods_.count(),
                                                    .pods = {.ready = ready,
                                                             .starting = pods_.count() - ready,
                                                             .youngest = pods_.youngest()},
                                                    .created = start_},
                                         .policy_created = start_,
                                         .signals = read_signals()},
                                        policy_, memory_, now);
    memory_ = outcome.memory;
    reason_ = name_of(outcome.decision.reason);
    message_ = outcome.decision.explanation.line();
    wanted_ = asked_;
    if (const auto* scale = std::get_if<ScaleTo>(&outcome.decision.action)) {
      if (!asked_next_) asked_at_ = now + conditions_.write_takes;
      wanted_ = scale->replicas;
      asked_next_ = std::min(wanted_, example_replicas_per_node);
    }
  }

  const Conditions& conditions_;
  testing::VirtualClock clock_;
  const Instant start_ = clock_.now();
  MetricStore metrics_{clock_};
  ScalingPolicy policy_ = example_policy();
  Load load_;
  Pods pods_;
  Memory memory_{};
  int asked_ = 0;
  int wanted_ = 0;
  std::optional<int> asked_next_{};
  std::optional<Instant> node_since_{};
  std::optional<Instant> empty_since_{};
  Instant asked_at_{};
  std::string reason_{};
  std::string message_{};
};

}  // namespace

std::vector<SandboxView> play(const Conditions& conditions,
                              const std::function<bool(const SandboxView&)>& enough) {
  World world(conditions);
  std::vector<SandboxView> views;
  for (Millis at{0}; at <= conditions.at_most; at += step) {
    if (at % conditions.look_period == Millis{0}) {
      views.push_back(world.view());
      if (enough(views.back())) break;
    }
    world.advance();
  }
  return views;
}

}  // namespace poolscaler::simulation::rehearsal
