#include <algorithm>
#include <iterator>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "manifest_files.hpp"
#include "poolscaler/base/clock.hpp"
#include "poolscaler/kube/node_groups.hpp"
#include "poolscaler/money/price.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

using nlohmann::json;

struct Tally {
  int valid = 0;
  int invalid = 0;
  int skipped = 0;
  bool missing = false;  // something that was named is not there

  [[nodiscard]] int exit_code() const { return missing ? 2 : invalid > 0 ? 1 : 0; }
};

/// One finding, as a line or as JSON.
json finding(const FileManifest& from, const api::FieldError& error) {
  const auto& object = from.manifest.object;
  return {{"file", from.file},
          {"line", from.manifest.line_of(error.path)},
          {"kind", short_text_at(object, {"kind"})},
          {"namespace", short_text_at(object, {"metadata", "namespace"})},
          {"name", short_text_at(object, {"metadata", "name"})},
          {"field", error.path},
          {"value", error.value},
          {"problem", error.problem},
          {"remedy", error.remedy}};
}

std::string warning_line(const FileManifest& from, const api::FieldError& warning) {
  return fmt::format("{}: {}: warning: {}\n", place(from.file, from.manifest.line_of(warning.path)),
                     title_of(from.manifest.object), warning.text());
}

/// The objects of ours that have been seen, and where.
class Seen {
 public:
  /// What is wrong with seeing that one again at another place.
  std::optional<api::FieldError> again(const FileManifest& from) {
    const auto& object = from.manifest.object;
    const auto name = short_text_at(object, {"metadata", "name"});
    if (name.empty() || !own_kind_of(object)) return std::nullopt;
    const auto here = place(from.file, from.manifest.line_of(""));
    const auto [first, is_new] = places_.emplace(title_of(object), here);
    if (is_new || first->second == here) return std::nullopt;
    return api::FieldError{.path = "metadata.name",
                           .value = name,
                           .problem = "must not be given twice",
                           .remedy = fmt::format("the same object is at {}, leave one out",
                                                 first->second)};
  }

 private:
  std::map<std::string, std::string> places_;  // by title
};

/// What has been seen of pools' groups, by what their nodes are known by, and of targets.
class Claims {
 public:
  /// Of an object without errors: what of it claims what another has.
  std::vector<api::FieldError> again(const FileManifest& from) {
    std::vector<api::FieldError> warnings;
    const auto& object = from.manifest.object;
    if (own_kind_of(object) == api::Kind::ScalingPolicy) look_at_target(object, warnings);
    if (own_kind_of(object) != api::Kind::AcceleratorPool) return warnings;
    const auto& groups = object["spec"]["nodeGroups"];
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const auto path = fmt::format("spec.nodeGroups[{}]", i);
      const auto title = fmt::format("node group {} of {}", groups[i].value("name", ""),
                                     title_of(object));
      for (const auto* field : {"nodeSelector", "backendRef"}) {
        if (!groups[i].contains(field)) continue;
        const auto value = claim_of(groups[i][field]);
        const auto [first, is_new] = titles_.emplace(value, title);
        if (!is_new && first->second != title)
          warnings.push_back({.path = path + "." + field,
                              .value = value,
                              .problem = "must be of this node group alone",
                              .remedy = fmt::format("{} has the same, so nothing would grow on "
                                                    "either: make them exclude each other",
                                                    first->second)});
      }
    }
    return warnings;
  }

 private:
  void look_at_target(const json& object, std::vector<api::FieldError>& warnings) {
    const auto& target = object["spec"]["scaleTargetRef"];
    const auto version = target.value("apiVersion", "");
    const auto claim = fmt::format("{}/{} {} {}", short_text_at(object, {"metadata", "namespace"}),
                                   version.substr(0, version.find('/')), target.value("kind", ""),
                                   target.value("name", ""));
    const auto [first, is_new] = titles_.emplace(claim, title_of(object));
    if (is_new || first->second == title_of(object)) return;
    warnings.push_back({.path = "spec.scaleTargetRef",
                        .value = fmt::format("{} {}", target.value("kind", ""),
                                             target.value("name", "")),
                        .problem = fmt::format("is scaled by {}, too, and the older of the two "
                                               "alone will act",
                                               first->second),
                        .remedy = "make one policy of them, with the signals of both"});
  }

  /// The same however it is written.
  static std::string claim_of(json field) {
    if (field.is_array()) {
      std::vector<std::string> labels;
      for (const auto& one : field)
        labels.push_back(one.value("key", "") + "=" + one.value("value", ""));
      std::ranges::sort(labels);
      return fmt::format("{}", fmt::join(labels, ", "));
    }
    if (const auto version = field.value("apiVersion", ""); !version.empty()) {
      field["apiVersion"] = version.substr(0, version.find('/'));
    }
    return field.dump();
  }

  std::map<std::string, std::string> titles_;  // by claim
};

