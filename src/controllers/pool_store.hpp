// PoolStore: the pools, budgets, catalogues and nodes of the cluster, and the objects behind node
// groups. Not thread-safe: ClusterState guards it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "poolscaler/controllers/pool_records.hpp"

namespace poolscaler::controllers {

class PoolStore {
 public:
  template <class Record>
  using ByName = std::map<std::string, std::shared_ptr<const Record>, std::less<>>;
  struct KindStore {
    std::optional<capacity::Finding> trouble{};
    std::map<ObjectKey, std::shared_ptr<const nlohmann::json>> objects{};
  };

  ByName<PoolRecord> pools{};
  ByName<BudgetRecord> budgets{};
  ByName<CatalogRecord> catalogs{};
  ByName<capacity::Node> nodes{};
  std::map<TargetKind, KindStore> kinds{};

  /// Something has changed. Without a pool or budget nobody cares, and nobody is woken.
  void note_change() {
    const bool cared = std::exchange(cares_, !pools.empty() || !budgets.empty());
    if (!cared && !cares_) return;
    ++version_;
    news_ = true;
  }
  /// Of a pod: what budgets say of it, they say through pools.
  void note_pod_change() {
    if (!pools.empty()) note_change();
  }
  [[nodiscard]] std::uint64_t version() const { return version_; }
  /// Whether there was a change since the last call.
  [[nodiscard]] bool take_news() { return std::exchange(news_, false); }

  /// What policies have to wait for.
  [[nodiscard]] std::set<TargetKind> group_kinds() const {
    std::set<TargetKind> kinds;
    for (const auto& [name, pool] : pools) {
      if (pool->spec == nullptr) continue;
      for (const auto& group : pool->spec->node_groups)
        if (group.backend)
          kinds.insert({.api_version = group.backend->api_version, .kind = group.backend->kind});
    }
    return kinds;
  }

 private:
  std::uint64_t version_ = 1;
  bool cares_ = false;
  bool news_ = false;
};

}  // namespace poolscaler::controllers
