// A manifest of a command line, whole and bounded; "-" is standard input.
#pragma once

#include <string>

#include "poolscaler/base/result.hpp"

namespace poolscaler::app {

/// Errors: NotFound, InvalidInput (unreadable, too large); the message names the file.
[[nodiscard]] Result<std::string> contents_of(const std::string& path);

}  // namespace poolscaler::app
