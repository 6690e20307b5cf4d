// The verbs of the command line; each returns the exit code: 0 done, 1 failed, 2 wrong input.
#pragma once

#include <iosfwd>

#include "options.hpp"

namespace poolscaler::app {

[[nodiscard]] int run(const RunOptions& options);
[[nodiscard]] int sandbox(const SandboxChoice& options);
[[nodiscard]] int validate(const ValidateOptions& options, std::ostream& out);
[[nodiscard]] int simulate(const SimulateOptions& options, std::ostream& out);
[[nodiscard]] int print(const PrintOptions& options, std::ostream& out);
[[nodiscard]] int version(std::ostream& out);

}  // namespace poolscaler::app
