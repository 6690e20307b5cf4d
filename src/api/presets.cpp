#include "poolscaler/api/presets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "checked_reader.hpp"
#include "preset_catalogue.hpp"
#include "preset_rules.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

bool takes(const Preset& preset, std::string_view parameter) {
  if (parameter == "metric") return preset.takes_metric;
  if (parameter == "pods" || parameter == "podLabel") return preset.of_pods();
  if (parameter == "windowSeconds") return preset.window_seconds > 0;
  return std::ranges::any_of(preset.labels, [&](const PresetLabel& label) {
    return !label.parameter.empty() && label.parameter == parameter;
  });
}

bool needs(const Preset& preset, std::string_view parameter) {
  if (parameter == "metric") return preset.takes_metric;
  return std::ranges::any_of(preset.labels, [&](const PresetLabel& label) {
    return label.required && label.parameter == parameter;
  });
}

std::string_view name_in(const Field& field) {
  return field.path.substr(field.path.rfind('.') + 1);
}

/// The rows that are parameters.
std::span<const Field> parameter_fields() { return preset_fields().subspan(2); }

void add_parameter_errors(const Preset& preset, const json& values, const std::string& path,
                          std::vector<FieldError>& errors) {
  for (const auto& field : parameter_fields()) {
    const std::string name(name_in(field));
    if (values.contains(name) && !takes(preset, name))
      errors.push_back(
          {.path = path + "." + name,
           .value = shown(values[name]),
           .problem = fmt::format("is no parameter of preset {}", preset.name),
           .remedy = fmt::format("it takes {}", fmt::join(parameters_of(preset), ", "))});
    if (!values.contains(name) && needs(preset, name))
      errors.push_back({.path = path + "." + name,
                        .value = {},
                        .problem = fmt::format("is required by preset {}", preset.name),
                        .remedy = fmt::format("for example {}", field.example)});
  }
}

/// A bound that the reading cannot pass: such a target never adds a replica, such a step never
/// asks, such an activation never calls the signal active.
void add_reach_errors(const Preset& preset, const json& signal, const std::string& path,
                      std::vector<FieldError>& errors) {
  if (preset.reading_max == 0) return;
  const auto look_at = [&](const json& value, const std::string& field, std::string_view good) {
    if (decimal_of(value) < preset.reading_max) return;
    errors.push_back({.path = path + field,
                      .value = shown(value),
                      .problem = fmt::format("must be below {}, which a reading of preset {} "
                                             "never exceeds",
                                             preset.reading_max, preset.name),
                      .remedy = fmt::format("choose a ratio, such as \"{}\"", good)});
  };
  if (signal.contains("target") && signal["target"]["type"] != "PerReplica")
    look_at(signal["target"]["value"], ".target.value", preset.target);
  const auto steps = signal.value("steps", json::array());
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (steps[i].contains("above"))
      look_at(steps[i]["above"], fmt::format(".steps[{}].above", i), preset.target);
  if (signal.contains("activation"))
    look_at(signal["activation"]["above"], ".activation.above", "0.05");
}

/// The names of the target's pods, as its controller makes them. The random part has no vowels, so
/// that "llm" does not claim the pods of "llm-large".
std::string pod_pattern(const TargetRef& target) {
  constexpr std::string_view random = "[bcdfghjklmnpqrstvwxz2456789]{5}";
  // Longer names are cut before something random is put behind them.
  constexpr std::size_t whole_name_max = 46;
  std::string name;
  for (const char c : target.name.substr(0, whole_name_max)) {
    if (c == '.') name += '\\';
    name += c;
  }
  if (target.name.size() > whole_name_max) return name + ".*";
  if (target.kind == "Deployment") return fmt::format("{}-[0-9a-z]+-{}", name, random);
  if (target.kind == "ReplicaSet" || target.kind == "ReplicationController")
    return fmt::format("{}-{}", name, random);
  if (target.kind == "StatefulSet") return name + "-[0-9]+";
  if (target.kind == "LeaderWorkerSet") return name + "-[0-9]+(-[0-9]+)?";
  return name + "-.*";
}

