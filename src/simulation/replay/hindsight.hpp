// What others come to on the second half of the loads: the sweep of all scalers with that half in
// view, and what one has who sets nothing.
#pragma once

#include <optional>
#include <vector>

#include "poolscaler/simulation/replay/recommend.hpp"

namespace poolscaler::replay {

/// Whether a result is what was asked for.
[[nodiscard]] bool keeps(const Figures& figures, const Ask& ask);

[[nodiscard]] std::size_t settings_of(const std::vector<Contender>& contenders);

/// Of all swept settings as many as can be played in so many seconds, spread over all of them, and
/// every default.
[[nodiscard]] std::vector<Contender> played_of(std::vector<Contender> sweep, double seconds_each,
                                               double seconds);

/// The cheapest of them at what is asked for.
[[nodiscard]] std::optional<Hindsight> cheapest_of(const std::vector<Standing>& standings,
                                               const Ask& ask);
[[nodiscard]] std::vector<Scored> defaults_of(const std::vector<Standing>& standings);

/// The least number of replicas that keeps the ask all the time, if one does.
[[nodiscard]] std::optional<std::int32_t> least_static(const std::vector<Case>& cases,
                                                       const Setup& setup, const Ask& ask);

}  // namespace poolscaler::replay
