// The triggers of a ScaledObject: prometheus, cron, cpu and memory; all others are named.
#include <algorithm>

#include <fmt/format.h>

#include "draft.hpp"
#include "poolscaler/api/time_zones.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/domain/cron.hpp"

namespace poolscaler::convert {
namespace {

using nlohmann::json;

/// Of the whole address, so that every object that names it makes the same of it, and no other
/// address does: host and port as they are, and what else there is in a few characters.
std::string source_name(const std::string& url) {
  constexpr std::size_t plain_max = 60;
  const auto scheme = url.find("://");
  const bool secure = url.starts_with("https://");
  const auto rest = scheme == std::string::npos ? url : url.substr(scheme + 3);
  const auto slash = std::min(rest.find('/'), rest.size());
  auto host = rest.substr(0, slash);
  for (char& c : host)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto colon = std::min(host.find(':'), host.size());
  const auto port = colon < host.size() ? host.substr(colon + 1) : secure ? "443" : "80";
  const auto name = fmt::format("{}-{}{}", host.substr(0, colon), port, secure ? "-tls" : "");
  const bool plain = name.size() <= plain_max && slash == rest.size() &&
                     name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") ==
                         std::string::npos;
  if (plain) return name;
  return fmt::format("{}-{:06x}", label_from(name + rest.substr(slash)),
                     stable_hash(url) & 0xFF'FFFFU);
}

/// The MetricSource for an address, one for each; allows the raw queries of the object's namespace.
std::string source_for(const std::string& address, const std::string& path, Draft& draft) {
  auto url = address;
  while (url.ends_with('/')) url.pop_back();
  for (const auto& object : draft.conversion.objects)
    if (object["spec"]["url"] == url) return object["metadata"]["name"].get<std::string>();
  const auto name = source_name(url);
  draft.remember(name + ": spec.url", path);
  json spec{{"url", url}, {"rawQueryNamespaces", {draft.ns}}};
  draft.conversion.objects.push_back({{"apiVersion", "poolscaler.dev/v1alpha1"},
                                      {"kind", "MetricSource"},
                                      {"metadata", {{"name", name}}},
                                      {"spec", std::move(spec)}});
  draft.say(Severity::Differs, path,
            fmt::format("becomes MetricSource '{}', which is cluster-scoped and declared by the "
                        "platform team",
                        name),
            "let them review and apply it; sources of several objects with one address are one");
  return name;
}

void read_credentials(ObjectReader& trigger, Draft& draft) {
  auto reference = trigger.object("authenticationRef");
  if (trigger.has("authenticationRef"))
    draft.say(Severity::Lost, trigger.path_of("authenticationRef"),
              "credentials never stand beside a policy",
              "mount them for the operator and name their files in the MetricSource");
  (void)reference.has("name");
  (void)reference.has("kind");
  reference.finish();
}

void read_prometheus_extras(ObjectReader& metadata) {
  constexpr std::string_view to_source = "set it in the MetricSource, as far as that has it";
  for (const auto* name : {"customHeaders", "cortexOrgID", "authModes", "queryParameters",
                           "unsafeSsl", "awsRegion", "azureManagedPrometheus", "identityOwner"})
    metadata.note(Severity::Lost, name, "has no counterpart", to_source);
  metadata.note(Severity::Lost, "timeout", "is a property of the MetricSource here",
                "set `timeoutSeconds` there");
  metadata.note(Severity::Lost, "namespace", "narrowed the query to a namespace",
                "write the label into the query, or use `metric`, which always does");
  metadata.note(Severity::Said, "metricName", "named a metric of HPA that is not needed any more");
}

void read_prometheus(ObjectReader& trigger, Draft& draft) {
  auto metadata = trigger.object("metadata");
  const auto address = metadata.required_text("serverAddress", "http://prometheus:9090");
  const auto query = metadata.required_text("query", "sum(queue_depth)");
  const auto old_name = metadata.text("metricName").value_or("prometheus");
  const auto name = trigger.text("name").value_or(old_name);
  const auto metric_type = trigger.text("metricType").value_or("AverageValue");
  if (metric_type != "AverageValue" && metric_type != "Value")
    trigger.refuse("metricType", "must be AverageValue or Value for this trigger");
  if (!metadata.has("threshold"))
    draft.say(Severity::Invalid, metadata.path_of("threshold"), "is required",
              "for example \"10\"");
  auto& signal = draft.add_signal(name);
  if (trigger.has("name")) draft.signal_of_trigger[name] = signal["name"];
  draft.remember_signal("", trigger.path());
  draft.remember_signal("query", metadata.path_of("query"));
  draft.remember_signal("target.value", metadata.path_of("threshold"));
  draft.remember_signal("activation.above", metadata.path_of("activationThreshold"));
  if (trigger.has("metricType"))
    draft.remember_signal("target.type", trigger.path_of("metricType"));
  signal["query"] = query;
  signal["target"] = {{"type", metric_type == "Value" ? "Total" : "PerReplica"},
                      {"value", metadata.quantity("threshold").value_or("1")}};
  if (const auto activation = metadata.quantity("activationThreshold"))
    signal["activation"]["above"] = *activation;
  const auto ignores = metadata.boolean_text("ignoreNullValues");
  if (ignores.value_or(true))
    draft.say(Severity::Differs, metadata.path_of("ignoreNullValues"),
              "is true, which is KEDA's default: no series counts as 0 there. Here missing data "
              "never lowers replicas",
              "set `onMissing: Zero` for a series that really vanishes at zero");
  signal["metricSourceRef"]["name"] =
      source_for(address, metadata.path_of("serverAddress"), draft);
  draft.say(Severity::Said, metadata.path_of("query"),
            "stays PromQL of the team's own: the MetricSource allows it for this namespace, and it "
            "has no age that could be checked");
  read_prometheus_extras(metadata);
  read_credentials(trigger, draft);
  metadata.finish();
}

/// Whether one of the two fires twice, within a year, before the other fires again.
bool fires_twice(const Cron& one, const Cron& other, const TimeZone& zone) {
  constexpr int firings_max = 2000;
  constexpr Millis year = std::chrono::days(366);
  const auto begin = Instant(std::chrono::seconds(1'767'225'600));  // 2026-01-01
  auto at = next_after(one, zone, begin, ClockChange::AsRead);
  for (int i = 0; at && *at < begin + year && i < firings_max; ++i) {
    const auto next = next_after(one, zone, *at, ClockChange::AsRead);
    const auto between = next_after(other, zone, *at - Millis(1), ClockChange::AsRead);
    if (next && (!between || *between >= *next)) return true;
    at = next;
  }
  return false;
}

/// KEDA asks whether the end fires next: it is open from the last start to the last end.
void name_other_turns(const json& window, const std::string& path, Draft& draft) {
  const auto start = parse_cron(window["start"].get<std::string>());
  const auto end = parse_cron(window["end"].get<std::string>());
  const auto zone = api::time_zone_named(window["timeZone"].get<std::string>());
  if (!start || !end || !zone) return;  // which the checks say
  if (fires_twice(*start, *end, **zone))
    draft.say(Severity::Differs, path + ".metadata.start",
              "fires several times before the end: KEDA opens with the last of them, a window with "
              "the first",
              "write the start that is meant alone, or a window for each");
  if (fires_twice(*end, *start, **zone))
    draft.say(Severity::Differs, path + ".metadata.end",
              "fires several times before the next start: KEDA closes with the last of them, a "
              "window with the first",
              "write the end that is meant alone, or a window for each");
}

void read_cron(ObjectReader& trigger, Draft& draft) {
  auto metadata = trigger.object("metadata");
  auto replicas = metadata.integer_text("desiredReplicas").value_or(0);
  if (!metadata.has("desiredReplicas"))
    draft.say(Severity::Invalid, metadata.path_of("desiredReplicas"), "is required",
              "for example \"5\"");
  json window{{"start", metadata.required_text("start", "\"0 8 * * mon-fri\"")},
              {"end", metadata.required_text("end", "\"0 18 * * mon-fri\"")},
              {"timeZone", metadata.required_text("timezone", "Europe/Berlin")}};
  auto& schedule = draft.spec["schedule"];
  if (!schedule.is_array()) schedule = json::array();
  const auto base = label_from(trigger.text("name").value_or("cron"));
  window["name"] = schedule.empty() ? base : fmt::format("{}-{}", base, schedule.size() + 1);
  const auto max = draft.spec["maxReplicas"].get<std::int64_t>();
  if (replicas > max)
    metadata.note(Severity::Differs, "desiredReplicas", "is above maxReplicaCount, and was cut",
                  "the bound is used");
  if (replicas < 1) {
    metadata.note(Severity::Lost, "desiredReplicas", "asks for nothing", "leave the trigger out");
  } else {
    window["floor"] = std::min(std::max(replicas, draft.least_active), max);
    const auto ours = fmt::format("spec.schedule[{}]", schedule.size());
    draft.remember(ours, trigger.path());
    draft.remember(ours + ".start", metadata.path_of("start"));
    draft.remember(ours + ".end", metadata.path_of("end"));
    draft.remember(ours + ".timeZone", metadata.path_of("timezone"));
    draft.remember(ours + ".floor", metadata.path_of("desiredReplicas"));
    schedule.push_back(window);
    draft.say(Severity::Differs, trigger.path(),
              fmt::format("becomes window '{}' of `schedule` with a floor: its end takes the floor "
                          "back and waits for no cooldown, it holds while metrics fail, and a time "
                          "that a change of the clock skips or repeats counts once",
                          window["name"].get<std::string>()),
              "read docs about `schedule`: there are ceilings, pins and holidays, too");
    name_other_turns(window, trigger.path(), draft);
  }
  if (schedule.empty()) draft.spec.erase("schedule");
  metadata.finish();
}

void read_pods_resource(ObjectReader& trigger, Draft& draft, const std::string& resource) {
  auto metadata = trigger.object("metadata");
  auto type = trigger.text("metricType").value_or(metadata.text("type").value_or("Utilization"));
  (void)metadata.has("type");
  const auto container = metadata.text("containerName").value_or("");
  if (!metadata.has("value"))
    draft.say(Severity::Invalid, metadata.path_of("value"), "is required", "for example \"80\"");
  add_resource_signal(draft, resource, container);
  auto& signal = draft.spec["signals"].back();
  draft.remember_signal("", trigger.path());
  draft.remember_signal("target.value", metadata.path_of("value"));
  if (type == "Utilization") {
    const auto percent = metadata.integer_text("value").value_or(80);
    if (percent <= 0) metadata.refuse("value", "must be above 0");
    signal["target"] = {{"type", "Utilization"},
                        {"value", ratio_text(std::max<std::int64_t>(percent, 1))}};
  } else if (type == "AverageValue") {
    signal["target"] = {{"type", "PerReplica"},
                        {"value", metadata.quantity("value").value_or("1")}};
  } else {
    trigger.refuse("metricType", "must be Utilization or AverageValue for this trigger");
    (void)metadata.quantity("value");
  }
  metadata.finish();
}

}  // namespace

void read_trigger(ObjectReader& trigger, Draft& draft) {
  const auto type = trigger.required_text("type", "prometheus");
  trigger.note(Severity::Said, "useCachedMetrics",
               "is not needed: each query is asked once a round whoever waits for it");
  if (type == "prometheus") {
    read_prometheus(trigger, draft);
  } else if (type == "cron") {
    read_cron(trigger, draft);
  } else if (type == "cpu" || type == "memory") {
    read_pods_resource(trigger, draft, type);
  } else if (!type.empty()) {
    trigger.note(Severity::Lost, "type", "is a trigger that is not converted",
                 "export its number to Prometheus and add a signal; `poolscaler print presets` "
                 "knows the exporters of many brokers");
    return;
  }
  for (const auto* known : {"metadata", "name", "metricType", "authenticationRef"})
    (void)trigger.has(known);
  trigger.finish();
}

}  // namespace poolscaler::convert
