#include "admission.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "catalog.hpp"
#include "cluster_hand.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/json/members.hpp"
#include "selectors.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

bool is_workload(const Kind& kind) { return kind.group == "apps"; }

void complete_containers(json& pod_spec) {
  if (!pod_spec.is_object() || !pod_spec.contains("containers")) return;
  for (auto& container : pod_spec["containers"]) {
    if (!container.is_object()) continue;
    const auto image = container.value("image", "");
    const auto tag = image.substr(image.rfind('/') + 1);
    const bool latest = tag.find(':') == std::string::npos || tag.ends_with(":latest");
    container.emplace("imagePullPolicy", latest ? "Always" : "IfNotPresent");
    container.emplace("resources", json::object());
  }
}

void complete_definition(json& object) {
  auto& names = object["spec"]["names"];
  const auto kind = names.value("kind", "");
  std::string lower(kind);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  names.emplace("singular", lower);
  names.emplace("listKind", kind + "List");
  object["spec"].emplace("conversion", json{{"strategy", "None"}});
  auto& status = object["status"];
  status["acceptedNames"] = names;
  status["storedVersions"] = json::array();
  for (const auto& version : at_or(object, {"spec", "versions"}, json::array()))
    if (version.value("storage", false)) status["storedVersions"].push_back(version["name"]);
  if (status.contains("conditions")) return;
  const auto since = at_or(object, {"metadata", "creationTimestamp"}, "");
  for (const auto& [type, reason, message] :
       {std::array{"NamesAccepted", "NoConflicts", "no conflicts found"},
        std::array{"Established", "InitialNamesAccepted",
                   "the initial names have been accepted"}}) {
    status["conditions"].push_back({{"type", type},
                                    {"status", "True"},
                                    {"reason", reason},
                                    {"message", message},
                                    {"lastTransitionTime", since}});
  }
}

std::vector<Cause> judge_pod_spec(const json& spec, const std::string& path) {
  std::vector<Cause> causes;
  const auto containers = at_or(spec, {"containers"}, json::array());
  if (containers.empty()) causes.push_back(required_value(path + ".containers"));
  for (std::size_t i = 0; i < containers.size(); ++i)
    if (containers[i].value("image", "").empty())
      causes.push_back(required_value(fmt::format("{}.containers[{}].image", path, i)));
  return causes;
}

void judge_workload(const json& object, const json& before, std::vector<Cause>& causes) {
  const auto selector = at_or(object, {"spec", "selector"}, json::object());
  const auto labels = at_or(object, {"spec", "template", "metadata", "labels"}, json::object());
  const bool missing = member(object, "spec", "selector") == nullptr;
  if (selector.empty() && !missing)
    causes.push_back(
        invalid_value("spec.selector", "{}", "empty selector is invalid for deployment"));
  if (missing || !LabelSelector::of(selector).matches(labels)) {
    causes.push_back(invalid_value("spec.template.metadata.labels", labels.dump(),
                                   "`selector` does not match template `labels`"));
  }
  const auto pods = judge_pod_spec(at_or(object, {"spec", "template", "spec"}, json::object()),
                                   "spec.template.spec");
  causes.insert(causes.end(), pods.begin(), pods.end());
  const auto replicas = at_or(object, {"spec", "replicas"}, 1);
  if (replicas.is_number() && replicas < 0)
    causes.push_back(invalid_value("spec.replicas", replicas.dump(),
                                   "must be greater than or equal to 0"));
  if (before.is_object() && at_or(before, {"spec", "selector"}, json()) != selector)
    causes.push_back(invalid_value("spec.selector", selector.dump(), "field is immutable"));
}

void judge_lease(const json& object, std::vector<Cause>& causes) {
  const auto seconds = at_or(object, {"spec", "leaseDurationSeconds"}, 1);
  if (seconds <= 0)
    causes.push_back(invalid_value("spec.leaseDurationSeconds", seconds.dump(),
                                   "must be greater than 0"));
  const auto transitions = at_or(object, {"spec", "leaseTransitions"}, 0);
  if (transitions < 0)
    causes.push_back(invalid_value("spec.leaseTransitions", transitions.dump(),
                                   "must be greater than or equal to 0"));
}

