#include "poolscaler/convert/convert.hpp"

#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "manifest_file.hpp"
#include "poolscaler/api/objects.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

struct Tally {
  std::vector<convert::Conversion> done{};
  int lossy = 0;    // something is lost or means something else
  int failed = 0;   // nothing came of it
  int invalid = 0;  // the input is wrong
  int foreign = 0;
};

void take(const std::string& path, convert::Conversion conversion, std::ostream& errors,
          Tally& result) {
  using convert::Severity;
  if (conversion.is_foreign) {
    ++result.foreign;
    return;
  }
  for (const auto& note : conversion.notes)
    errors << fmt::format("{}: {}: {}\n", path, conversion.subject, note.line());
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
  for (const auto& path : options.files) {
    const auto objects = contents_of(path).and_then(
        [](const std::string& text) { return api::read_yaml(text); });
    if (!objects) {
      errors << fmt::format("{}: {}\n", path, objects.error().message);
      ++result.invalid;
      continue;
    }
    for (const auto& object : *objects)
      take(path, convert::convert(object, {.metric_source = options.metric_source}), errors,
           result);
  }
  out << convert::yaml_of(result.done);
  const auto converted = static_cast<int>(result.done.size()) - result.failed - result.invalid;
  errors << fmt::format("{} converted, {} of them not without loss; {} not convertible, {} with "
                        "errors, {} of other kinds left alone\n",
                        std::max(converted, 0), result.lossy, result.failed, result.invalid,
                        result.foreign);
  if (result.invalid > 0 || !out.good()) return 2;
  if (result.failed > 0 || (result.lossy > 0 && !options.allow_lossy)) return 1;
  return result.done.empty() ? 1 : 0;
}

}  // namespace poolscaler::app
