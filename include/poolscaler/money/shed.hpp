// Shedding: which replicas go first when a limit is exceeded and its budget says Shed.
//
// The lowest priority first; among equals those over their quota, then work that has a checkpoint,
// then the newest on spot nodes, then the newest (money.md, "At the thresholds"). What is protected
// stays, and what is paid anyway, since taking it would save nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/amount.hpp"

namespace poolscaler::money {

/// Replicas of one policy that are alike.
struct Sheddable {
  std::string policy;
  std::int32_t priority = 0;
  std::int64_t replicas = 0;  // that may go: above what is protected
  HourlyRate price{};         // marginal, of one
  bool over_quota = false;
  bool checkpointed = false;
  bool spot = false;
  Instant started{};
};

/// What an accrued amount has to lose is taken within so many looks, however small the steps are.
inline constexpr int shed_looks_max = 4;

struct Cut {
  std::size_t index;  // of the input
  std::int64_t replicas;
};

/// Takes replicas until `excess` is saved, at most `step_max` of them in one round. The result does
/// not depend on the order of the input, but for its indices.
[[nodiscard]] std::vector<Cut> shed(const std::vector<Sheddable>& from, HourlyRate excess,
                                    std::int64_t step_max);

}  // namespace poolscaler::money
