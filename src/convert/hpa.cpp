// HorizontalPodAutoscaler, autoscaling/v2 and v1.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "draft.hpp"
#include "poolscaler/base/text.hpp"

namespace poolscaler::convert {
namespace {

using nlohmann::json;

/// The target of a metric, of the types that its kind may have.
struct Target {
  std::string type;
  std::string number;
  std::string path{};  // of the number
};

/// A decimal with more than three digits behind its point, rounded up to three.
std::string in_thousandths(const std::string& number) {
  const auto point = number.find('.');
  const bool plain = number.find_first_not_of("0123456789.") == std::string::npos;
  if (point == std::string::npos || !plain || number.size() - point <= 4) return number;
  const auto thousandths = std::ceil(std::stod(number) * 1000);
  auto text = fmt::format("{:.3f}", thousandths / 1000);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

using Types = std::vector<std::string_view>;

Target read_metric_target(ObjectReader target, const Types& types) {
  Target out{.type = target.required_text("type", "AverageValue"), .number = {}};
  const std::map<std::string, std::string> field_of{{"Utilization", "averageUtilization"},
                                                    {"AverageValue", "averageValue"},
                                                    {"Value", "value"}};
  const auto field = field_of.find(out.type);
  if (out.type.empty()) {  // said already
    for (const auto& [type, name] : field_of) (void)target.has(name);
  } else if (std::ranges::find(types, out.type) == types.end()) {
    target.refuse("type",
                  fmt::format("must be {} for this kind of metric", fmt::join(types, " or ")));
    if (field != field_of.end()) (void)target.has(field->second);
  } else if (!target.has(field->second)) {
    target.refuse("type", fmt::format("needs `{}` beside it", field->second));
  } else if (out.type == "Utilization") {
    const auto percent = target.integer(field->second).value_or(0);
    if (percent <= 0) target.refuse(field->second, "must be above 0");
    out.number = ratio_text(std::max<std::int64_t>(percent, 1));
  } else {
    const auto given = target.quantity(field->second).value_or("1");
    out.number = in_thousandths(given);
    if (out.number != given)
      target.note(Severity::Said, field->second,
                  fmt::format("is {}, as HPA reckons: in thousandths, rounded up", out.number));
  }
  if (field != field_of.end()) out.path = target.path_of(field->second);
  target.finish();
  return out;
}

/// Of the last signal.
void set_target(Draft& draft, const Target& target) {
  auto& signal = draft.spec["signals"].back();
  if (!target.path.empty()) draft.remember_signal("target.value", target.path);
  const std::string type = target.type == "Utilization" ? "Utilization"
                           : target.type == "Value"     ? "Total"
                                                        : "PerReplica";
  signal["target"] = {{"type", type}, {"value", target.number}};
}

void read_resource(ObjectReader metric, Draft& draft) {
  const auto resource = metric.required_text("name", "cpu");
  if (resource != "cpu" && resource != "memory") {
    metric.note(Severity::Lost, "name", "is no resource that is read here",
                "cpu and memory are; add a signal of a metric in Prometheus for others");
    return;
  }
  const auto container = metric.text("container").value_or("");
  add_resource_signal(draft, resource, container);
  draft.remember_signal("", metric.path());
  set_target(draft, read_metric_target(metric.object("target"),
                                       {"Utilization", "AverageValue"}));
  metric.finish();
}

json matcher(const std::string& label, std::string_view op, const std::string& value) {
  return {{"label", label}, {"operator", op}, {"value", value}};
}

/// A regular expression for these values alone.
std::string any_of(const std::vector<std::string>& values) {
  std::string expression;
  for (const auto& value : values) {
    if (!expression.empty()) expression += '|';
    for (const char c : value) {
      if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos)
        expression += '\\';
      expression += c;
    }
  }
  return expression;
}

/// With '_' for what names of Prometheus cannot have.
std::string underscored(std::string name) {
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != ':') c = '_';
  return name;
}

/// A label that Prometheus can have: what its exporters make of names of Kubernetes.
std::string label_name_from(const std::string& name, const std::string& path, Draft& draft) {
  auto label = underscored(name);
  if (!label.empty() && label.front() >= '0' && label.front() <= '9') label.insert(0, "_");
  std::ranges::replace(label, ':', '_');
  if (label != name)
    draft.say(Severity::Differs, path,
              fmt::format("has a label '{}', whose name Prometheus cannot have; it is read as '{}'",
                          capped(escaped(name), 80), capped(label, 80)),
              "write the label of the series into `metric.matchers`");
  return label;
}

void read_expression(ObjectReader& expression, json& matchers, Draft& draft) {
  const auto key = label_name_from(expression.required_text("key", "queue"),
                                   expression.path_of("key"), draft);
  const auto op = expression.required_text("operator", "In");
  const auto values = expression.strings("values");
  const bool is_list = op == "In" || op == "NotIn";
  if (is_list && values.empty()) expression.refuse("operator", "needs `values` beside it");
  if (is_list && values.size() == 1)
    matchers.push_back(matcher(key, op == "In" ? "Equal" : "NotEqual", values.front()));
  else if (is_list)
    matchers.push_back(matcher(key, op == "In" ? "Regex" : "NotRegex", any_of(values)));
  else if (op == "Exists")
    matchers.push_back(matcher(key, "NotEqual", ""));
  else if (op == "DoesNotExist")
    matchers.push_back(matcher(key, "Equal", ""));
  else
    expression.refuse("operator", "must be one of In, NotIn, Exists, DoesNotExist");
  expression.finish();
}

/// `metric {name, selector}` to our structured query.
json read_identifier(ObjectReader metric, Draft& draft) {
  json out{{"name", metric.required_text("name", "queue_depth")}};
  auto selector = metric.object("selector");
  auto matchers = json::array();
  const auto labels = selector.texts("matchLabels");
  for (const auto& [label, value] : labels)
    if (label == "namespace" && value != draft.ns)
      draft.say(Severity::Differs, selector.path_of("matchLabels.namespace"),
                fmt::format("asks for series of namespace '{}', and a MetricSource shows a policy "
                            "those of its own alone: none would match",
                            capped(escaped(value), 63)),
                "leave it out, or put the policy beside what it reads");
  for (const auto& [label, value] : labels)
    matchers.push_back(matcher(label_name_from(label, selector.path_of("matchLabels"), draft),
                               "Equal", value));
  for (auto& expression : selector.list("matchExpressions"))
    read_expression(expression, matchers, draft);
  selector.finish();
  metric.finish();
  if (!matchers.empty()) out["matchers"] = std::move(matchers);
  return out;
}

/// Adapters name metrics freely; what Prometheus cannot have is kept out.
std::string metric_name_from(std::string name, ObjectReader& metric) {
  const bool fits = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == ':';
  });
  if (fits) return name;
  metric.note(Severity::Differs, "metric", "has a name that Prometheus cannot have; its characters "
                                           "were replaced by '_'",
              "write the name of the series into `metric.name`");
  return underscored(std::move(name));
}

