// How one line of the catalogue of flags looks (options.cpp and the files beside it).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "options.hpp"

namespace poolscaler::app {

enum class Arity {
  One,
  Switch,
  Many,  // of a positional argument: at least one
  Any,   // of a positional argument: may be none
};

/// Everything that a command line can say; one verb's part of it is returned.
struct Choices {
  RunOptions run;
  SandboxChoice sandbox;
  ValidateOptions validate;
  ConvertOptions convert;
  DiffOptions diff;
  SimulateOptions simulate;
  ExplainOptions explain;
  TopOptions top;
  BudgetOptions budget;
  PricesImportOptions prices_import;
  PricesShowOptions prices_show;
  PrintOptions print;
  LogChoice log;  // shared by run and sandbox
  ClusterChoice cluster;  // shared by the verbs that read a cluster
  OutputFormat output = OutputFormat::Text;  // shared by them, too
};

/// With which other flags of the verb a flag has its meaning; where it would silently do nothing,
/// it is refused.
struct Company {
  std::string_view needs{};    // one flag that must be given too, or come from its variable
  std::string_view without{};  // comma separated: flags that must not be given too
};

struct OptionInfo {
  std::string_view verbs;  // comma separated
  std::string_view flag;   // "--kubeconfig"; without dashes: a positional argument
  std::string_view env;    // empty: none
  Arity arity;
  std::string_view default_text;
  std::string_view help;
  Result<void> (*set)(Choices&, const std::string&);
  Company company{};
};

/// "2026-07-20T13:44:30Z", or "2026-07-20", which is its beginning in UTC.
[[nodiscard]] Result<void> set_time(std::optional<Instant>& field, const std::string& value);

[[nodiscard]] std::span<const OptionInfo> simulate_options();
[[nodiscard]] std::span<const OptionInfo> explain_options();
[[nodiscard]] std::span<const OptionInfo> prices_options();
/// Nothing is missing that the question needs.
[[nodiscard]] Result<void> check_prices_show(const PricesShowOptions& options);

}  // namespace poolscaler::app
