// PolicyRuntime: all that the rounds remember of one policy. Owned by the thread of the rounds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "own_writes.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/controllers/policy_view.hpp"
#include "poolscaler/domain/decision.hpp"
#include "replica_costs.hpp"

namespace poolscaler::controllers {

/// A scale write on its way, with what will be true once it is confirmed.
struct PendingScale {
  std::uint64_t ticket;
  std::string target_uid;
  std::string resource_version;
  std::int32_t from;
  std::int32_t to;
  Decision decision;
  std::vector<SignalReading> readings;
  Memory memory_when_written;
  Instant decided_at;
  Millis known_at;  // when the sample was known
};

/// What the last decision wanted of the policy's pool, for as long as it is worth anything.
struct PoolMemo {
  std::int32_t wanted = 0;
  Millis until{0};
};

/// What the pool has answered last.
struct PoolTerms {
  std::int32_t per_replica = 0;
  std::optional<ReplicaCosts> costs{};
  std::optional<std::int32_t> effective_max{};  // replicas that it may have; nothing: not known
  std::optional<api::LedgerStatus> ledger{};
};

struct PolicyRuntime {
  std::shared_ptr<const PolicyRecord> policy;
  std::size_t phase_hash = 0;
  Memory memory{};

  StatusDigest told{};                     // what its status says
  std::optional<StatusDigest> telling{};   // what is on its way to the status
  std::uint64_t telling_ticket = 0;
  std::optional<Millis> told_at{};
  std::optional<api::LastScale> last_scale{};
  bool taken_over = false;  // from a predecessor, whose last change has not been looked for

  std::unique_ptr<PendingScale> pending{};
  Settlement settlement{};
  FightDetector fight{};
  std::optional<Trouble> write_trouble{};
  unsigned write_failures = 0;
  Millis write_not_before{0};

  std::shared_ptr<const ScalingPolicy> looked_at{};  // the spec that the next two are of
  std::string sources{};        // names of the sources of its signals: its lane
  std::vector<bool> askable{};  // per signal: its source can be asked
  std::string pod_selector{};   // of the target, where a signal reads its pods
  std::vector<LearnedPast> pasts{};  // of its signals, where it forecasts
  bool history_waits = false;        // to be asked for
  std::optional<PoolMemo> asked_of_pool{};
  std::optional<PoolTerms> terms{};  // of one that draws on a pool
  bool can_decide = false;      // valid, its target found
  bool synced = false;
  bool at_zero = false;  // and in the lane of its sources
  bool reading = false;  // in a batch that is being read
  std::optional<std::int64_t> frozen_generation{};

  /// What the next status is compared with.
  [[nodiscard]] const StatusDigest& latest() const { return telling ? *telling : told; }
};

}  // namespace poolscaler::controllers