void add_metric_signal(ObjectReader& metric, Draft& draft,
                       const Types& types = {"AverageValue", "Value"}) {
  auto identifier = read_identifier(metric.object("metric"), draft);
  const auto name = identifier["name"].get<std::string>();
  auto& signal = draft.add_signal(name);
  identifier["name"] = metric_name_from(name, metric);
  signal["metric"] = std::move(identifier);
  draft.remember_signal("", metric.path());
  draft.remember_signal("metric.name", metric.path_of("metric.name"));
  draft.remember_signal("metric.matchers", metric.path_of("metric.selector"));
  set_target(draft, read_metric_target(metric.object("target"), types));
  draft.use_default_source(signal, metric.path());
}

void read_pods(ObjectReader metric, Draft& draft) {
  add_metric_signal(metric, draft, {"AverageValue"});
  draft.of_pods.insert(draft.spec["signals"].back()["name"]);
  metric.note(Severity::Differs, "metric",
              "was averaged over the target's pods, with the target assumed for pods without a "
              "value; it is the sum of the series that match now",
              "match the target's pods by a label, as `pod` with operator Regex");
  metric.finish();
}

void read_object(ObjectReader metric, Draft& draft) {
  add_metric_signal(metric, draft);
  metric.note(Severity::Lost, "describedObject", "has no counterpart",
              "add a matcher for the label that tells this object's series apart");
  metric.finish();
}

void read_external(ObjectReader metric, Draft& draft) {
  add_metric_signal(metric, draft);
  metric.finish();
}

void read_metric(ObjectReader& metric, Draft& draft) {
  const auto type = metric.required_text("type", "Resource");
  if (type == "Resource")
    read_resource(metric.object("resource"), draft);
  else if (type == "ContainerResource")
    read_resource(metric.object("containerResource"), draft);
  else if (type == "Pods")
    read_pods(metric.object("pods"), draft);
  else if (type == "Object")
    read_object(metric.object("object"), draft);
  else if (type == "External")
    read_external(metric.object("external"), draft);
  else
    metric.refuse("type", "must be one of Resource, ContainerResource, Pods, Object, External");
  metric.finish();
}

void add_default_cpu(Draft& draft, std::int64_t percent) {
  add_resource_signal(draft, "cpu", "");
  set_target(draft, {.type = "Utilization", .number = ratio_text(percent)});
}

