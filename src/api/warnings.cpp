// What is allowed and still hardly meant.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "checked_reader.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/api/presets.hpp"
#include "poolscaler/domain/formula.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

/// Pods that use ten times what they request are rare; 80 for 80 % is not.
constexpr double percent_hardly_meant = 10;

bool has_term(const Preset& preset, std::string_view metric) {
  const auto names = fmt::format("|{}|", metric);
  return std::ranges::any_of(preset.terms, [&](const PresetMetric& term) {
    return fmt::format("|{}|", term.names).find(names) != std::string::npos;
  });
}

/// A metric that the catalogue knows, and of replicas alone.
bool is_of_replicas(std::string_view metric) {
  bool known = false;
  for (const auto* preset : presets()) {
    if (!has_term(*preset, metric)) continue;
    if (preset->origin == PresetOrigin::Shared) return false;
    known = true;
  }
  return known;
}

/// Why it has no value without replicas; nothing where it has one, or nobody knows.
std::string why_silent_at_zero(const json& signal) {
  if (signal.contains("resource")) return "reads what the pods use";
  if (signal.contains("preset")) {
    const auto name = signal["preset"]["name"].get<std::string>();
    const auto* preset = find_preset(name);
    if (preset == nullptr || preset->origin == PresetOrigin::Shared) return {};
    return preset->origin == PresetOrigin::Replicas
               ? fmt::format("has preset {}, which the replicas themselves export", name)
               : fmt::format("has preset {}, which is exported for the pods that run", name);
  }
  if (!signal.contains("metric")) return {};
  const auto metric = signal["metric"]["name"].get<std::string>();
  if (!is_of_replicas(metric)) return {};
  return fmt::format("reads {}, which the replicas themselves export", metric);
}

bool asks_for_replicas(const json& window) {
  return window.value("floor", 0) > 0 || window.value("pin", 0) > 0;
}

void warn_of_endless_sleep(const json& spec, std::vector<FieldError>& warnings) {
  const auto signals = spec.value("signals", json::array());
  if (spec["minReplicas"] != 0 || signals.empty()) return;
  const auto schedule = spec.value("schedule", json::array());
  if (std::ranges::any_of(schedule, asks_for_replicas)) return;
  std::string reasons;
  for (const auto& signal : signals) {
    const auto why = why_silent_at_zero(signal);
    if (why.empty()) return;
    reasons += fmt::format("{}'{}' {}", reasons.empty() ? "" : ", ",
                           signal["name"].get<std::string>(), why);
  }
  warnings.push_back(
      {.path = "spec.minReplicas",
       .value = "0",
       .problem = "lets the target go to zero, from where no demand can wake it, as no signal has "
                  "a value without replicas: " + reasons,
       .remedy = "add a signal that is there without them, such as a queue at a gateway, a router "
                 "or a broker, or a schedule with a floor, or write minReplicas 1"});
}

/// What the pods use is never 0 while one runs.
void warn_of_endless_wake(const json& spec, std::vector<FieldError>& warnings) {
  if (spec["minReplicas"] != 0) return;
  const auto signals = spec.value("signals", json::array());
  for (std::size_t i = 0; i < signals.size(); ++i) {
    if (!signals[i].contains("resource")) continue;
    const auto above = signals[i].value("activation", json::object()).value("above", json(0));
    if (decimal_of(above) > 0) continue;
    warnings.push_back(
        {.path = fmt::format("spec.signals[{}].activation.above", i),
         .value = "0",
         .problem = fmt::format("keeps the target from zero for ever: pods that run use some {}",
                                signals[i]["resource"]["name"].get<std::string>()),
         .remedy = "write what idle pods stay below, or 1000000000000 if this signal shall keep "
                   "nothing awake"});
  }
}

