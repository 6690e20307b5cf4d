// What a policy's status carries over a restart of the operator.
#pragma once

#include "poolscaler/engine/cold_start.hpp"
#include "poolscaler/engine/decide.hpp"

namespace poolscaler {

/// `now`: when the status was written last.
[[nodiscard]] inline Memory after_restart(const Memory& memory, Instant now) {
  Memory kept{.target_uid = memory.target_uid};
  kept.recommendations = engine::digest(memory.recommendations);
  kept.scale_ups = memory.scale_ups;
  kept.scale_downs = memory.scale_downs;
  kept.last_scale = memory.last_scale;
  kept.last_direction = memory.last_direction;
  kept.woken_at = memory.woken_at;
  kept.cold_starts = engine::cold_starts_from(engine::samples_of(memory.cold_starts));
  kept.keep_alive.layers = memory.keep_alive.layers;
  kept.keep_alive.told = engine::last_needs(memory.keep_alive, now);
  return kept;
}

}  // namespace poolscaler
