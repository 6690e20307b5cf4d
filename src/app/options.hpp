// The one catalogue of flags: verb, flag, environment variable, default and help. The command line
// is built from it and docs/reference/flags.md printed from it. Everything that can be checked
// without touching the world is checked here, before anything starts.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "poolscaler/base/result.hpp"
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

struct ValidateOptions {
  std::vector<std::string> files{};  // "-" is standard input
};

struct ConvertOptions {
  std::vector<std::string> files{};  // "-" is standard input
  bool allow_lossy = false;
  std::string metric_source = "prometheus";
};

struct PrintOptions {
  std::string what{};
};

struct VersionOptions {};

/// --help, or nothing to do: print `text` and exit with `code`.
struct PrintText {
  std::string text;
  int code;
};

using Command = std::variant<RunOptions, SandboxChoice, ValidateOptions, ConvertOptions,
                             PrintOptions,
                             VersionOptions, PrintText>;

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