/// For events.k8s.io; those of core/v1 are taken as they are.
void judge_event(const json& object, std::vector<Cause>& causes) {
  const auto need = [&](const char* field, const char* shown) {
    if (object.value(field, "").empty()) causes.push_back(required_value(shown));
  };
  need("eventTime", "eventTime");
  need("reportingComponent", "reportingController");
  if (object.value("reportingComponent", "").empty())
    causes.push_back(invalid_value("reportingController", "\"\"", "must be a qualified name"));
  need("reportingInstance", "reportingInstance");
  need("action", "action");
  need("reason", "reason");
  const auto message = object.value("message", "");
  if (message.size() > 1024)
    causes.push_back(invalid_value("message", "\"\"", "can have at most 1024 characters"));
  const auto type = object.value("type", "");
  if (type != "Normal" && type != "Warning")
    causes.push_back(invalid_value("type", "\"\"", "has invalid value: " + type));
}

void judge_ours(const Kind& kind, const json& object, std::vector<Cause>& causes) {
  const auto add = [&](const std::vector<api::FieldError>& errors) {
    for (const auto& error : errors) {
      auto detail = error.problem;
      if (!error.remedy.empty()) detail += ": " + error.remedy;
      // What the schema requires has been judged before; a rule calls invalid what is missing.
      const std::string_view value = error.value.empty() ? "null" : std::string_view(error.value);
      causes.push_back(invalid_value(error.path, value, detail));
    }
  };
  if (const auto own = api::kind_of(kind.kind))
    add(api::errors_of(*own, object, api::UnknownFields::Tolerate));
}

bool is_name(std::string_view name, std::size_t longest) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= longest && alphanumeric(name.front()) &&
         alphanumeric(name.back()) && std::ranges::all_of(name, [&](char c) {
           return alphanumeric(c) || c == '-' || c == '.';
         });
}

bool is_label_value(std::string_view value) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (value.empty()) return true;
  return value.size() <= 63 && alphanumeric(value.front()) && alphanumeric(value.back()) &&
         std::ranges::all_of(value, [&](char c) {
           return alphanumeric(c) || c == '-' || c == '.' || c == '_';
         });
}

}  // namespace

void complete(const Kind& kind, json& object, const json& before) {
  if (kind.custom) return;
  if (is_workload(kind)) complete_containers(object["spec"]["template"]["spec"]);
  if (kind.kind == "Pod") {
    complete_containers(object["spec"]);
    if (!before.is_object()) object["status"] = {{"phase", "Pending"}, {"qosClass", "BestEffort"}};
  }
  if (kind.kind == "Namespace") {
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = object["metadata"]["name"];
    object["spec"]["finalizers"] = json::array({"kubernetes"});
    object["status"].emplace("phase", "Active");
  }
  if (kind.has_status && !object.contains("status")) object["status"] = json::object();
  if (kind.kind == "CustomResourceDefinition") complete_definition(object);
}

std::vector<Cause> judge(const Kind& kind, const json& object, const json& before) {
  std::vector<Cause> causes;
  if (is_workload(kind)) judge_workload(object, before, causes);
  if (kind.kind == "Pod")
    causes = judge_pod_spec(at_or(object, {"spec"}, json::object()), "spec");
  if (kind.kind == "Lease") judge_lease(object, causes);
  if (kind.is_event_v1()) judge_event(object, causes);
  if (kind.custom && kind.group == api::group) judge_ours(kind, object, causes);
  return causes;
}

std::vector<Cause> judge_metadata(const Kind& kind, const json& object) {
  std::vector<Cause> causes;
  const auto& metadata = object.at("metadata");
  const auto name = metadata.value("name", "");
  const bool free_form = kind.group == "rbac.authorization.k8s.io";
  if (name.empty()) {
    causes.push_back(required_value("metadata.name", "name or generateName is required"));
  } else if (!free_form && !is_name(name, kind.kind == "Namespace" ? 63 : 253)) {
    causes.push_back(invalid_value(
        "metadata.name", json(name).dump(),
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
        "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex "
        "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
        "')"));
  }
  const auto labels = metadata.value("labels", json::object());
  for (const auto& [key, value] : labels.items()) {
    if (value.is_string() && is_label_value(value.get_ref<const std::string&>())) continue;
    causes.push_back(invalid_value(
        "metadata.labels", value.dump(),
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
        "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
        "'my_value',  or '12345', regex used for validation is "
        "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"));
  }
  return causes;
}

}  // namespace poolscaler::simulation
