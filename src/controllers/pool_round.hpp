// What the parts of PoolDesk share while they answer, and what they remember.
#pragma once

#include "own_writes.hpp"
#include "pool_desk.hpp"
#include "poolscaler/api/pool_status.hpp"

namespace poolscaler::controllers {

/// A node group and the writes to its object.
struct PoolDesk::GroupDesk {
  // The reading, and what it was read of.
  std::shared_ptr<const nlohmann::json> object{};
  const AcceleratorPool* spec = nullptr;
  std::optional<Result<kube::GroupReading>> reading{};

  std::uint64_t ticket = 0;             // of the write that is on its way
  std::optional<std::int64_t> asked{};  // until the cluster shows it
  std::int64_t asked_from = 0;
  std::string asked_why{};
  std::vector<std::string> leaving{};  // uids of the nodes that are meant to go
  std::string stale_version{};         // that the write was bound to
  Settlement settlement{};
  std::optional<capacity::Finding> write_trouble{};
  unsigned failures = 0;
  Millis not_before{0};
  std::optional<Reason> reason{};  // of its trouble
};

struct PoolDesk::PoolState {
  std::string uid;
  bool remembers = false;  // what its status told, or more
  capacity::PoolMemory memory{};
  std::map<std::string, GroupDesk> groups{};
  StoredStatus stored{};
  bool take_up = false;  // what its status holds
  api::PoolStatus told{};
  std::optional<Millis> told_at{};
};

struct PoolDesk::BudgetState {
  std::string uid;
  StoredStatus stored{};
  api::BudgetStatus told{};
  std::optional<Millis> told_at{};
};

struct PoolDesk::Round {
  Instant now;
  Millis monotonic;
  PoolSnapshot snapshot{};
  // Pools without errors.
  std::vector<std::shared_ptr<const PoolRecord>> pools{};
  std::vector<capacity::PoolInput> inputs{};
  std::vector<capacity::PoolMemory> memory{};
  std::vector<const capacity::Finding*> blind{};  // why it is not known what is free; null: it is
  // Policies that can be answered by a pool.
  std::vector<capacity::Asking> asking{};
  std::vector<std::size_t> wish_of{};  // index of the wish, by asking
  std::vector<PoolAnswer> answers{};   // by wish
  bool all_heard = true;               // every wish
  capacity::Sight sight{};
  money::BudgetRound bills{};
  money::Standings standings{};
  capacity::Plan plan{};

  [[nodiscard]] const PolicyRecord& policy_of(std::size_t i) const {
    return *snapshot.policies[wish_of[i]]->policy;
  }
};

}  // namespace poolscaler::controllers
