// PodIndex: the pods of the cluster as small records, counted by selector without a scan.
//
// Pods of one namespace with equal labels form a group, and groups are found by the label pairs of
// a selector, so that a count costs what it finds. A pod that is being deleted or has ended is not
// kept at all. Not thread-safe: ClusterState guards it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/controllers/pod_facts.hpp"
#include "poolscaler/domain/names.hpp"
#include "poolscaler/domain/observation.hpp"
#include "selector.hpp"

namespace poolscaler::controllers {

enum class PodState : std::uint8_t { Ready, Starting, Unschedulable };

struct PodRecord {
  Labels labels;
  PodState state;
  Instant created;
  Instant ready_since{};    // of a ready one, where known
  bool restarting = false;  // of a starting one: a container of it has failed
  PodFacts facts{};
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

 private:
  struct Member {
    Instant created;
    Instant ready_since;
    PodState state;
    bool restarting;
    PodFacts facts;
  };
  struct Group {
    std::string ns;
    Labels labels;
    /// Of the pod that came last: most pods of a group are made from one template.
    std::shared_ptr<const PodRequests> requests;
    std::unordered_map<std::string, Member> members;  // by pod name
  };

  static void share_requests(Group& group, Member& member);
  void unlink(const Group& group);
  [[nodiscard]] const std::vector<const Group*>* candidates(const std::string& ns,
                                                            const Selector& selector) const;

  std::unordered_map<ObjectKey, Group*, ObjectKeyHash> pods_;
  std::unordered_map<std::string, Group> groups_;                        // by namespace and labels
  std::unordered_map<std::string, std::vector<const Group*>> postings_;  // by namespace and pair
};

}  // namespace poolscaler::controllers
