#include "fake_world.hpp"

#include <stdexcept>

#include "poolscaler/base/time.hpp"

namespace poolscaler::testing {

std::vector<SignalReading> FakeReader::read(std::span<const SignalQuery> queries, Millis,
                                            std::stop_token) {
  ++reads;
  queries_read += queries.size();
  std::vector<SignalReading> out;
  for (const auto& query : queries) {
    const auto* selector = std::get_if<MetricSelector>(&query.query);
    const auto name = query.ns + "/" + (selector ? selector->metric : "raw");
    const auto found = readings.find(name);
    out.push_back(found == readings.end() ? SignalReading{.state = SignalState::Absent}
                                          : found->second);
  }
  return out;
}

std::shared_ptr<Lookout> FakeReader::lookout(std::span<const SignalQuery> queries,
                                             std::span<const double> above) {
  ++lookouts_made;
  signals_watched = queries.size();
  return MetricReader::lookout(queries, above);
}

Result<std::vector<TimedValue>> FakeReader::history(const HistoryQuery& query, Millis,
                                                    std::stop_token) {
  histories.push_back(query);
  if (!value_at) return fail(ErrorKind::Unavailable, "connection refused");
  std::vector<TimedValue> values;
  for (auto at = query.from; at <= query.to; at += query.step)
    if (const auto value = value_at(at)) values.push_back({.at = at, .value = *value});
  return values;
}

FakeCluster::FakeCluster(controllers::ClusterState& state, const Clock& clock) : clock_(clock) {
  bind(state);
}

void FakeCluster::bind(controllers::ClusterState& state) {
  state_ = &state;
  undelivered_.clear();
  const auto list = [](ChangeSink& sink, const auto& objects) {
    sink.replace_begin();
    for (const auto& [key, object] : objects) sink.replace_item(object);
    sink.replace_end();
  };
  list(state.policies(), policies_);
  list(state.sources(), sources_);
  list(state.autoscalers(), autoscalers_);
  list(state.scaled_objects(), std::map<ObjectKey, json>());
  list(state.targets({"apps/v1", "Deployment"}), deployments_);
  std::map<std::string, json> pods;
  for (const auto& [key, of_one] : pods_)
    for (const auto& pod : of_one) pods[pod["metadata"]["uid"]] = pod;
  list(state.pods(served_ns), pods);
  bind_nodes(state);
}

json& FakeCluster::stamp(json& object) {
  object["metadata"]["resourceVersion"] = std::to_string(++version_);
  return object;
}

json FakeCluster::make(const std::string& api_version, const std::string& kind,
                       const ObjectKey& key) {
  json object{{"apiVersion", api_version}, {"kind", kind}};
  auto& metadata = object["metadata"];
  metadata["name"] = key.name;
  if (!key.ns.empty()) metadata["namespace"] = key.ns;
  metadata["uid"] = "uid-" + std::to_string(++uids_);
  metadata["generation"] = 1;
  metadata["creationTimestamp"] = to_rfc3339(clock_.now());
  return stamp(object);
}

void FakeCluster::deliver(ChangeSink& sink, const json& object, bool removed) {
  const auto now = [&sink, object, removed] {
    if (removed)
      sink.remove(object);
    else
      sink.upsert(object);
  };
  if (held_)
    undelivered_.emplace_back(now);
  else
    now();
}

void FakeCluster::hold_watches(bool hold) {
  held_ = hold;
  while (!held_ && !undelivered_.empty()) {
    undelivered_.front()();
    undelivered_.pop_front();
  }
}

void FakeCluster::add_source(const std::string& name, const json& spec) {
  auto& object = sources_[name];
  const auto generation =
      object.is_null() ? 1 : object["metadata"]["generation"].get<std::int64_t>() + 1;
  if (object.is_null()) object = make("poolscaler.dev/v1alpha1", "MetricSource", {"", name});
  object["spec"] = spec;
  object["metadata"]["generation"] = generation;
  deliver(state_->sources(), stamp(object));
}

json& FakeCluster::add_policy(const ObjectKey& key, json spec) {
  auto& object = policies_[key];
  object = make("poolscaler.dev/v1alpha1", "ScalingPolicy", key);
  object["spec"] = std::move(spec);
  deliver(state_->policies(), object);
  return object;
}

void FakeCluster::edit_policy(const ObjectKey& key, json spec) {
  auto& object = policies_.at(key);
  object["spec"] = std::move(spec);
  object["metadata"]["generation"] = object["metadata"]["generation"].get<std::int64_t>() + 1;
  deliver(state_->policies(), stamp(object));
}

void FakeCluster::delete_policy(const ObjectKey& key) {
  deliver(state_->policies(), policies_.at(key), true);
  policies_.erase(key);
}

void FakeCluster::add_deployment(const ObjectKey& key, std::int32_t replicas) {
  auto object = make("apps/v1", "Deployment", key);
  object["spec"] = {{"replicas", replicas}, {"selector", {{"matchLabels", {{"app", key.name}}}}}};
  deployments_[key] = object;
  deliver(state_->targets({"apps/v1", "Deployment"}), object);
  set_ready_pods(key, replicas);
}

void FakeCluster::delete_deployment(const ObjectKey& key) {
  set_ready_pods(key, 0);
  deliver(state_->targets({"apps/v1", "Deployment"}), deployments_.at(key), true);
  deployments_.erase(key);
}

void FakeCluster::set_replicas(const ObjectKey& key, std::int32_t replicas) {
  auto& object = deployments_.at(key);
  object["spec"]["replicas"] = replicas;
  object["metadata"].erase("managedFields");  // the field is somebody else's now
  deliver(state_->targets({"apps/v1", "Deployment"}), stamp(object));
}

void FakeCluster::set_ready_pods(const ObjectKey& key, std::int32_t ready, std::int32_t starting) {
  auto& pods = pods_[key];
  for (const auto& pod : pods) deliver(state_->pods(served_ns), pod, true);
  pods.clear();
  for (std::int32_t i = 0; i < ready + starting; ++i) {
    auto pod = make("v1", "Pod", {key.ns, key.name + "-" + std::to_string(i)});
    pod["metadata"]["labels"] = {{"app", key.name}, {"pod-template-hash", "1"}};
    pod["status"] = {{"phase", "Running"},
                     {"conditions", json::array({{{"type", "Ready"},
                                                  {"status", i < ready ? "True" : "False"}}})}};
    deliver(state_->pods(served_ns), pod);
    pods.push_back(std::move(pod));
  }
}

void FakeCluster::add_autoscaler(const ObjectKey& key, const std::string& deployment) {
  auto object = make("autoscaling/v2", "HorizontalPodAutoscaler", key);
  object["spec"]["scaleTargetRef"] = {
      {"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", deployment}};
  autoscalers_[key] = object;
  deliver(state_->autoscalers(), object);
}

void FakeCluster::remove_autoscaler(const ObjectKey& key) {
  deliver(state_->autoscalers(), autoscalers_.at(key), true);
  autoscalers_.erase(key);
}

void FakeCluster::fail_next_scale(Error error, bool and_do_it) {
  scale_failures_.emplace_back(std::move(error), and_do_it);
}
void FakeCluster::fail_next_status(Error error) { status_failures_.push_back(std::move(error)); }

std::int32_t FakeCluster::replicas(const ObjectKey& key) const {
  return deployments_.at(key).at("spec").at("replicas").get<std::int32_t>();
}

json FakeCluster::status(const ObjectKey& policy) const {
  const auto& object = policies_.at(policy);
  return object.contains("status") ? object.at("status") : json::object();
}

json condition_of(const json& status, const std::string& type) {
  if (!status.contains("conditions")) return {};
  for (const auto& condition : status.at("conditions"))
    if (condition.at("type") == type) return condition;
  return {};
}

json FakeCluster::condition(const ObjectKey& policy, const std::string& type) const {
  return condition_of(status(policy), type);
}

std::string FakeCluster::reason(const ObjectKey& policy) const {
  const auto all = status(policy);
  return all.contains("lastDecision") ? all.at("lastDecision").value("reason", "") : "";
}

json FakeCluster::source_condition(const std::string& source) const {
  const auto& object = sources_.at(source);
  return object.contains("status") ? object.at("status").at("conditions").at(0) : json();
}

Result<ScaleWritten> FakeCluster::write_scale(const ScaleWrite& write, std::stop_token) {
  std::optional<std::pair<Error, bool>> failure;
  if (!scale_failures_.empty()) {
    failure = scale_failures_.front();
    scale_failures_.pop_front();
    if (!failure->second) return fail(failure->first);
  }
  const ObjectKey key{write.ns, write.target.name};
  const auto found = deployments_.find(key);
  if (found == deployments_.end()) return fail(ErrorKind::NotFound, "no such deployment");
  auto& object = found->second;
  if (object["metadata"]["uid"] != write.uid) return fail(ErrorKind::Conflict, "another uid");
  if (object["metadata"]["resourceVersion"] != write.resource_version)
    return fail(ErrorKind::Conflict, "another version");
  scales.push_back({key, object["spec"]["replicas"].get<std::int32_t>(), write.replicas});
  object["spec"]["replicas"] = write.replicas;
  object["metadata"]["managedFields"] = {
      {{"manager", field_manager},
       {"operation", "Update"},
       {"subresource", "scale"}}};
  deliver(state_->targets({"apps/v1", "Deployment"}), stamp(object));
  if (failure) return fail(failure->first);
  return ScaleWritten{.replicas = write.replicas,
                      .resource_version = object["metadata"]["resourceVersion"]};
}

Result<std::string> FakeCluster::write_status(const StatusWrite& write, std::stop_token) {
  if (!status_failures_.empty()) {
    auto error = status_failures_.front();
    status_failures_.pop_front();
    return fail(error);
  }
  ++status_writes;
  json* object = nullptr;
  auto* sink = &state_->policies();
  if (write.plural == "metricsources") {
    object = &sources_.at(write.key.name);
    sink = &state_->sources();
    ++source_status_writes;
  } else if (write.plural == "acceleratorpools" && pools_.contains(write.key.name)) {
    object = &pools_.at(write.key.name);
    sink = &state_->pools();
  } else if (write.plural == "costbudgets" && budgets_.contains(write.key.name)) {
    object = &budgets_.at(write.key.name);
    sink = &state_->budgets();
  } else if (policies_.contains(write.key)) {
    object = &policies_.at(write.key);
  }
  if (object == nullptr) return fail(ErrorKind::NotFound, "no such object");
  if ((*object)["metadata"]["uid"] != write.uid) return fail(ErrorKind::Conflict, "another uid");
  if (!write.resource_version.empty() &&
      (*object)["metadata"]["resourceVersion"] != write.resource_version)
    return fail(ErrorKind::Conflict, "another version");
  if (sink == &state_->pools()) ++pool_status_writes;
  (*object)["status"] = json::parse(write.status_json);
  stamp(*object);
  deliver(*sink, *object);
  return (*object)["metadata"]["resourceVersion"].get<std::string>();
}

FakeWorld::FakeWorld()
    : log({.level = telemetry::LogLevel::Debug,
           .sink = [this](std::string_view line) { lines.emplace_back(line); },
           .repeats_max = 0},
          clock),
      state(std::make_unique<controllers::ClusterState>()),
      cluster(std::make_unique<FakeCluster>(*state, clock)) {
  cluster->add_source("prometheus", {{"url", "http://prometheus:9090"}});
}

void FakeWorld::begin() {
  rounds.reset();
  writes = std::make_unique<controllers::WriteQueue>(*cluster, metrics, clock);
  rounds = std::make_unique<controllers::Rounds>(
      controllers::RoundParts{.state = *state,
                              .reader = reader,
                              .writes = *writes,
                              .events = *cluster,
                              .metrics = metrics,
                              .log = log,
                              .clock = clock,
                              .source_trouble = source_trouble,
                              .decide = decide});
  rounds->begin();
}

/// The state is that of a new process too: it is filled again from what the cluster holds.
void FakeWorld::restart() {
  rounds.reset();
  writes.reset();
  auto fresh = std::make_unique<controllers::ClusterState>();
  cluster->bind(*fresh);
  state = std::move(fresh);
  begin();
}

void FakeWorld::step() {
  if (!rounds) begin();
  (void)rounds->step();
}

void FakeWorld::pump() {
  while (writes->send_next({})) {
  }
}

void FakeWorld::run_for(Millis time, Millis step_length) {
  const auto until = clock.monotonic() + time;
  while (clock.monotonic() < until) {
    step();
    pump();
    clock.advance(step_length);
  }
  step();
  pump();
}

json queue_policy(const std::string& deployment, std::int32_t min, std::int32_t max) {
  return {{"scaleTargetRef",
           {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", deployment}}},
          {"minReplicas", min},
          {"maxReplicas", max},
          {"signals",
           json::array({{{"name", "queue"},
                         {"metricSourceRef", {{"name", "prometheus"}}},
                         {"metric", {{"name", "queue"}}},
                         {"target", {{"type", "PerReplica"}, {"value", 10}}}}})}};
}

SignalReading value(double number) {
  return {.state = number == 0 ? SignalState::Zero : SignalState::Value,
          .value = number,
          .age_seconds = 1};
}

}  // namespace poolscaler::testing
