// PodIndex: the pods of the cluster as small records, counted by selector without a scan.
//
// Pods of one namespace with equal labels form a group, and groups are found by the label pairs of
// a selector, so that a count costs what it finds. A pod that has ended is not kept at all; one
// that is being deleted is kept while it takes up its node, and counts for nothing else. Not
// thread-safe: ClusterState guards it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "node_names.hpp"
#include "poolscaler/base/time.hpp"
#include "poolscaler/capacity/records.hpp"
#include "poolscaler/controllers/pod_facts.hpp"
#include "poolscaler/controllers/pool_records.hpp"
#include "poolscaler/domain/names.hpp"
#include "poolscaler/domain/observation.hpp"
#include "selector.hpp"

namespace poolscaler::controllers {

enum class PodState : std::uint8_t { Ready, Starting, Unschedulable, Ending };

/// What a pod takes of its node.
struct PodPlace {
  std::string node{};  // empty: none yet
  std::string uid{};   // of the pod
  std::shared_ptr<const capacity::Resources> accelerators{};
  bool daemon = false;  // of a DaemonSet, or static
  bool stays = false;   // says that it must not be disturbed
  bool gated = false;   // the scheduler is told not to look at it
};

struct PodRecord {
  Labels labels;
  PodState state;
  Instant created;
  Instant ready_since{};    // of a ready one, where known
  bool restarting = false;  // of a starting one: a container of it has failed
  PodFacts facts{};
  PodPlace place{};
};

/// Pods of a namespace that one policy scales.
struct PodOwner {
  std::string ns;
  const Selector* selector;
};

struct ObjectKeyHash {
  std::size_t operator()(const ObjectKey& key) const {
    return std::hash<std::string>()(key.ns) * 31 + std::hash<std::string>()(key.name);
  }
};

class PodIndex {
 public:
  void put(const ObjectKey& pod, const PodRecord& record);
  void erase(const ObjectKey& pod);
  [[nodiscard]] PodCounts count(const std::string& ns, const Selector& selector) const;
  [[nodiscard]] std::vector<NamedPod> pods_of(const std::string& ns,
                                              const Selector& selector) const;
  [[nodiscard]] std::size_t size() const { return pods_.size(); }
  [[nodiscard]] std::vector<ObjectKey> keys(const std::string& ns) const;

  /// Adds the pods that take accelerators, or wait for some, to `cluster`, whose nodes are known.
  /// Owners are told by their index; of several that claim a pod the first one counts. `left_on`
  /// has an entry for each node whose pods are to be counted.
  void add_pods(capacity::Cluster& cluster, const std::vector<PodOwner>& owners,
                std::map<std::size_t, std::int64_t>& left_on) const;
  /// What must be evicted before the node is empty: neither daemons nor pods that end already.
  [[nodiscard]] std::vector<PodOnNode> pods_on(const std::string& node) const;
  /// Accelerators of one of the pods that a selector finds; null when none of them takes any.
  [[nodiscard]] std::shared_ptr<const capacity::Resources> accelerators_of(
      const std::string& ns, const Selector& selector) const;

 private:
  struct Member {
    Instant created;
    Instant ready_since;
    PodState state;
    bool restarting;
    bool daemon;
    bool stays;
    bool gated;
    std::uint32_t node;
    PodFacts facts;
    std::shared_ptr<const capacity::Resources> accelerators;
    std::string uid;  // of a pod that may have to be evicted
  };
  struct Group {
    std::string ns;
    Labels labels;
    /// Of the pod that came last: most pods of a group are made from one template.
    std::shared_ptr<const PodRequests> requests;
    std::shared_ptr<const capacity::Resources> accelerators;
    std::unordered_map<std::string, Member> members;  // by pod name
  };

  static void share(Group& group, Member& member);
  [[nodiscard]] Member member_of(const PodRecord& record);
  void put_member(Group& group, const std::string& name, Member member);
  void unlink(const Group& group);
  [[nodiscard]] const std::vector<const Group*>* candidates(const std::string& ns,
                                                            const Selector& selector) const;

  NodeNames nodes_;
  std::unordered_map<ObjectKey, Group*, ObjectKeyHash> pods_;
  std::unordered_map<std::string, Group> groups_;                        // by namespace and labels
  std::unordered_map<std::string, std::vector<const Group*>> postings_;  // by namespace and pair
};

}  // namespace poolscaler::controllers
