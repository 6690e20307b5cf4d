// What a study came to, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "poolscaler/simulation/replay/study.hpp"
#include "poolscaler/simulation/replay/timeline.hpp"

namespace poolscaler::replay {

/// Tables of aligned columns.
[[nodiscard]] std::string as_text(const Study& study);
/// One JSON object; docs/SIMULATION.md describes its fields.
[[nodiscard]] std::string as_json(const Study& study);
/// One page of HTML that needs nothing else: figures, charts of the runs and of the frontiers. It
/// is readable on a phone and in print, and follows the reader's theme.
[[nodiscard]] std::string as_html(const Study& study, const std::vector<Timeline>& timelines);

}  // namespace poolscaler::replay
