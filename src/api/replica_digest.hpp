// What of a policy's memory is worth keeping in a status, in few entries. Entries are oldest first.
#pragma once

#include <cstddef>
#include <vector>

#include "poolscaler/domain/decision.hpp"

namespace poolscaler::api {

/// At most `entries_max` entries with the same largest and smallest value in every window that ends
/// at the newest entry or later; only where that takes more entries the oldest of them go.
[[nodiscard]] std::vector<TimedReplicas> window_digest(const std::vector<TimedReplicas>& entries,
                                                       std::size_t entries_max);

/// At most `entries_max` entries of the same sum. What is folded counts as its newest part, so that
/// a rate policy may see more change in its period than there was, never less.
[[nodiscard]] std::vector<TimedReplicas> sum_digest(const std::vector<TimedReplicas>& entries,
                                                    std::size_t entries_max);

}  // namespace poolscaler::api
