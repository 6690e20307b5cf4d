// The learned gaps of a layer of replicas as a short text for a status: one letter for each bucket
// of the histogram, '.' for an empty one, each further letter a quarter octave more weight. What
// the letters lose is less than what the next gaps change.
#pragma once

#include <string>
#include <string_view>

#include "poolscaler/domain/learned.hpp"

namespace poolscaler::api {

/// Without the empty buckets at the end.
[[nodiscard]] std::string gaps_text(const LayerGaps& layer);
/// Lenient: a letter that is none is an empty bucket. `gaps` is how many were seen.
[[nodiscard]] LayerGaps gaps_from(std::string_view text, std::uint16_t gaps);

}  // namespace poolscaler::api