/// A part of what the pods ask for is written as a ratio here, and as percent by others.
void warn_of_percent(const json& spec, std::vector<FieldError>& warnings) {
  const auto signals = spec.value("signals", json::array());
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const auto& signal = signals[i];
    if (!signal.contains("resource") || !signal.contains("target")) continue;
    const auto& target = signal["target"];
    if (target.value("type", "") != "Utilization") continue;
    const auto& value = target["value"];
    const auto text = value.is_string() ? value.get<std::string>() : value.dump();
    const double ratio = std::strtod(text.c_str(), nullptr);
    if (ratio < percent_hardly_meant) continue;
    warnings.push_back(
        {.path = fmt::format("spec.signals[{}].target.value", i),
         .value = text,
         .problem = fmt::format("is {:g} times what the pods request: a Utilization is a ratio",
                                ratio),
         .remedy = fmt::format("write {:g} if {:g} % is meant", ratio / 100, ratio)});
  }
}

/// Parts of a formula that fail whatever is read: its state is then all that it ever says.
void warn_of_no_result(const json& spec, std::vector<FieldError>& warnings) {
  if (!spec.contains("formula")) return;
  const auto text = spec["formula"]["expression"].get<std::string>();
  const auto formula = parse_formula(text);
  if (!formula) return;
  const auto warn = [&](std::uint16_t position, std::string problem, std::string remedy) {
    warnings.push_back({.path = "spec.formula.expression",
                        .value = shown(text),
                        .problem = fmt::format("character {}: {}", position, problem),
                        .remedy = std::move(remedy)});
  };
  // A number in the text, not one that the parser put there for `&&`.
  const auto is_written = [&](const FormulaInstruction& one) {
    const char first = text[one.position - 1U];
    return one.op == FormulaOp::Number && (first == '.' || (first >= '0' && first <= '9'));
  };
  const auto& code = formula->code();
  for (std::size_t i = 1; i < code.size(); ++i) {
    const auto& last = code[i - 1];
    if (!is_written(last)) continue;
    if (code[i].op == FormulaOp::Divide && last.number == 0)
      warn(code[i].position, "divides by 0 always, and has no value",
           "divide by a number or a signal that is not 0");
    if (code[i].op == FormulaOp::Clamp && i > 1 && is_written(code[i - 2]) &&
        code[i - 2].number > last.number)
      warn(code[i].position,
           fmt::format("clamps to a lowest of {:g} above a highest of {:g}, and has no value",
                       code[i - 2].number, last.number),
           "write clamp(value, lowest, highest)");
  }
}

/// Nothing is free: such a price is not believed, and nothing grows on it.
void warn_of_no_price(const json& spec, std::vector<FieldError>& warnings) {
  const auto look_at = [&](const json& holder, const char* field, const std::string& path) {
    if (!holder.contains(field)) return;
    const auto text = holder[field].is_string() ? holder[field].get<std::string>()
                                                : holder[field].dump();
    if (text.find_first_of("123456789") != std::string::npos) return;
    warnings.push_back({.path = path + "." + field,
                        .value = text,
                        .problem = "is taken for unknown, and nothing grows on it",
                        .remedy = "write what it costs, or leave it out"});
  };
  const auto rows = spec.value("rows", json::array());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto path = fmt::format("spec.rows[{}]", i);
    for (const auto* field : {"onDemand", "spot"}) look_at(rows[i], field, path);
    const auto terms = rows[i].value("commitments", json::array());
    for (std::size_t k = 0; k < terms.size(); ++k)
      look_at(terms[k], "price", fmt::format("{}.commitments[{}]", path, k));
  }
}

}  // namespace

std::vector<FieldError> warnings_of(Kind kind, const json& object) {
  std::vector<FieldError> warnings;
  if (!errors_of(kind, object, UnknownFields::Tolerate).empty()) return warnings;
  if (kind == Kind::PriceCatalog) warn_of_no_price(object["spec"], warnings);
  if (kind != Kind::ScalingPolicy) return warnings;
  const auto full = with_defaults(kind, object);
  warn_of_endless_sleep(full["spec"], warnings);
  if (warnings.empty()) warn_of_endless_wake(full["spec"], warnings);
  warn_of_percent(full["spec"], warnings);
  warn_of_no_result(full["spec"], warnings);
  return warnings;
}

}  // namespace poolscaler::api
