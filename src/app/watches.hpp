// Watches: one thread per watched collection, from the API server into ClusterState. The kinds that
// policies name as targets, and pools as their node groups, are found through discovery and watched
// as they appear; a kind whose replicas cannot be read off its objects has its scale subresource
// read once per change. Nodes are watched once there is a pool.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "cluster_link.hpp"
#include "poolscaler/controllers/cluster_state.hpp"
#include "poolscaler/kube/watcher.hpp"
#include "poolscaler/telemetry/log.hpp"
#include "poolscaler/telemetry/metrics.hpp"

namespace poolscaler::app {

struct WatchSurroundings {
  ClusterLink& link;
  controllers::ClusterState& state;
  telemetry::Metrics& metrics;
  telemetry::Log& log;
  const Clock& clock;
};

class Watches {
 public:
  /// Kinds of targets that are watched at once; policies of more kinds are told so.
  static constexpr std::size_t kinds_max = 32;
  static constexpr std::size_t group_kinds_max = 16;

  /// `namespaces` empty: the whole cluster. What is borrowed must outlive it.
  Watches(WatchSurroundings surroundings, std::vector<std::string> namespaces);
  Watches(const Watches&) = delete;
  Watches& operator=(const Watches&) = delete;
  ~Watches();  // stops and joins every thread

  /// Starts the fixed collections and the thread that follows the kinds of targets.
  void start();

 private:
  struct Task {
    std::string name;       // "deployments.apps", for the metrics
    bool optional = false;  // its CRD need not be installed
    std::unique_ptr<kube::Watcher> watcher;
    std::jthread thread{};
  };

  enum class Presence { Required, Optional };
  void add(const kube::Resource& resource, const std::string& ns, ChangeSink& sink,
           Presence presence = Presence::Required);
  void follow_pools(const std::stop_token& stop);
  void watch_group_kind(const controllers::TargetKind& kind, const std::stop_token& stop);
  void follow_kinds(const std::stop_token& stop);
  void watch_kind(const controllers::TargetKind& kind, const std::stop_token& stop);
  void read_scales(const std::stop_token& stop);
  void report_health();
  void give_back_memory();

  WatchSurroundings around_;
  std::vector<std::string> namespaces_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::map<controllers::TargetKind, kube::Resource> kinds_;
  struct Retry {
    Millis due{0};  // on monotonic time
    Millis pause{0};
  };
  std::map<controllers::ScaleLookup, Retry> lookups_;  // scales that are not read yet
  bool follows_pools_ = false;  // what they are made of is watched
  std::set<controllers::TargetKind> group_kinds_;
  std::map<std::string, std::string> reported_;  // last error that was logged, by collection
  Millis memory_due_{0};  // on monotonic time
  int memory_rounds_ = 0;
  std::jthread follower_;
};

}  // namespace poolscaler::app
