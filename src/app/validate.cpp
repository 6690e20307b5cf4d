#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "manifest_file.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/base/text.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

using nlohmann::json;

struct Tally {
  int valid = 0;
  int invalid = 0;
  int skipped = 0;
};

std::string text_at(const json& object, const json::json_pointer& where) {
  if (!object.is_object() || !object.contains(where)) return "";
  const auto& value = object.at(where);
  return value.is_string() ? capped(escaped(value.get<std::string>()), 253) : "";
}

std::string name_of_object(const json& object) {
  using namespace nlohmann::literals;
  const auto ns = text_at(object, "/metadata/namespace"_json_pointer);
  const auto name = text_at(object, "/metadata/name"_json_pointer);
  return fmt::format("{} '{}{}{}'", text_at(object, "/kind"_json_pointer), ns,
                     ns.empty() ? "" : "/", name);
}

/// nullopt: not one of our kinds.
std::optional<std::vector<api::FieldError>> errors_of(const json& object) {
  using namespace nlohmann::literals;
  if (text_at(object, "/apiVersion"_json_pointer) != api::api_version) return std::nullopt;
  const auto kind = text_at(object, "/kind"_json_pointer);
  if (kind == "ScalingPolicy") {
    const auto checked = api::read_scaling_policy(object, api::UnknownFields::Report);
    return checked ? std::vector<api::FieldError>() : checked.error();
  }
  if (kind == "MetricSource") {
    const auto checked = api::read_metric_source(object, api::UnknownFields::Report);
    return checked ? std::vector<api::FieldError>() : checked.error();
  }
  return std::vector<api::FieldError>{
      {.path = "kind", .value = kind, .problem = "must be ScalingPolicy or MetricSource"}};
}

void report(const std::string& path, const json& object, std::ostream& out, Tally& tally) {
  const auto errors = errors_of(object);
  if (!errors) {
    ++tally.skipped;
    return;
  }
  if (errors->empty()) {
    ++tally.valid;
    return;
  }
  ++tally.invalid;
  for (const auto& error : *errors)
    out << fmt::format("{}: {}: {}\n", path, name_of_object(object), error.text());
}

}  // namespace

int validate(const ValidateOptions& options, std::ostream& out) {
  Tally tally;
  for (const auto& path : options.files) {
    const auto objects = contents_of(path).and_then(
        [](const std::string& text) { return api::read_yaml(text); });
    if (!objects) {
      out << fmt::format("{}: {}\n", path, objects.error().message);
      ++tally.invalid;
      continue;
    }
    for (const auto& object : *objects) report(path, object, out, tally);
  }
  out << fmt::format("{} valid, {} with errors, {} of other kinds not looked at\n", tally.valid,
                     tally.invalid, tally.skipped);
  return tally.invalid == 0 ? 0 : 1;
}

}  // namespace poolscaler::app
