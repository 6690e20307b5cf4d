#include "poolscaler/convert/convert.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "draft.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"

namespace poolscaler::convert {
namespace {

using nlohmann::json;

/// As people are shown it.
std::string short_text_at(const json& object, MemberPath path) {
  return capped(escaped(text_at(object, path)), 253);
}

std::string subject_of(const json& object) {
  const auto ns = short_text_at(object, {"metadata", "namespace"});
  return fmt::format("{} '{}{}{}'", short_text_at(object, {"kind"}), ns, ns.empty() ? "" : "/",
                     short_text_at(object, {"metadata", "name"}));
}

/// Where `ours`, a path in what was made, comes from, and what it is called there; nothing for
/// what no field of the object asked for.
std::optional<std::string> origin_of(const Draft& draft, const std::string& ours) {
  for (auto prefix = ours; !prefix.empty();) {
    if (const auto found = draft.origins.find(prefix); found != draft.origins.end()) {
      const auto& origin = found->second;
      return origin.same_names ? origin.path + ours.substr(prefix.size()) : origin.path;
    }
    const auto end = prefix.find_last_of(".[");
    prefix.resize(end == std::string::npos ? 0 : end);
  }
  return std::nullopt;
}

/// An error in what was made, told of the object that it was made of.
Note traced(const Draft& draft, const json& made, const api::FieldError& error) {
  const bool is_source = made["kind"] == "MetricSource";
  const auto key =
      is_source ? made["metadata"]["name"].get<std::string>() + ": " + error.path : error.path;
  const auto kind = made["kind"].get<std::string>();
  Note note{.severity = Severity::Invalid,
            .path = fmt::format("{} that was made: {}", kind, error.path),
            .value = error.value,
            .text = error.problem,
            .remedy = error.remedy};
  const auto origin = origin_of(draft, key);
  if (!origin) return note;
  note.path = *origin;
  if (note.path != error.path)
    note.text += fmt::format(" (it becomes {} of the {})", error.path, kind);
  return note;
}

/// What the operator itself would refuse: the input asked for something out of its bounds.
void check(const Draft& draft) {
  auto& conversion = draft.conversion;
  for (const auto& object : conversion.objects) {
    const auto kind = api::kind_of(object["kind"].get<std::string>());
    for (const auto& error : api::errors_of(*kind, object, api::UnknownFields::Report))
      conversion.notes.push_back(traced(draft, object, error));
  }
}

/// The namespaces that may ask one address are those of all who name it.
void add_source(std::map<std::string, json>& sources, const json& source) {
  const auto [place, is_new] = sources.try_emplace(source["metadata"]["name"], source);
  auto& namespaces = place->second["spec"]["rawQueryNamespaces"];
  for (const auto& ns : source["spec"]["rawQueryNamespaces"])
    if (std::ranges::find(namespaces, ns) == namespaces.end()) namespaces.push_back(ns);
}

void finish(const json& object, Draft& draft) {
  auto& conversion = draft.conversion;
  const bool has_signals = draft.spec.contains("signals") && !draft.spec["signals"].empty();
  if (!has_signals && !draft.spec.contains("schedule") && !conversion.has(Severity::Invalid)) {
    draft.say(Severity::Lost, "spec", "has nothing that could be converted to a signal",
              "see the other lines");
    conversion.objects.clear();
    return;
  }
  conversion.objects.push_back(policy_around(object, draft.spec, conversion.notes));
  if (!conversion.has(Severity::Invalid)) check(draft);
  if (conversion.has(Severity::Invalid)) conversion.objects.clear();
  std::ranges::stable_sort(conversion.notes, std::ranges::greater{}, &Note::severity);
}

}  // namespace

std::string_view name_of(Severity severity) {
  constexpr std::array<std::string_view, 4> words{"note", "differs", "lost", "error"};
  return words[static_cast<std::size_t>(severity)];
}

std::string Note::line() const {
  return fmt::format("{}: {}{} {}{}{}", name_of(severity), path,
                     value.empty() ? "" : fmt::format(" ({})", value), text,
                     remedy.empty() ? "" : ": ", remedy);
}

bool Conversion::has(Severity severity) const {
  return std::ranges::any_of(notes, [&](const Note& note) { return note.severity == severity; });
}

Conversion convert(const json& object, const Options& options) {
  Conversion conversion{.subject = subject_of(object)};
  Draft draft(conversion, options);
  draft.ns = short_text_at(object, {"metadata", "namespace"});
  if (draft.ns.empty()) draft.ns = "default";
  const auto version = short_text_at(object, {"apiVersion"});
  const auto kind = short_text_at(object, {"kind"});
  if (kind == "HorizontalPodAutoscaler" && version == "autoscaling/v2") {
    convert_hpa(object, draft);
  } else if (kind == "HorizontalPodAutoscaler" && version == "autoscaling/v1") {
    convert_hpa_v1(object, draft);
  } else if (kind == "ScaledObject" && version == "keda.sh/v1alpha1") {
    convert_scaled_object(object, draft);
  } else if (kind == "ScaledJob" && version.starts_with("keda.sh/")) {
    draft.say(Severity::Lost, "kind",
              "ScaledJob is not converted: it starts a Job for each piece of work, while a "
              "ScalingPolicy changes the replicas of one workload",
              "let the replicas of a Deployment take work off the queue, and add a signal of the "
              "queue's length");
    return conversion;
  } else if (kind == "HorizontalPodAutoscaler" || kind == "ScaledObject") {
    draft.say(Severity::Lost, "apiVersion", fmt::format("{} {} is not converted", version, kind),
              "autoscaling/v2 and v1 and ScaledObjects of keda.sh/v1alpha1 are; `kubectl get "
              "hpa.v2.autoscaling NAME -o yaml` prints any HPA in the new version");
    return conversion;
  } else {
    conversion.is_foreign = true;
    return conversion;
  }
  finish(object, draft);
  return conversion;
}

std::string yaml_of(std::span<const Conversion> conversions) {
  std::map<std::string, json> sources;
  std::string policies;
  for (const auto& conversion : conversions) {
    for (const auto& object : conversion.objects) {
      if (object["kind"] == "MetricSource") {
        add_source(sources, object);
        continue;
      }
      policies += fmt::format("---\n# From {}.\n", conversion.subject);
      for (const auto& note : conversion.notes) policies += "# " + escaped(note.line()) + "\n";
      policies += api::yaml_text(object);
    }
  }
  std::string text;
  for (const auto& [name, source] : sources) text += "---\n" + api::yaml_text(source);
  return text + policies;
}

}  // namespace poolscaler::convert
