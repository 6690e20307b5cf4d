#include "poolscaler/convert/convert.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "manifest_files.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

struct Tally {
  std::vector<convert::Conversion> done{};
  int lossy = 0;    // something is lost or means something else
  int failed = 0;   // nothing came of it
  int invalid = 0;  // the input is wrong
  int foreign = 0;
  std::map<std::string, std::string> places{};  // by title of the policy
};

/// What only those see who see the whole object, and all of them: names.
void check_names(const FileManifest& from, convert::Conversion& conversion, Tally& result) {
  const auto refuse = [&](const std::string& problem, const std::string& remedy) {
    conversion.notes.push_back({.severity = convert::Severity::Invalid,
                                .path = "metadata.name",
                                .value = short_text_at(from.manifest.object, {"metadata", "name"}),
                                .text = problem,
                                .remedy = remedy});
  };
  for (const auto& object : conversion.objects) {
    if (object["kind"] != "ScalingPolicy") continue;
    const auto found = manifest_errors(object);
    for (const auto& error : found.value_or(std::vector<api::FieldError>()))
      refuse(error.problem, error.remedy);
    const auto here = place(from.file, from.manifest.line_of(""));
    const auto [first, is_new] = result.places.emplace(title_of(object), here);
    if (!is_new)
      refuse(fmt::format("is the name of the policy of {}, too", first->second),
             "one policy scales a target: convert one of them, or rename it");
  }
  if (conversion.has(convert::Severity::Invalid)) conversion.objects.clear();
}

void take(const FileManifest& from, convert::Conversion conversion, std::ostream& errors,
          Tally& result) {
  using convert::Severity;
  if (conversion.is_foreign) {
    ++result.foreign;
    return;
  }
  check_names(from, conversion, result);
  for (const auto& note : conversion.notes)
    errors << fmt::format("{}: {}: {}\n", place(from.file, from.manifest.line_of(note.path)),
                          conversion.subject, note.line());
  if (conversion.has(Severity::Invalid))
    ++result.invalid;
  else if (conversion.objects.empty())
    ++result.failed;
  else if (conversion.has(Severity::Lost) || conversion.has(Severity::Differs))
    ++result.lossy;
  result.done.push_back(std::move(conversion));
}

}  // namespace

int convert_manifests(const ConvertOptions& options, std::ostream& out, std::ostream& errors) {
  Tally result;
  const auto files = read_manifest_files(options.files);
  for (const auto& problem : files.problems) {
    errors << fmt::format("{}: {}\n", place(problem.file, problem.line), problem.message);
    ++result.invalid;
  }
  for (const auto& from : files.manifests)
    take(from,
         convert::convert(from.manifest.object, {.metric_source = options.metric_source}), errors,
         result);
  out << convert::yaml_of(result.done);
  const auto converted = std::ranges::count_if(
      result.done, [](const convert::Conversion& one) { return !one.objects.empty(); });
  errors << fmt::format("{} converted, {} of them not without loss; {} not convertible, {} with "
                        "errors, {} of other kinds left alone\n",
                        converted, result.lossy, result.failed, result.invalid,
                        result.foreign);
  if (result.invalid > 0 || !out.good()) return 2;
  if (result.failed > 0 || (result.lossy > 0 && !options.allow_lossy)) return 1;
  return result.done.empty() ? 1 : 0;
}

}  // namespace poolscaler::app
