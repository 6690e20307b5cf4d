#include "forecast.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "poolscaler/json/members.hpp"
#include "status_bounds.hpp"
#include "status_json.hpp"

namespace poolscaler::api {
namespace {

using enum FieldType;
using nlohmann::json;

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();

constexpr Field forecast_rows[] = {
    {.path = "spec.forecast",
     .type = Object,
     .doc = "Looks one cold start ahead, by what each signal's own history in Prometheus teaches, "
            "and asks for what will be needed then. It may raise replicas and never lowers them. "
            "Of the signals those take part that have a target of type `PerReplica` and are no "
            "`resource`."},
    {.path = "spec.forecast.mode",
     .type = Enum,
     .required = true,
     .values = "Off|Shadow|On",
     .example = "\"On\"",
     .doc = "`Shadow` reports what the forecast would ask for and changes nothing; `On` asks for "
            "it, while its back-test against the last value is won. Write `\"On\"` and `\"Off\"` "
            "in quotes: YAML takes the bare words for true and false."},
};

bool is_on(const json& spec) {
  return spec.contains("forecast") && spec["forecast"]["mode"] != "Off";
}

bool no_forecast_of_a_formula(const json& spec) {
  return !is_on(spec) || spec["combine"] != "Formula";
}

bool something_to_forecast(const json& spec) {
  return !is_on(spec) || std::ranges::any_of(spec["signals"], [](const json& signal) {
    return signal.contains("preset") ||
           (signal.contains("target") && signal["target"]["type"] == "PerReplica" &&
            !signal.contains("resource"));
  });
}

constexpr std::string_view no_signal = "must be 'Off' where no signal can be forecast";
constexpr std::string_view a_signal_that_can =
    "give a signal a target of type PerReplica; a `resource`, `steps`, Total and Utilization "
    "depend on how many replicas there are";

constexpr Rule forecast_rule_rows[] = {
    {.at = "spec",
     .cel = "!has(self.forecast) || self.forecast.mode == 'Off' || self.combine != 'Formula'",
     .problem = "must be 'Off' with `combine: Formula`",
     .remedy = "use `combine: Max`, or leave `forecast` out",
     .child = "forecast.mode",
     .holds = no_forecast_of_a_formula},
    {.at = "spec",
     .cel = "!has(self.forecast) || self.forecast.mode == 'Off' || self.signals.exists(s, "
            "has(s.preset) || (has(s.target) && s.target.type == 'PerReplica' && "
            "!has(s.resource)))",
     .problem = no_signal,
     .remedy = a_signal_that_can,
     .child = "forecast.mode",
     .holds = something_to_forecast},
};

constexpr Field status_fields[] = {
    {.path = "status.forecast",
     .type = Object,
     .doc = "What the forecast comes to, in modes `Shadow` and `On`."},
    {.path = "status.forecast.horizonSeconds",
     .type = Integer,
     .max = int32_max,
     .unit = "seconds",
     .doc = "How far ahead it looks: as long as a replica takes to start."},
    {.path = "status.forecast.horizonSource",
     .type = Enum,
     .values = "Learned|Expected|Default",
     .doc = "`Learned` from measured cold starts (p90); until there are five of them `Expected`, "
            "as `scaleToZero.coldStart` says, or else the `Default` of 300 s."},
    {.path = "status.forecast.replicas",
     .type = Integer,
     .max = int32_max,
     .unit = "replicas",
     .doc = "What the forecast asks for; absent while no signal's forecast may speak."},
    {.path = "status.forecast.signals",
     .type = List,
     .max = signals_max,
     .list = ListType::Map,
     .key = "name",
     .doc = "The forecast of each signal that takes part."},
    {.path = "status.forecast.signals[].name",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 63,
     .doc = "Name of the signal."},
    {.path = "status.forecast.signals[].reason",
     .type = Text,
     .required = true,
     .max = 128,
     .doc = "Whether it asks for more, or why it is silent, as one CamelCase word of the catalogue "
            "of reasons."},
    {.path = "status.forecast.signals[].method",
     .type = Enum,
     .values = "LastValue|SameTimeYesterday|SameTimeLastWeek|DampedTrend",
     .doc = "The method that did best on the history."},
    {.path = "status.forecast.signals[].skill",
     .type = Text,
     .max = number_text_max,
     .doc = "1 - its error / the error of the last value, as a decimal, over the newer half of the "
            "history: 1 is perfect, 0 no better than doing nothing, below 0 worse."},
    {.path = "status.forecast.signals[].gainOfLastDay",
     .type = Text,
     .max = number_text_max,
     .doc = "What it gained on the newest day, or lost, in the same unit. After a day on which it "
            "lost more than `skill`, which is what it gains on an average one, the forecast is "
            "silent."},
    {.path = "status.forecast.signals[].samples",
     .type = Integer,
     .max = int32_max,
     .doc = "How many moments of the history were judged; fewer than 60 prove nothing."},
    {.path = "status.forecast.signals[].value",
     .type = Text,
     .max = number_text_max,
     .doc = "The highest value that is predicted within the horizon, as a decimal, while the "
            "forecast may speak."},
    {.path = "status.forecast.signals[].replicas",
     .type = Integer,
     .max = int32_max,
     .unit = "replicas",
     .doc = "What that value asks for."},
    {.path = "status.forecast.signals[].detail",
     .type = Text,
     .max = signal_detail_max,
     .doc = "Why the forecast is silent, where it is."},
};

constexpr std::array methods = {ForecastMethod::LastValue, ForecastMethod::SameTimeYesterday,
                                ForecastMethod::SameTimeLastWeek, ForecastMethod::DampedTrend};
constexpr std::array sources = {HorizonSource::Learned, HorizonSource::Expected,
                                HorizonSource::Default};

json signal_json(const SignalForecastStatus& signal) {
  json entry{{"name", fitted(signal.name, 63)}, {"reason", name_of(signal.reason)}};
  if (const auto& test = signal.test) {
    entry["method"] = name_of(test->method);
    entry["skill"] = number_text(test->skill);
    entry["gainOfLastDay"] = number_text(test->gain_of_last_day);
    entry["samples"] = count(test->samples);
  }
  if (signal.value) {
    entry["value"] = number_text(*signal.value);
    entry["replicas"] = count(signal.replicas);
  }
  put_text(entry, "detail", signal.detail, signal_detail_max);
  return entry;
}

std::optional<SignalForecastStatus> read_signal(const json& from) {
  const auto reason = reason_at(from);
  auto name = text_at(from, "name");
  if (!reason || name.empty()) return std::nullopt;
  SignalForecastStatus signal{
      .name = std::move(name), .reason = *reason, .detail = text_at(from, "detail")};
  const auto word = text_at(from, "method");
  const auto* method =
      std::ranges::find(methods, word, [](ForecastMethod one) { return name_of(one); });
  if (method != methods.end())
    signal.test = BackTest{.method = *method,
                           .samples = replicas_at(from, "samples"),
                           .skill = number_at(from, "skill"),
                           .gain_of_last_day = number_at(from, "gainOfLastDay")};
  if (from.contains("value")) {
    signal.value = number_at(from, "value");
    signal.replicas = replicas_at(from, "replicas");
  }
  return signal;
}

}  // namespace

std::span<const Field> forecast_fields() { return forecast_rows; }
std::span<const Rule> forecast_rules() { return forecast_rule_rows; }
std::span<const Field> forecast_status_fields() { return status_fields; }

std::optional<FieldError> forecast_error(const ScalingPolicy& policy) {
  const bool none = std::ranges::none_of(policy.signals, [](const Signal& signal) {
    return signal.target_type == TargetType::PerReplica;
  });
  if (policy.forecast == ForecastMode::Off || !none) return std::nullopt;
  return FieldError{.path = "spec.forecast.mode",
                    .value = policy.forecast == ForecastMode::On ? "On" : "Shadow",
                    .problem = std::string(no_signal),
                    .remedy = std::string(a_signal_that_can)};
}

json forecast_json(const ForecastStatus& status) {
  json signals = json::array();
  std::set<std::string_view> seen;
  for (const auto& signal : status.signals) {
    if (signals.size() == signals_max) break;
    if (!signal.name.empty() && seen.insert(signal.name).second)
      signals.push_back(signal_json(signal));
  }
  const auto seconds = std::clamp<std::int64_t>(status.horizon.length.count(), 0, int32_max);
  json out{{"horizonSeconds", seconds},
           {"horizonSource", name_of(status.horizon.source)},
           {"signals", std::move(signals)}};
  if (status.replicas) out["replicas"] = count(*status.replicas);
  return out;
}

std::optional<ForecastStatus> read_forecast(const json& from) {
  if (!from.is_object()) return std::nullopt;
  ForecastStatus status;
  status.horizon.length = Seconds(replicas_at(from, "horizonSeconds"));
  const auto word = text_at(from, "horizonSource");
  const auto* source =
      std::ranges::find(sources, word, [](HorizonSource one) { return name_of(one); });
  if (source != sources.end()) status.horizon.source = *source;
  if (from.contains("replicas")) status.replicas = replicas_at(from, "replicas");
  each(at_path(from, "signals"), signals_max, [&](const json& one) {
    if (auto signal = read_signal(one)) status.signals.push_back(*std::move(signal));
  });
  return status;
}

}  // namespace poolscaler::api
