// The one catalogue of flags: verb, flag, environment variable, default and help. The command line
// is built from it and docs/reference/flags.md printed from it. Everything that can be checked
// without touching the world is checked here, before anything starts.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "poolscaler/base/result.hpp"
#include "poolscaler/money/price.hpp"
#include "poolscaler/money/price_tables.hpp"
#include "poolscaler/telemetry/log.hpp"

namespace poolscaler::app {

/// "host:port"; an IPv6 host in brackets; an empty host means every address.
struct ListenAddress {
  std::string host;
  std::uint16_t port;
};
[[nodiscard]] Result<ListenAddress> parse_listen_address(std::string_view text);

struct LogChoice {
  telemetry::LogLevel level = telemetry::LogLevel::Info;
  telemetry::LogFormat format = telemetry::LogFormat::Console;
};

struct RunOptions {
  std::string kubeconfig{};  // empty: in-cluster
  std::string context{};
  bool allow_insecure_kubeconfig = false;
  ListenAddress listen{"0.0.0.0", 8080};
  bool leader_elect = true;
  std::string lease_namespace{};  // empty: the pod's own
  std::string lease_name = "poolscaler";
  std::string identity{};  // empty: host name and a random suffix
  std::vector<std::string> watch_namespaces{};  // empty: all
  std::string credentials_dir = "/etc/poolscaler";
  LogChoice log{};
};

struct SandboxChoice {
  bool serve = false;
  std::uint16_t api_port = 0;
  std::uint16_t metrics_port = 0;
  std::string kubeconfig{};  // where --serve writes it; empty: a temporary file
  LogChoice log{};
};

enum class OutputFormat { Text, Json };

struct ValidateOptions {
  std::vector<std::string> files{};  // or folders; "-" is standard input
  OutputFormat output = OutputFormat::Text;
};

struct DiffOptions {
  std::vector<std::string> files{};  // OLD NEW, or what is compared with the cluster
  std::string kubeconfig{};          // empty: files alone
  std::string context{};
  bool allow_insecure_kubeconfig = false;
  OutputFormat output = OutputFormat::Text;
};

struct ConvertOptions {
  std::vector<std::string> files{};  // "-" is standard input
  bool allow_lossy = false;
  std::string metric_source = "prometheus";
};

struct PrintOptions {
  std::string what{};
};

enum class SimulateMeasure { Whole, FirstHalf, SecondHalf };

/// A load from the past of a Prometheus.
struct PrometheusLoad {
  std::string url{};    // empty: none
  std::string query{};  // PromQL that answers with one series
  std::optional<Instant> from{};
  std::optional<Instant> to{};
  int step_seconds = 60;
  bool is_rate = false;  // requests per second; else the value is the signal itself
  std::string token_file{};
  std::string ca_file{};
};

struct SimulateOptions {
  std::vector<std::string> files{};                          // with ScalingPolicies
  std::vector<std::string> loads{};                          // [POLICY=]FILE[:COLUMN,...]
  PrometheusLoad prometheus{};
  std::vector<std::pair<std::string, std::string>> meanings{};  // signal, word
  int slots = 8;
  double cold_start_seconds = 20;
  double service_seconds = 5;
  std::array<double, 3> service_model = {0.05, 0.0002, 0.02};  // base, per input, per output token
  std::uint64_t seed = 0;
  bool start_at_floor = false;
  std::optional<double> warm_up_seconds{};
  double delayed_above_seconds = 1;
  std::optional<Instant> start_time{};  // else of the range asked for, else a Monday
  SimulateMeasure measure = SimulateMeasure::Whole;
  bool skip_bad_lines = false;
  bool compare = false;
  bool recommend = false;
  double max_delayed = 0.05;
  std::optional<double> max_wait_p99_seconds{};
  OutputFormat output = OutputFormat::Text;
  std::string report{};  // where the HTML goes; empty: nowhere
  unsigned threads = 0;  // 0: all cores
  std::string pool{};    // file with the AcceleratorPool; empty: no nodes
  std::vector<std::string> prices{};   // files with PriceCatalogs
  std::vector<std::string> budgets{};  // ... with CostBudgets
  std::string spot_series{};
  std::optional<double> node_boot_seconds{};
  std::optional<double> spot_interruptions{};  // share an hour
  std::optional<double> spot_notice_seconds{};
};

/// Which cluster a verb reads.
struct ClusterChoice {
  std::string kubeconfig{};  // empty: that of the home folder, or in-cluster
  std::string context{};
  bool allow_insecure_kubeconfig = false;
};

struct ExplainOptions {
  std::vector<std::string> policies{};  // "namespace/name", one, unless there are files
  std::string file{};                   // with the one ScalingPolicy
  std::string observation{};            // what it is to see
  std::string why_not{};                // up, down, none; empty: both
  OutputFormat output = OutputFormat::Text;
  ClusterChoice cluster{};
};

struct TopOptions {
  bool once = false;
  int interval_seconds = 2;  // between two looks
  OutputFormat output = OutputFormat::Text;
  ClusterChoice cluster{};
};

struct BudgetOptions {
  std::string name{};
  OutputFormat output = OutputFormat::Text;
  ClusterChoice cluster{};
};

struct PricesImportOptions {
  std::vector<std::string> files{};
  std::string name = "prices";
  money::PriceFilter filter{};
  std::optional<Instant> as_of{};
  Seconds max_age = std::chrono::days(30);
  Currency currency{};
  std::string source{};  // empty: the names of the files
  bool skip_bad_rows = false;
};

struct PricesShowOptions {
  std::vector<std::string> files{};  // or folders
  money::Labels labels{};
  std::optional<CapacityType> capacity{};  // wins over what labels say
  std::string commitment{};
  std::optional<HourlyRate> own_price{};
  Currency currency{};
  std::optional<Instant> at{};  // nothing: now
  OutputFormat output = OutputFormat::Text;
};

struct VersionOptions {};

/// --help, or nothing to do: print `text` and exit with `code`.
struct PrintText {
  std::string text;
  int code;
};

using Command =
    std::variant<RunOptions, SandboxChoice, ValidateOptions, ConvertOptions, DiffOptions,
                 SimulateOptions, ExplainOptions, TopOptions, BudgetOptions, PricesImportOptions,
                 PricesShowOptions, PrintOptions, VersionOptions, PrintText>;

/// Environment variables are handed in, so that a test can. Errors: InvalidInput with the flag, the
/// value and the remedy.
using Environment = std::function<std::optional<std::string>(const std::string&)>;
[[nodiscard]] Result<Command> parse_command_line(std::span<const char* const> arguments,
                                                 const Environment& environment);

/// docs/reference/flags.md
[[nodiscard]] std::string flags_page();
/// What `print` can print.
[[nodiscard]] std::span<const std::string_view> printable();

}  // namespace poolscaler::app