void read_bounds(ObjectReader& spec, Draft& draft) {
  auto target = spec.object("scaleTargetRef");
  read_target(target, draft);
  target.finish();
  const auto min = spec.integer("minReplicas");
  if (!min)
    draft.say(Severity::Said, "spec.minReplicas", "was not set; HPA's default 1 is explicit now");
  set_replicas(draft, "minReplicas", min.value_or(1), "spec.minReplicas");
  if (!spec.has("maxReplicas"))
    draft.say(Severity::Invalid, "spec.maxReplicas", "is required", "for example 10");
  set_replicas(draft, "maxReplicas", spec.integer("maxReplicas").value_or(1), "spec.maxReplicas");
  if (spec.has("maxReplicas")) check_replicas(draft, "spec.minReplicas", "spec.maxReplicas");
}

void read_annotations(const json& object, Draft& draft) {
  const auto found = object.find("metadata");
  if (found == object.end() || !found->is_object() || !found->contains("annotations") ||
      !(*found)["annotations"].is_object())
    return;
  for (const auto& item : (*found)["annotations"].items())
    if (item.key().starts_with("autoscaling.alpha.kubernetes.io/"))
      draft.say(Severity::Lost, "metadata.annotations." + item.key(),
                "holds what version v1 cannot say, and is not read",
                "convert the output of `kubectl get hpa.v2.autoscaling NAME -o yaml` instead");
}

/// Where a policy decides otherwise on purpose, whatever the fields say (docs/DIFFERENCES.md).
void name_differences(Draft& draft) {
  if (draft.spec["minReplicas"] == 0)
    draft.say(Severity::Differs, "spec.minReplicas",
              "is 0: HPA goes to zero with its first wish for it, ScalingPolicy after "
              "`scaleToZero.idleAfterSeconds` of fresh data without activity",
              "set `scaleToZero.idleAfterSeconds`; 300 is the default");
  draft.say(Severity::Said, "spec.scaleTargetRef",
            "is brought to `minReplicas`, or woken by a signal, also from zero, where an HPA is "
            "switched off",
            "set `mode: Paused` before you scale it to zero by hand");
  const auto& signals = draft.spec["signals"];
  name_few_ready(draft, "spec.metrics");
  if (std::ranges::any_of(signals, [](const json& one) { return one.contains("resource"); }))
    draft.say(Severity::Said, "spec.metrics",
              "of resources are read of all pods that the target's selector finds; HPA stops where "
              "another HPA's target finds the same pods",
              "give each workload a selector of its own");
}

}  // namespace

void convert_hpa(const json& object, Draft& draft) {
  ObjectReader root(object, "", draft.conversion.notes);
  for (const auto* known : {"apiVersion", "kind", "metadata", "status"}) (void)root.has(known);
  if (!root.has("spec")) draft.say(Severity::Invalid, "spec", "is required");
  auto spec = root.object("spec");
  read_bounds(spec, draft);
  auto metrics = spec.list("metrics");
  for (auto& metric : metrics) read_metric(metric, draft);
  if (metrics.empty()) {
    draft.say(Severity::Said, "spec.metrics",
              "was not set; HPA's default, cpu at 80 % of its request, is explicit now");
    add_default_cpu(draft, 80);
  }
  stay_above_zero(draft, "spec.minReplicas");
  if (!spec.has("behavior"))
    draft.say(Severity::Said, "spec.behavior",
              "was not set; the documented defaults of HPA are explicit now");
  read_behavior(spec.object("behavior"), draft);
  name_differences(draft);
  spec.finish();
  root.finish();
  read_annotations(object, draft);
}

void convert_hpa_v1(const json& object, Draft& draft) {
  ObjectReader root(object, "", draft.conversion.notes);
  for (const auto* known : {"apiVersion", "kind", "metadata", "status"}) (void)root.has(known);
  if (!root.has("spec")) draft.say(Severity::Invalid, "spec", "is required");
  auto spec = root.object("spec");
  read_bounds(spec, draft);
  const auto percent = spec.integer("targetCPUUtilizationPercentage");
  if (!percent)
    draft.say(Severity::Said, "spec.targetCPUUtilizationPercentage",
              "was not set; HPA's default, 80, is explicit now");
  if (percent && *percent <= 0)
    spec.refuse("targetCPUUtilizationPercentage", "must be above 0");
  add_default_cpu(draft, std::max<std::int64_t>(percent.value_or(80), 1));
  stay_above_zero(draft, "spec.minReplicas");
  static const json none = json::object();
  read_behavior(ObjectReader(none, "spec.behavior", draft.conversion.notes), draft);
  draft.say(Severity::Said, "spec.behavior", "the documented defaults of HPA are explicit now");
  name_differences(draft);
  spec.finish();
  root.finish();
  read_annotations(object, draft);
}

}  // namespace poolscaler::convert
