// In which line of a YAML text a field stands.
#pragma once

#include <cstddef>
#include <string_view>

namespace poolscaler::explain {

/// The line (from 1) of `path` ("spec.signals[1].value") in the given document of the text, or of
/// the nearest thing around it that is there; 0 when there is no such document.
[[nodiscard]] std::size_t line_of(std::string_view text, std::size_t document,
                                  std::string_view path);

}  // namespace poolscaler::explain
