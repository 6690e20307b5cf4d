// How large the parts of a status may get. The renderer cuts to these, the schema refuses beyond
// them, so that a status of ours is never refused and never grows without bound.
#pragma once

#include <cstddef>
#include <cstdint>

namespace poolscaler::api {

/// The largest whole number that every JSON reader keeps exactly (2^53 - 1).
inline constexpr std::int64_t generation_max = 9'007'199'254'740'991;
inline constexpr std::size_t conditions_max = 16;
inline constexpr std::size_t condition_message_max = 1024;
inline constexpr std::size_t target_text_max = 320;
inline constexpr std::size_t selector_max = 2048;
inline constexpr std::size_t signal_text_max = 256;
/// Of spec and status. The API server estimates the cost of the rules on a signal's decimals at the
/// largest text that could be sent, times this: 15 would be its limit.
inline constexpr std::size_t signals_max = 12;
inline constexpr std::size_t signal_detail_max = 256;
inline constexpr std::size_t number_text_max = 32;
inline constexpr std::size_t decision_message_max = 1024;
inline constexpr std::size_t steps_max = 32;
inline constexpr std::size_t step_numbers_max = 256;
/// Of spec and status.
inline constexpr std::size_t windows_max = 32;
inline constexpr std::size_t effect_max = 64;
inline constexpr std::size_t digest_max = 32;
/// Of the learned gaps; what is known of higher layers is learned anew after a restart.
inline constexpr std::size_t layers_max = 64;

}  // namespace poolscaler::api
