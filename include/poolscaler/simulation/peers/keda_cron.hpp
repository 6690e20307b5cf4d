// KEDA's cron trigger: open between a start and an end, as KEDA reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "poolscaler/domain/cron.hpp"

namespace poolscaler::simulation::peers {

/// The metadata of the trigger, as written.
struct KedaCronMetadata {
  std::optional<std::string> timezone{};
  std::optional<std::string> start{};
  std::optional<std::string> end{};
  std::optional<std::string> desired_replicas{};
};

/// Why KEDA refuses the trigger; nothing when it does not. It does not look at the zone.
[[nodiscard]] std::optional<std::string> refusal(const KedaCronMetadata& metadata);

/// Open when the next end comes no later than the next start: so a start that fires again before
/// the end reads as closed.
[[nodiscard]] bool is_open(const Cron& start, const Cron& end, const TimeZone& zone, Instant now);

}  // namespace poolscaler::simulation::peers