/// A kind of ours under another name of the group, which nobody would look at.
std::optional<api::FieldError> misspelt_group(const json& object) {
  const auto version = short_text_at(object, {"apiVersion"});
  if (!api::kind_of(short_text_at(object, {"kind"})) || !version.starts_with("poolscaler"))
    return std::nullopt;
  return api::FieldError{.path = "apiVersion",
                         .value = version,
                         .problem = "is no group of this operator, which looks at no such object",
                         .remedy = fmt::format("write {}", api::api_version)};
}

json finding(const FileProblem& problem) {
  return {{"file", problem.file}, {"line", problem.line}, {"problem", problem.message}};
}

/// What depends on when and where it is looked at: the operator takes nothing from it.
std::vector<api::FieldError> warnings_of_use(api::Kind kind, const json& object) {
  std::vector<api::FieldError> warnings;
  if (kind == api::Kind::PriceCatalog) {
    const auto text = object["spec"].value("asOf", "");
    const auto as_of = parse_rfc3339(text);
    if (as_of && *as_of > system_clock().now() + money::future_tolerance)
      warnings.push_back({.path = "spec.asOf",
                          .value = text,
                          .problem = "is in the future: nothing grows on such prices",
                          .remedy = "write when they were asked for"});
  }
  if (kind != api::Kind::AcceleratorPool) return warnings;
  const auto& groups = object["spec"]["nodeGroups"];
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (!groups[i].contains("backendRef") || groups[i].contains("paths")) continue;
    const auto& backend = groups[i]["backendRef"];
    const auto version = backend.value("apiVersion", "");
    const auto name = backend.value("kind", "");
    if (kube::group_kind_of(version, name) != nullptr) continue;
    warnings.push_back({.path = fmt::format("spec.nodeGroups[{}].backendRef", i),
                        .value = fmt::format("{} {}", version, name),
                        .problem = "is of no kind that is known as a node group",
                        .remedy = "give the group the `paths` of its count, or no backendRef"});
  }
  return warnings;
}

std::vector<api::FieldError> warnings_of(const json& object) {
  const auto kind = own_kind_of(object);
  if (!kind || !api::errors_of(*kind, object, api::UnknownFields::Tolerate).empty()) return {};
  auto warnings = api::warnings_of(*kind, object);
  std::ranges::move(warnings_of_use(*kind, object), std::back_inserter(warnings));
  return warnings;
}

}  // namespace

int validate(const ValidateOptions& options, std::ostream& out) {
  auto files = read_manifest_files(options.files);
  for (const auto& path : files.empty)
    files.problems.push_back({.file = path,
                              .line = 0,
                              .message = "there is no object in it: check that this is the right "
                                         "file",
                              .missing = false});
  const bool as_text = options.output == OutputFormat::Text;
  Tally tally;
  json findings = json::array();
  for (const auto& problem : files.problems) {
    ++tally.invalid;
    tally.missing = tally.missing || problem.missing;
    findings.push_back(finding(problem));
    if (as_text) out << fmt::format("{}: {}\n", place(problem.file, problem.line), problem.message);
  }
  json skipped = json::array();
  json warnings = json::array();
  Seen seen;
  Claims claims;
  for (const auto& from : files.manifests) {
    auto errors = manifest_errors(from.manifest.object);
    if (!errors) {
      if (const auto warning = misspelt_group(from.manifest.object)) {
        warnings.push_back(finding(from, *warning));
        if (as_text) out << warning_line(from, *warning);
      }
      ++tally.skipped;
      skipped.push_back({{"file", from.file},
                         {"line", from.manifest.line_of("")},
                         {"object", title_of(from.manifest.object)}});
      continue;
    }
    if (auto twice = seen.again(from)) errors->push_back(*std::move(twice));
    ++(errors->empty() ? tally.valid : tally.invalid);
    for (const auto& error : *errors) {
      findings.push_back(finding(from, error));
      if (as_text)
        out << fmt::format("{}: {}: {}\n", place(from.file, from.manifest.line_of(error.path)),
                           title_of(from.manifest.object), error.text());
    }
    auto told = warnings_of(from.manifest.object);
    if (errors->empty()) std::ranges::move(claims.again(from), std::back_inserter(told));
    for (const auto& warning : told) {
      warnings.push_back(finding(from, warning));
      if (as_text) out << warning_line(from, warning);
    }
  }
  if (as_text) {
    out << fmt::format("{} valid, {} with errors, {} of other kinds not looked at\n", tally.valid,
                       tally.invalid, tally.skipped);
  } else {
    out << json{{"valid", tally.valid},
                {"invalid", tally.invalid},
                {"skipped", std::move(skipped)},
                {"errors", std::move(findings)},
                {"warnings", std::move(warnings)}}
               .dump(2, ' ', false, json::error_handler_t::replace)
        << "\n";
  }
  return tally.exit_code();
}

}  // namespace poolscaler::app
