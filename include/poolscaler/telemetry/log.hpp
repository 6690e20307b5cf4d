// Log lines: a constant message and key=value fields, as JSON or for a console, on standard error.
//
//   log.info("scaled workload", {{"policy", key.text()}, {"from", 2}, {"to", 5}});
//
// Values are capped and control characters escaped, so that nothing from outside can forge a line.
// A line that repeats (same message, same fields but for times) is let through a few times a minute
// and then counted; the next one that passes says how many were held back. Never log a credential.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/base/result.hpp"

namespace poolscaler::telemetry {

enum class LogLevel { Debug, Info, Warning, Error };
enum class LogFormat { Console, Json };

[[nodiscard]] Result<LogLevel> parse_log_level(std::string_view text);
[[nodiscard]] Result<LogFormat> parse_log_format(std::string_view text);

struct LogField {
  std::string_view key;
  std::string value;
  bool is_text = true;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), is_text(false) {}
  template <std::integral T>
  LogField(std::string_view k, T v) : key(k), value(std::to_string(v)), is_text(false) {}
  LogField(std::string_view k, double v);
};

using LogFields = std::initializer_list<LogField>;

struct LogOptions {
  LogLevel level = LogLevel::Info;
  LogFormat format = LogFormat::Console;
  /// Gets each finished line without its end; standard error when empty. Must be thread-safe.
  std::function<void(std::string_view)> sink{};
  /// Equal lines that pass in `repeat_window`; 0 lets every line pass.
  unsigned repeats_max = 5;
  Millis repeat_window{60'000};
};

/// Thread-safe. `clock` must outlive it.
class Log {
 public:
  explicit Log(const LogOptions& options, const Clock& clock = system_clock());
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void debug(std::string_view message, LogFields fields = {}) {
    write(LogLevel::Debug, message, fields);
  }
  void info(std::string_view message, LogFields fields = {}) {
    write(LogLevel::Info, message, fields);
  }
  void warning(std::string_view message, LogFields fields = {}) {
    write(LogLevel::Warning, message, fields);
  }
  void error(std::string_view message, LogFields fields = {}) {
    write(LogLevel::Error, message, fields);
  }

 private:
  void write(LogLevel level, std::string_view message, LogFields fields);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace poolscaler::telemetry
