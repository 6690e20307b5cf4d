// A cluster and a metric source in memory, with behaviour: writes conflict on stale versions and
// wrong UIDs, watches deliver what was written (at once, or when the test says so), pods become
// ready. FakeWorld joins them with the real rounds on a virtual clock; a write is sent when the
// queue is pumped, so every interleaving is the test's own.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "poolscaler/controllers/cluster_state.hpp"
#include "poolscaler/controllers/rounds.hpp"
#include "poolscaler/controllers/write_queue.hpp"
#include "support/quiet_writer.hpp"
#include "support/virtual_clock.hpp"

namespace poolscaler::testing {

using nlohmann::json;

/// The policy and the target that most tests are about.
inline const ObjectKey web{"shop", "web"};
inline constexpr Millis second{1'000};
inline constexpr Millis minute{60'000};

class FakeReader final : public MetricReader {
 public:
  void use_sources(std::vector<MetricSource> sources) override { known = std::move(sources); }
  std::vector<SignalReading> read(std::span<const SignalQuery> queries, Millis deadline,
                                  std::stop_token stop) override;
  std::shared_ptr<Lookout> lookout(std::span<const SignalQuery> queries,
                                   std::span<const double> above) override;
  Result<std::vector<TimedValue>> history(const HistoryQuery& query, Millis deadline,
                                          std::stop_token stop) override;

  /// By namespace and metric name ("shop/queue"); Absent where nothing is set.
  std::map<std::string, SignalReading> readings;
  [[nodiscard]] std::vector<SourceHealth> health() const override { return healths; }
  std::vector<SourceHealth> healths;  // as the test says
  std::vector<MetricSource> known;
  std::vector<HistoryQuery> histories;                          // that were asked for
  std::function<std::optional<double>(Instant)> value_at = {};  // unset: the source is down
  std::size_t reads = 0;
  std::size_t queries_read = 0;
  std::size_t lookouts_made = 0;
  std::size_t signals_watched = 0;  // by the newest lookout
};

struct ScaleDone {
  ObjectKey target;
  std::int32_t from;
  std::int32_t to;
};

struct GroupDone {
  std::string name;
  int from;
  int to;
};

/// Null where the status has none of that type.
[[nodiscard]] json condition_of(const json& status, const std::string& type);

class FakeCluster final : public QuietWriter {
 public:
  FakeCluster(controllers::ClusterState& state, const Clock& clock);
  /// The watches of another process: it lists everything that there is.
  void bind(controllers::ClusterState& state);
  std::string served_ns{};  // of the only pods that it sees, from the next process on; empty: all

  // --- what a test does to the cluster
  void add_source(const std::string& name, const json& spec);
  json& add_policy(const ObjectKey& key, json spec);
  void edit_policy(const ObjectKey& key, json spec);
  void delete_policy(const ObjectKey& key);
  void add_deployment(const ObjectKey& key, std::int32_t replicas);
  void delete_deployment(const ObjectKey& key);
  void set_replicas(const ObjectKey& key, std::int32_t replicas);  // somebody else does
  void set_ready_pods(const ObjectKey& key, std::int32_t ready, std::int32_t starting = 0);
  void add_autoscaler(const ObjectKey& key, const std::string& deployment);
  void remove_autoscaler(const ObjectKey& key);

  // ... with nodes (fake_nodes.cpp): pools of nvidia.com/gpu over MachineDeployments of "team"
  void add_pool(const std::string& name, const json& spec);
  void edit_pool(const std::string& name, const json& patch);
  void delete_pool(const std::string& name);
  void add_catalog(const std::string& name, const json& spec);
  void delete_catalog(const std::string& name);
  void add_budget(const std::string& name, const json& spec);
  // Another leader does.
  void write_budget_beside(const std::string& name, const json& status);
  void write_pool_beside(const std::string& name, const json& status);
  void add_group(const std::string& name, int replicas);
  void add_node_pool(const std::string& name, const json& limits);  // Karpenter's, dynamic
  /// A cluster autoscaler brings nodes of label karpenter.sh/nodepool=`name` for pods, and sets the
  /// count of the group of that name, where there is one, which then says so.
  void autoscale(const std::string& name, int min, int max);
  void add_gpu_deployment(const ObjectKey& key, std::int32_t replicas, int gpus);
  /// An annotation of it says its smallest or largest count; `which` is "min" or "max".
  void bound_group(const std::string& name, const std::string& which, int count);
  void add_node(const std::string& group, bool ready);
  void make_ready(const std::string& node, bool ready);
  void remove_node(const std::string& node);
  void add_helper_pod(const std::string& node);  // that takes no accelerator
  /// The controllers of groups make and remove nodes; a scheduler places the pods of replicas.
  void groups_act();
  void schedule_pods();
  void fail_next_group(Error error, bool and_do_it = false) {
    group_failures_.emplace_back(std::move(error), and_do_it);
  }

  /// Watches deliver at once unless held back.
  void hold_watches(bool hold);
  /// The objects of groups are not listed with the rest, but by list_groups().
  bool groups_late = false;
  void list_groups() { list_groups(*state_); }
  /// The answers of the next scale writes; they are not done then, unless `and_do_it`.
  void fail_next_scale(Error error, bool and_do_it = false);
  void fail_next_status(Error error);

  [[nodiscard]] std::int32_t replicas(const ObjectKey& key) const;
  [[nodiscard]] json status(const ObjectKey& policy) const;
  [[nodiscard]] json condition(const ObjectKey& policy, const std::string& type) const;
  [[nodiscard]] std::string reason(const ObjectKey& policy) const;
  [[nodiscard]] json source_condition(const std::string& source) const;
  [[nodiscard]] int group_replicas(const std::string& name) const;
  [[nodiscard]] json pool_status(const std::string& name) const;
  [[nodiscard]] json budget_status(const std::string& name) const;
  [[nodiscard]] std::size_t node_count() const;

  // --- ClusterWriter
  Result<ScaleWritten> write_scale(const ScaleWrite& write, std::stop_token stop) override;
  Result<std::string> write_status(const StatusWrite& write, std::stop_token stop) override;
  Result<GroupWritten> write_group(const GroupWrite& write, std::stop_token stop) override;
  Result<void> cordon(const NodeCordon& write, std::stop_token stop) override;
  Result<void> uncordon(const NodeUncordon& write, std::stop_token stop) override;
  Result<EvictionAnswer> evict_pod(const PodEviction& write, std::stop_token stop) override;
  Result<void> mark_machine(const MachineMark& write, std::stop_token stop) override;
  void note_event(EventNote event) override { events.push_back(std::move(event)); }

  std::vector<ScaleDone> scales;
  std::vector<GroupDone> group_writes;
  std::vector<std::string> removed_busy;  // nodes; must stay empty
  bool budgets_of_pods_forbid = false;
  int gpus_of_nodes = 8;  // that become ready
  std::size_t pool_status_writes = 0;
  std::size_t source_status_writes = 0;
  std::size_t status_writes = 0;
  std::vector<EventNote> events;

 private:
  json& stamp(json& object);  // a new resourceVersion
  void bind_nodes(controllers::ClusterState& state);
  void list_groups(controllers::ClusterState& state);
  void place(json& pod);
  json& make_node(const std::string& group);
  void follow_pods(const std::string& pool);
  json make(const std::string& api_version, const std::string& kind, const ObjectKey& key);
  void deliver(ChangeSink& sink, const json& object, bool removed = false);

  controllers::ClusterState* state_;
  const Clock& clock_;
  std::uint64_t version_ = 100;
  std::uint64_t uids_ = 0;
  std::map<ObjectKey, json> policies_;
  std::map<ObjectKey, json> deployments_;
  std::map<ObjectKey, json> autoscalers_;
  std::map<ObjectKey, std::vector<json>> pods_;
  std::map<std::string, json> sources_;
  std::map<std::string, json> pools_;
  std::map<std::string, json> catalogs_;
  std::map<std::string, json> budgets_;
  std::map<std::string, json> nodes_;
  std::map<ObjectKey, json> groups_;
  std::set<std::string> autoscaled_;
  std::set<std::string> marked_;
  int made_nodes_ = 0;
  int made_pods_ = 0;
  bool held_ = false;
  std::deque<std::function<void()>> undelivered_;
  std::deque<std::pair<Error, bool>> scale_failures_;
  std::deque<std::pair<Error, bool>> group_failures_;
  std::deque<Error> status_failures_;
};

/// The operator's rounds and everything around them. restart() is a kill -9 and a new process.
class FakeWorld {
 public:
  FakeWorld();

  /// Steps and pumps until the clock has gone `time` further.
  void run_for(Millis time, Millis step = Millis(100));
  /// One step without pumping writes.
  void step();
  /// Sends everything that waits.
  void pump();
  void restart();

  VirtualClock clock;
  telemetry::Metrics metrics{{}};
  std::vector<std::string> lines;
  telemetry::Log log;
  FakeReader reader;
  controllers::SourceCheck source_trouble{};
  controllers::Decide decide = engine::decide;
  std::unique_ptr<controllers::ClusterState> state;
  std::unique_ptr<FakeCluster> cluster;
  std::unique_ptr<controllers::WriteQueue> writes;
  std::unique_ptr<controllers::Rounds> rounds;

  void begin();
};

/// One group "od" over MachineDeployment h100; an idle node leaves after a minute.
[[nodiscard]] json pool_spec(int max_nodes, const std::string& price);
/// A policy on Deployment `name` in the same namespace with one signal "queue", 10 per replica.
[[nodiscard]] json queue_policy(const std::string& deployment, std::int32_t min, std::int32_t max);
[[nodiscard]] SignalReading value(double number);

}  // namespace poolscaler::testing
