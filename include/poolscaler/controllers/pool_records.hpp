// What is kept of the objects that pools are made of - pools, budgets, catalogues, nodes, the
// objects behind node groups - and one moment of all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/api/budget_status.hpp"
#include "poolscaler/api/pool_status.hpp"
#include "poolscaler/capacity/records.hpp"
#include "poolscaler/controllers/records.hpp"
#include "poolscaler/domain/accelerator_pool.hpp"
#include "poolscaler/domain/cost_budget.hpp"
#include "poolscaler/domain/price_catalog.hpp"
#include "poolscaler/domain/reason.hpp"

namespace poolscaler::controllers {

struct ClusterObject {
  std::string name{};
  std::string uid{};
  std::string resource_version{};
  std::int64_t generation = 0;
  std::string errors{};  // of the spec, all of them in one line
};

struct PoolRecord : ClusterObject {
  std::shared_ptr<const AcceleratorPool> spec{};  // nothing when the spec has errors
  std::shared_ptr<const api::PoolStatus> status{};
};

struct BudgetRecord : ClusterObject {
  std::shared_ptr<const CostBudget> spec{};
  std::shared_ptr<const api::BudgetStatus> status{};
};

struct CatalogRecord : ClusterObject {
  std::shared_ptr<const PriceCatalog> spec{};
};

/// The object behind a node group.
struct GroupObject {
  std::shared_ptr<const nlohmann::json> object{};
  std::optional<capacity::Finding> trouble{};  // why there is none, or the group is left alone
  Reason reason = Reason::GroupNotFound;       // of the trouble
  bool awaited = false;                        // the trouble: its kind is being listed
};

/// A policy that draws on a pool, and its target.
struct PolicyOnPool {
  std::shared_ptr<const PolicyRecord> policy;
  std::int32_t replicas = 0;  // of the target's spec
  /// Accelerators of the pool's resource that one replica of the target takes; 0: not known.
  std::int64_t accelerators = 0;
  /// That one pod of it takes, which has to fit a node; 0: not known.
  std::int64_t of_pod = 0;
};

/// A pod without which a node is empty.
struct PodOnNode {
  ObjectKey key;
  std::string uid;
  bool stays = false;  // it says that it must not be disturbed
};

struct PoolSnapshot {
  bool synced = false;  // all that pools are made of has been listed
  std::optional<capacity::Finding> unreadable{};  // what of it there is no right to
  bool sees_all_pods = false;  // else nobody knows what is free, and which nodes are empty
  std::uint64_t version = 0;
  std::vector<std::shared_ptr<const PoolRecord>> pools{};  // by name
  std::vector<std::shared_ptr<const BudgetRecord>> budgets{};
  std::vector<std::shared_ptr<const PriceCatalog>> catalogs{};
  std::vector<std::vector<GroupObject>> groups{};      // by pool and group; of pools with a spec
  std::vector<std::optional<PolicyOnPool>> policies{};  // as they were asked for
  capacity::Cluster cluster{};  // Pod::policy is an index of `policies`
  std::map<std::size_t, std::int64_t> left_on{};  // by node that we have cordoned: its pods
};

}  // namespace poolscaler::controllers
