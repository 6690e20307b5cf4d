// Gaps between two needs of one layer of replicas (layer k is needed while at least k replicas
// are): a fading histogram of how long they were, and the idle time that it argues for.
//
// To keep a replica for T through a gap g costs min(g, T) of its time; when the gap outlasts T, the
// replica has to be started again, which costs its cold start and the miss. The idle time is the T
// at which that is least in expectation, over what was seen and a weak prior that holds every
// length from seconds to a day for equally likely on a logarithmic scale.
#pragma once

#include <cstddef>
#include <cstdint>

#include "poolscaler/domain/learned.hpp"

namespace poolscaler::engine {

/// So many gaps of a layer, and they are trusted. With fewer a chance would decide; waiting for
/// more costs more than it spares, since the prior keeps an early idle time from being extreme.
inline constexpr std::uint16_t gaps_trusted = 3;
/// The idle time is never longer than this.
inline constexpr Seconds idle_time_max{86'400};

/// Layers 1 to 32 have a histogram each; above, eight groups of layers to an octave.
[[nodiscard]] std::size_t layer_group(std::int32_t layer);
/// The lowest layer of a group.
[[nodiscard]] std::int32_t first_layer(std::size_t group);

/// What was seen before fades by a 64th.
void remember_gap(LayerGaps& layer, Millis gap);
/// The idle time of least expected cost, when a miss costs `miss`, the cold start included.
[[nodiscard]] Millis best_idle_time(const LayerGaps& layer, Millis miss);

}  // namespace poolscaler::engine