std::vector<Matcher> matchers_of(const Preset& preset, const json& values,
                                 const TargetRef& target) {
  std::vector<Matcher> matchers;
  for (const auto& label : preset.labels)
    if (const std::string name(label.parameter); !name.empty() && values.contains(name))
      matchers.push_back({.label = std::string(label.label),
                          .op = MatchOperator::Equal,
                          .value = values[name].get<std::string>()});
  if (preset.only)
    matchers.push_back({.label = std::string(preset.only->first),
                        .op = MatchOperator::Equal,
                        .value = std::string(preset.only->second)});
  if (preset.of_pods() && values.value("pods", "Target") == "Target")
    matchers.push_back({.label = values.value("podLabel", "pod"),
                        .op = MatchOperator::Regex,
                        .value = pod_pattern(target)});
  return matchers;
}

/// The selectors of the metrics that there are.
template <std::size_t N>
std::vector<MetricSelector> selectors_of(const std::array<PresetMetric, N>& metrics,
                                         const MetricSelector& like) {
  std::vector<MetricSelector> selectors;
  for (const auto& metric : metrics) {
    if (metric.names.empty()) continue;
    auto selector = like;
    selector.aggregation = metric.aggregation;
    selector.range_function = metric.range_function;
    if (metric.range_function == RangeFunction::None) selector.window_seconds = 0;
    for (auto names = metric.names; !names.empty() && like.metric.empty();) {
      const auto end = std::min(names.find('|'), names.size());
      if (selector.metric.empty())
        selector.metric = names.substr(0, end);
      else
        selector.other_names.emplace_back(names.substr(0, end));
      names.remove_prefix(std::min(end + 1, names.size()));
    }
    selectors.push_back(std::move(selector));
  }
  return selectors;
}

}  // namespace

std::span<const Preset* const> presets() {
  static const auto all = [] {
    std::vector<const Preset*> list;
    for (const auto rows :
         {server_presets(), gateway_presets(), device_presets(), queue_presets()})
      for (const auto& row : rows) list.push_back(&row);
    return list;
  }();
  return all;
}

const Preset* find_preset(std::string_view name) {
  const auto all = presets();
  const auto found = std::ranges::find(all, name, &Preset::name);
  return found == all.end() ? nullptr : *found;
}

std::string_view name_of(PresetLoad load) {
  constexpr std::array<std::string_view, 4> words{"queue", "inflight", "utilization", "none"};
  return words[static_cast<std::size_t>(load)];
}

std::vector<std::string_view> parameters_of(const Preset& preset) {
  std::vector<std::string_view> names;
  for (const auto& field : parameter_fields())
    if (takes(preset, name_in(field))) names.push_back(name_in(field));
  return names;
}

std::vector<FieldError> preset_errors(const json& spec) {
  std::vector<FieldError> errors;
  for (std::size_t i = 0; i < spec["signals"].size(); ++i) {
    const auto& signal = spec["signals"][i];
    if (!signal.contains("preset")) continue;
    const auto* preset = find_preset(signal["preset"]["name"].get_ref<const std::string&>());
    const auto path = fmt::format("spec.signals[{}]", i);
    add_parameter_errors(*preset, signal["preset"], path + ".preset", errors);
    add_reach_errors(*preset, signal, path, errors);
  }
  if (errors.size() > field_errors_max) errors.resize(field_errors_max);
  return errors;
}

SignalInput preset_query(const Preset& preset, const json& values, const TargetRef& target) {
  MetricSelector like{.metric = preset.takes_metric ? values["metric"].get<std::string>() : "",
                      .matchers = matchers_of(preset, values, target),
                      .window_seconds = values.value("windowSeconds", preset.window_seconds)};
  DerivedQuery query{.terms = selectors_of(preset.terms, like),
                     .divisor = selectors_of(preset.divisor, like),
                     .scale = preset.scale};
  const bool is_one_metric =
      query.terms.size() == 1 && query.divisor.empty() && query.scale == 1;
  if (is_one_metric) return std::move(query.terms.front());
  return query;
}

std::string_view remark_on_absence(std::string_view name) {
  const auto* preset = find_preset(name);
  if (preset == nullptr || preset->origin == PresetOrigin::Shared) return {};
  return preset->origin == PresetOrigin::Replicas
             ? "the replicas themselves export it, so there is none while there are no replicas; "
               "to wake from zero add a signal of a gateway, a router or a broker"
             : "it is labelled with the target's pods, so there is none while there are no "
               "replicas";
}

}  // namespace poolscaler::api
