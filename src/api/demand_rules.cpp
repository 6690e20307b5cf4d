#include "demand_rules.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "checked_reader.hpp"
#include "poolscaler/api/spelling.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/domain/regex_syntax.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

constexpr std::array<const char*, 3> step_words = {"replicas", "change", "changePercent"};

bool formula_with_its_word(const json& spec) {
  return (spec["combine"] == "Formula") == spec.contains("formula");
}

bool every_signal_asks(const json& spec) {
  return spec["combine"] == "Formula" ||
         std::ranges::all_of(spec["signals"], [](const json& signal) {
           return signal.contains("target") || signal.contains("steps") ||
                  signal.contains("preset");
         });
}

bool source_unless_resource(const json& signal) {
  return signal.contains("resource") != signal.contains("metricSourceRef");
}

bool target_or_steps(const json& signal) {
  return !signal.contains("steps") ||
         !(signal.contains("target") || signal.contains("tolerance"));
}

bool resource_with_fitting_target(const json& signal) {
  return !signal.contains("resource") || !signal.contains("target") ||
         signal["target"]["type"] != "Total";
}

bool one_amount(const json& step) {
  return std::ranges::count_if(step_words,
                               [&](const char* word) { return step.contains(word); }) == 1;
}

constexpr Rule demand_rule_rows[] = {
    {.at = "spec",
     .cel = "(self.combine == 'Formula') == has(self.formula)",
     .problem = "must be set with `combine: Formula`, and only then",
     .remedy = "set `formula.expression`, such as max(queue / 10, 1), or another `combine`",
     .child = "formula",
     .holds = formula_with_its_word},
    {.at = "spec",
     .cel = "self.combine == 'Formula' || "
            "self.signals.all(s, has(s.target) || has(s.steps) || has(s.preset))",
     .problem = "must each have a `target` or `steps`, unless a formula reads their values",
     .remedy = "set `target.type` and `target.value` of the signal without",
     .child = "signals",
     .holds = every_signal_asks},
    {.at = "spec.signals[]",
     .cel = "has(self.resource) != has(self.metricSourceRef)",
     .problem = "must be set, but for a `resource`, which needs none",
     .remedy = "name the MetricSource that answers for the signal",
     .child = "metricSourceRef",
     .holds = source_unless_resource},
    {.at = "spec.signals[]",
     .cel = "!has(self.steps) || (!has(self.target) && !has(self.tolerance))",
     .problem = "must stand alone: neither `target` nor `tolerance` has an effect beside it",
     .remedy = "leave out `target` and `tolerance`, or `steps`",
     .child = "steps",
     .holds = target_or_steps},
    {.at = "spec.signals[]",
     .cel = "!has(self.resource) || !has(self.target) || self.target.type != 'Total'",
     .problem = "must be Utilization or PerReplica for a `resource`",
     .remedy = "use Utilization for percent of the requests, PerReplica for cores or bytes",
     .child = "target.type",
     .holds = resource_with_fitting_target},
    {.at = "spec.signals[].steps[]",
     .cel = "(has(self.replicas) ? 1 : 0) + (has(self.change) ? 1 : 0) + "
            "(has(self.changePercent) ? 1 : 0) == 1",
     .problem = "must have exactly one of `replicas`, `change` and `changePercent`",
     .remedy = "for example change: 2",
     .holds = one_amount},
};

std::size_t kind_of(const json& step) {
  const auto* found = std::ranges::find_if(
      step_words, [&](const char* word) { return step.contains(word); });
  return static_cast<std::size_t>(found - step_words.begin());
}

std::int32_t amount_of(const json& step) {
  return step[step_words.at(kind_of(step))].get<std::int32_t>();
}

/// What is wrong with a step that follows another.
std::optional<FieldError> error_after(const json& before, const json& step,
                                      const std::string& path) {
  const std::string word = step_words.at(kind_of(step));
  if (kind_of(before) != kind_of(step))
    return FieldError{.path = path,
                      .value = word,
                      .problem = fmt::format("must have `{}` like the steps before it",
                                             step_words.at(kind_of(before))),
                      .remedy = "use one kind in all steps of a signal"};
  if (!step.contains("above"))
    return FieldError{.path = path + ".above",
                      .value = {},
                      .problem = "is required in all steps but the first",
                      .remedy = "say above which value the step holds"};
  if (before.contains("above") && decimal_of(step["above"]) <= decimal_of(before["above"]))
    return FieldError{.path = path + ".above",
                      .value = shown(step["above"]),
                      .problem = fmt::format("must be above the {} of the step before it",
                                             shown(before["above"])),
                      .remedy = "put the steps in ascending order, each with a bound of its own"};
  if (amount_of(step) < amount_of(before))
    return FieldError{.path = path + "." + word,
                      .value = shown(step[word]),
                      .problem = fmt::format("must be at least the {} of the step before it",
                                             amount_of(before)),
                      .remedy = "more load must never ask for fewer replicas"};
  return std::nullopt;
}

void check_steps(const json& steps, const std::string& path, std::vector<FieldError>& errors) {
  for (std::size_t i = 1; i < steps.size(); ++i)
    if (auto error = error_after(steps[i - 1], steps[i], fmt::format("{}[{}]", path, i))) {
      errors.push_back(*std::move(error));
      return;
    }
  const auto& first = steps.front();
  if (!first.contains("above") || !first.contains(step_words[kind_of(first)])) return;
  if (kind_of(first) == 0 || amount_of(first) >= 0) return;
  errors.push_back({.path = fmt::format("{}[0].{}", path, step_words.at(kind_of(first))),
                    .value = shown(first[step_words.at(kind_of(first))]),
                    .problem = "must not remove replicas where lower values, which have no step, "
                               "remove none",
                    .remedy = "leave out `above` of the first step"});
}

