// The verbs of the command line; each returns the exit code: 0 done, 1 failed, 2 wrong input.
// validate: 1 when a manifest has errors, 2 when one cannot be found. diff: 0 when nothing differs,
// 1 when something does, 2 when that cannot be said. prices show: 1 when nothing may grow on the
// price.
#pragma once

#include <iosfwd>

#include "options.hpp"

namespace poolscaler::app {

[[nodiscard]] int run(const RunOptions& options);
[[nodiscard]] int sandbox(const SandboxChoice& options);
[[nodiscard]] int validate(const ValidateOptions& options, std::ostream& out);
[[nodiscard]] int convert_manifests(const ConvertOptions& options, std::ostream& out,
                                    std::ostream& errors);
[[nodiscard]] int diff(const DiffOptions& options, std::ostream& out);
[[nodiscard]] int simulate(const SimulateOptions& options, std::ostream& out);
[[nodiscard]] int explain(const ExplainOptions& options, std::ostream& out);
[[nodiscard]] int top(const TopOptions& options, std::ostream& out);
[[nodiscard]] int budget(const BudgetOptions& options, std::ostream& out);
[[nodiscard]] int prices_import(const PricesImportOptions& options, std::ostream& out,
                                std::ostream& errors);
[[nodiscard]] int prices_show(const PricesShowOptions& options, std::ostream& out);
[[nodiscard]] int print(const PrintOptions& options, std::ostream& out);
[[nodiscard]] int version(std::ostream& out);

}  // namespace poolscaler::app
