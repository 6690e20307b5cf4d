#include "draft.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"

namespace poolscaler::convert {

using nlohmann::json;

void Draft::say(Severity severity, std::string path, std::string text, std::string remedy) {
  conversion.notes.push_back({.severity = severity,
                              .path = std::move(path),
                              .value = {},
                              .text = std::move(text),
                              .remedy = std::move(remedy)});
}

void Draft::remember_signal(std::string_view field, std::string path) {
  remember(fmt::format("spec.signals[{}]{}{}", spec["signals"].size() - 1, field.empty() ? "" : ".",
                       field),
           std::move(path));
}

std::string label_from(std::string_view text) {
  std::string label;
  for (const char c : text.substr(0, 55)) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool fits = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (fits)
      label += lower;
    else if (!label.empty() && label.back() != '-')
      label += '-';
  }
  while (label.ends_with('-')) label.pop_back();
  return label.empty() ? "signal" : label;
}

json& Draft::add_signal(std::string_view wanted) {
  auto& signals = spec["signals"];
  if (!signals.is_array()) signals = json::array();
  auto base = label_from(wanted);
  if (base.front() >= '0' && base.front() <= '9') base.insert(0, "signal-");  // as formulas ask
  auto name = base;
  for (int i = 2; std::ranges::any_of(signals, [&](const json& s) { return s["name"] == name; });
       ++i)
    name = fmt::format("{}-{}", base, i);
  signals.push_back({{"name", name}});
  return signals.back();
}

void Draft::use_default_source(json& signal, const std::string& path) {
  signal["metricSourceRef"]["name"] = options.metric_source;
  say(Severity::Differs, path,
      fmt::format("came from the metrics API of an adapter and is read from MetricSource '{}' now, "
                  "from series that carry the namespace",
                  options.metric_source),
      "see that Prometheus has it under this name, and that the source exists "
      "(--metric-source names another one)");
}

namespace {

/// What has a meaning for the old object alone, by the prefix of its name.
bool is_read_elsewhere(std::string_view annotation) {
  constexpr std::string_view prefixes[] = {
      "autoscaling.keda.sh/", "scaledobject.keda.sh/", "validations.keda.sh/",
      "autoscaling.alpha.kubernetes.io/", "kubectl.kubernetes.io/last-applied-configuration"};
  return std::ranges::any_of(prefixes, [&](auto prefix) { return annotation.starts_with(prefix); });
}

/// Metadata that speaks of the old object and of who keeps it.
void name_what_stays(const json& metadata, Notes& notes) {
  const auto stays = [&](const std::string& path) {
    notes.push_back({.severity = Severity::Said,
                     .path = "metadata." + path,
                     .value = {},
                     .text = "stays with the old object"});
  };
  if (!metadata.is_object()) return;
  for (const auto* field : {"finalizers", "ownerReferences"})
    if (metadata.contains(field)) stays(field);
  const auto annotations = metadata.find("annotations");
  if (annotations == metadata.end() || !annotations->is_object()) return;
  for (const auto& item : annotations->items())
    if (!is_read_elsewhere(item.key())) stays("annotations." + capped(escaped(item.key()), 80));
}

}  // namespace

json policy_around(const json& object, json spec, Notes& notes) {
  ObjectReader root(object, "", notes);
  auto metadata = root.object("metadata");
  json policy{{"apiVersion", "poolscaler.dev/v1alpha1"},
              {"kind", "ScalingPolicy"},
              {"metadata", {{"name", metadata.required_text("name", "web")}}},
              {"spec", std::move(spec)}};
  if (const auto ns = metadata.text("namespace")) policy["metadata"]["namespace"] = *ns;
  for (const auto& [name, value] : metadata.texts("labels"))
    policy["metadata"]["labels"][name] = value;
  name_what_stays(object.value("metadata", json()), notes);
  return policy;
}

void read_target(ObjectReader& target, Draft& draft) {
  draft.remember("spec.scaleTargetRef", target.path(), true);
  draft.remember("metadata", "metadata", true);
  auto kind = target.text("kind").value_or("Deployment");
  auto version = target.text("apiVersion").value_or("");
  const bool of_apps = kind == "Deployment" || kind == "StatefulSet" || kind == "ReplicaSet";
  if (version.empty() && of_apps) version = "apps/v1";
  if (version.empty() && kind == "ReplicationController") version = "v1";
  if (version.empty())
    draft.say(Severity::Invalid, target.path_of("apiVersion"),
              fmt::format("is required for kind {}", kind), "for example apps/v1");
  draft.spec["scaleTargetRef"] = {{"apiVersion", version},
                                  {"kind", kind},
                                  {"name", target.required_text("name", "web")}};
}

void set_replicas(Draft& draft, std::string_view ours, std::int64_t value,
                  const std::string& path) {
  draft.spec[std::string(ours)] = std::min(value, replicas_max);
  draft.remember(fmt::format("spec.{}", ours), path);
  if (value > replicas_max)
    draft.say(Severity::Differs, path,
              fmt::format("is {}, above the largest number here, {}", value, replicas_max),
              "no workload has so many replicas: choose a bound that protects");
}

void check_replicas(Draft& draft, const std::string& min_path, const std::string& max_path) {
  const auto min = draft.spec["minReplicas"].get<std::int64_t>();
  const auto max = draft.spec["maxReplicas"].get<std::int64_t>();
  if (min > max)
    draft.say(Severity::Invalid, min_path,
              fmt::format("is {}, must be at most {}, which is {}", min, max_path, max),
              "lower it, or raise the other");
}

void stay_above_zero(Draft& draft, const std::string& path) {
  const auto& signals = draft.spec["signals"];
  const bool all_of_pods = std::ranges::all_of(signals, [&](const json& signal) {
    return draft.of_pods.contains(signal["name"].get<std::string>());
  });
  if (draft.spec["minReplicas"] != 0 || signals.empty() || !all_of_pods) return;
  if (draft.spec.contains("schedule")) return;  // whose floor wakes it
  const auto least = std::max<std::int64_t>(draft.least_active, 1);
  draft.spec["minReplicas"] = least;
  draft.least_active = 0;
  draft.say(Severity::Differs, path,
            fmt::format("asks for zero, and becomes `minReplicas: {}`: every signal here is read "
                        "from the pods, so that without replicas nothing would wake the target "
                        "again; KEDA does not go to zero by such metrics alone, and an HPA must "
                        "not",
                        least),
            "for zero add a signal that is there without replicas, such as a queue at a gateway or "
            "a broker, or a schedule");
}

void name_few_ready(Draft& draft, const std::string& path) {
  const auto by_ready_pods = [](const json& signal) {
    const auto target = signal.find("target");
    return signal.contains("resource") ||
           (target != signal.end() && (*target)["type"] != "PerReplica");
  };
  if (!std::ranges::any_of(draft.spec["signals"], by_ready_pods)) return;
  draft.say(Severity::Said, path,
            "that are reckoned from ready pods never lower replicas under more load than their "
            "target, which HPA does while few of the pods are ready");
}

std::string ratio_text(std::int64_t percent) {
  auto text = fmt::format("{}.{:02}", percent / 100, percent % 100);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

void add_resource_signal(Draft& draft, const std::string& resource, const std::string& container) {
  auto& signal = draft.add_signal(container.empty() ? resource : resource + "-" + container);
  draft.of_pods.insert(signal["name"]);
  signal["resource"]["name"] = resource;
  if (!container.empty()) signal["resource"]["container"] = container;
}

}  // namespace poolscaler::convert
