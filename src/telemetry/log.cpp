#include "poolscaler/telemetry/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "poolscaler/base/guarded.hpp"
#include "poolscaler/base/text.hpp"

namespace poolscaler::telemetry {
namespace {

constexpr std::size_t value_bytes_max = 512;
constexpr std::size_t repeat_keys_max = 4096;
/// Fields whose values change from one occurrence to the next of the same thing.
constexpr std::array<std::string_view, 3> passing_keys = {"took_ms", "age_seconds",
                                                          "retry_seconds"};

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::Debug: return "debug";
    case LogLevel::Info: return "info";
    case LogLevel::Warning: return "warning";
    case LogLevel::Error: return "error";
  }
  return "";
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::Debug: return spdlog::level::debug;
    case LogLevel::Info: return spdlog::level::info;
    case LogLevel::Warning: return spdlog::level::warn;
    case LogLevel::Error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// Quoted when a reader could not tell where the value ends.
std::string console_value(std::string_view text) {
  const auto plain = escaped(text);
  if (!plain.empty() && plain.find_first_of(" \"=") == std::string::npos) return plain;
  std::string out = "\"";
  for (const char c : plain) {
    if (c == '"') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// Hands each line to a function instead of writing it.
class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(std::function<void(std::string_view)> to) : to_(std::move(to)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    to_(std::string_view(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}

 private:
  std::function<void(std::string_view)> to_;
};

struct Repeats {
  Instant window_start{};
  unsigned passed = 0;
  unsigned held_back = 0;
};

}  // namespace

LogField::LogField(std::string_view k, double v) : key(k), value(brief(v)), is_text(false) {}

Result<LogLevel> parse_log_level(std::string_view text) {
  for (const auto level : {LogLevel::Debug, LogLevel::Info, LogLevel::Warning, LogLevel::Error})
    if (text == name_of(level)) return level;
  if (text == "warn") return LogLevel::Warning;
  return fail(ErrorKind::InvalidInput,
              fmt::format("log level is '{}', must be debug, info, warning or error",
                          escaped(capped(text, 40))));
}

Result<LogFormat> parse_log_format(std::string_view text) {
  if (text == "json") return LogFormat::Json;
  if (text == "console") return LogFormat::Console;
  return fail(ErrorKind::InvalidInput, fmt::format("log format is '{}', must be json or console",
                                                   escaped(capped(text, 40))));
}

struct Log::Impl {
  LogOptions options;
  const Clock& clock;
  spdlog::logger logger;
  Guarded<std::unordered_map<std::size_t, Repeats>> repeats;

  Impl(const LogOptions& given, const Clock& the_clock)
      : options(given), clock(the_clock), logger("poolscaler", make_sink(given)) {
    logger.set_level(spdlog_level(options.level));
    logger.flush_on(spdlog::level::debug);
    // A full disk or a closed pipe must not end the operator, nor be reported on the same pipe.
    logger.set_error_handler([](const std::string&) {});
  }

  static spdlog::sink_ptr make_sink(const LogOptions& options) {
    spdlog::sink_ptr sink;
    if (options.sink) {
      sink = std::make_shared<FunctionSink>(options.sink);
    } else {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    }
    sink->set_pattern("%v");
    return sink;
  }

  /// How many equal lines were held back before this one, or nothing when it is held back too.
  std::optional<unsigned> admit(std::string_view message, LogFields fields) {
    if (options.repeats_max == 0) return 0;
    std::string identity(message);
    for (const auto& field : fields) {
      if (std::ranges::find(passing_keys, field.key) != passing_keys.end()) continue;
      identity.append(1, '\0').append(field.key).append(1, '=').append(field.value);
    }
    const auto now = clock.now();
    return repeats.with([&](auto& map) -> std::optional<unsigned> {
      if (map.size() >= repeat_keys_max) map.clear();
      auto& entry = map[stable_hash(identity)];
      if (entry.passed == 0 || now - entry.window_start >= options.repeat_window ||
          now < entry.window_start) {
        const unsigned held_back = entry.held_back;
        entry = {.window_start = now, .passed = 1, .held_back = 0};
        return held_back;
      }
      if (entry.passed < options.repeats_max) {
        ++entry.passed;
        return 0;
      }
      ++entry.held_back;
      return std::nullopt;
    });
  }

  std::string line(LogLevel level, std::string_view message, LogFields fields,
                   unsigned held_back) const {
    const auto time = to_rfc3339_micro(clock.now());
    std::string out;
    auto to = std::back_inserter(out);
    if (options.format == LogFormat::Json) {
      fmt::format_to(to, "{{\"time\":\"{}\",\"level\":\"{}\",\"message\":{}", time, name_of(level),
                     json_quoted(message));
      for (const auto& field : fields) {
        const auto value = capped(field.value, value_bytes_max);
        fmt::format_to(to, ",{}:{}", json_quoted(field.key),
                       field.is_text ? json_quoted(value) : value);
      }
      if (held_back > 0) fmt::format_to(to, ",\"held_back\":{}", held_back);
      return out + "}";
    }
    fmt::format_to(to, "{} {:<7} {}", time, name_of(level), message);
    for (const auto& field : fields)
      fmt::format_to(to, " {}={}", field.key, console_value(capped(field.value, value_bytes_max)));
    if (held_back > 0) fmt::format_to(to, " held_back={}", held_back);
    return out;
  }
};

Log::Log(const LogOptions& options, const Clock& clock)
    : impl_(std::make_unique<Impl>(options, clock)) {}
Log::~Log() = default;

void Log::write(LogLevel level, std::string_view message, LogFields fields) {
  if (level < impl_->options.level) return;
  const auto held_back = impl_->admit(message, fields);
  if (!held_back) return;
  impl_->logger.log(spdlog_level(level), "{}", impl_->line(level, message, fields, *held_back));
}

}  // namespace poolscaler::telemetry