FieldError formula_error(const Formula& formula, const FormulaOperand& operand,
                         const std::string& problem, std::string remedy) {
  return {.path = "spec.formula.expression",
          .value = shown(formula.text()),
          .problem = fmt::format("character {}: {}", operand.position, problem),
          .remedy = std::move(remedy)};
}

std::string written(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

void check_operand(const Formula& formula, const FormulaOperand& operand, const json& signals,
                   std::vector<FieldError>& errors) {
  std::vector<std::string_view> known;
  for (const auto& signal : signals) {
    const auto& name = signal["name"].get_ref<const std::string&>();
    known.push_back(name);
    if (name != operand.signal) continue;
    const bool asks = signal.contains("target") || signal.contains("steps") ||
                      signal.contains("preset");
    if (operand.replicas && !asks)
      errors.push_back(formula_error(
          formula, operand, fmt::format("signal '{}' asks for no replicas", name),
          fmt::format("give the signal a `target` or `steps`, or use its value, {}",
                      written(name))));
    return;
  }
  const auto meant = nearest_spelling(operand.signal, known);
  errors.push_back(formula_error(
      formula, operand, fmt::format("no signal is named '{}'", operand.signal),
      meant.empty() ? fmt::format("known are {}", fmt::join(known, ", "))
                    : fmt::format("did you mean {}?", written(std::string(meant)))));
}

/// A signal that asks for nothing itself serves the formula alone.
void check_served(const Formula& formula, const json& signals, std::vector<FieldError>& errors) {
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const auto& signal = signals[i];
    if (signal.contains("target") || signal.contains("steps") || signal.contains("preset"))
      continue;
    const auto& name = signal["name"].get_ref<const std::string&>();
    if (std::ranges::find(formula.operands(), name, &FormulaOperand::signal) !=
        formula.operands().end())
      continue;
    errors.push_back({.path = fmt::format("spec.signals[{}]", i),
                      .value = name,
                      .problem = "has neither `target` nor `steps`, and the formula does not "
                                 "read it",
                      .remedy = "use it in `formula.expression`, or leave it out"});
  }
}

void check_formula(const json& spec, std::vector<FieldError>& errors) {
  const auto& text = spec["formula"]["expression"].get_ref<const std::string&>();
  const auto formula = parse_formula(text);
  if (!formula) {
    errors.push_back({.path = "spec.formula.expression",
                      .value = shown(text),
                      .problem = formula.error().message,
                      .remedy = "for example max(queue / 10, 1)"});
    return;
  }
  if (formula->operands().empty())
    errors.push_back({.path = "spec.formula.expression",
                      .value = shown(text),
                      .problem = "reads no signal",
                      .remedy = "name at least one; a fixed number of replicas is `minReplicas`"});
  for (const auto& operand : formula->operands())
    check_operand(*formula, operand, spec["signals"], errors);
  check_served(*formula, spec["signals"], errors);
}

/// A server would refuse the query for ever, and the signal would have no value.
void check_matchers(const json& matchers, const std::string& path,
                    std::vector<FieldError>& errors) {
  for (std::size_t i = 0; i < matchers.size(); ++i) {
    const auto& matcher = matchers[i];
    if (matcher["operator"] != "Regex" && matcher["operator"] != "NotRegex") continue;
    const auto& value = matcher["value"];
    if (auto fault = fault_of_regex(value.get_ref<const std::string&>()))
      errors.push_back({.path = fmt::format("{}[{}].value", path, i),
                        .value = shown(value),
                        .problem = fmt::format("character {}: {}", fault->character,
                                               fault->problem),
                        .remedy = std::move(fault->remedy)});
  }
}

}  // namespace

std::span<const Rule> demand_rules() { return demand_rule_rows; }

std::vector<FieldError> demand_errors(const json& spec) {
  std::vector<FieldError> errors;
  for (std::size_t i = 0; i < spec["signals"].size(); ++i) {
    const auto& signal = spec["signals"][i];
    const auto path = fmt::format("spec.signals[{}]", i);
    if (signal.contains("steps")) check_steps(signal["steps"], path + ".steps", errors);
    if (signal.contains("metric") && signal["metric"].contains("matchers"))
      check_matchers(signal["metric"]["matchers"], path + ".metric.matchers", errors);
  }
  if (spec.contains("formula")) check_formula(spec, errors);
  if (errors.size() > field_errors_max) errors.resize(field_errors_max);
  return errors;
}

PodResource resource_from(const json& resource) {
  return {.resource = resource["name"] == "cpu" ? Resource::Cpu : Resource::Memory,
          .container = resource.value("container", "")};
}

void read_steps(const json& steps, Signal& signal) {
  signal.target_type = TargetType::Steps;
  for (const auto& step : steps) {
    signal.step_kind = static_cast<StepKind>(kind_of(step));
    auto& added = signal.steps.emplace_back(ScalingStep{.above = {}, .amount = amount_of(step)});
    if (step.contains("above")) added.above = decimal_of(step["above"]);
  }
}

CombiningFormula formula_from(const json& from, std::span<const Signal> signals) {
  CombiningFormula out{
      .formula = parse_formula(from["expression"].get_ref<const std::string&>()).value(),
      .signal_of_operand = {}};
  for (const auto& operand : out.formula.operands())
    out.signal_of_operand.push_back(static_cast<std::size_t>(
        std::ranges::find(signals, operand.signal, &Signal::name) - signals.begin()));
  if (!from.contains("target")) return out;
  out.target_type =
      from["target"]["type"] == "Total" ? TargetType::Total : TargetType::PerReplica;
  out.target = decimal_of(from["target"]["value"]);
  return out;
}

}  // namespace poolscaler::api
