// What stands around the spec of an object in a file. The API server and kubectl check it; before
// it gets there, nobody else does.
#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "checked_reader.hpp"
#include "poolscaler/api/manifests.hpp"
#include "poolscaler/api/spelling.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> top_fields = {"apiVersion", "kind", "metadata", "spec",
                                                        "status"};
constexpr std::array<std::string_view, 15> metadata_fields = {
    "name",         "generateName",      "namespace",         "labels",
    "annotations",  "finalizers",        "ownerReferences",   "uid",
    "resourceVersion", "generation",     "creationTimestamp", "deletionTimestamp",
    "deletionGracePeriodSeconds", "managedFields", "selfLink"};
constexpr std::size_t label_max = 63;

class Checker {
 public:
  template <std::size_t N>
  void look_for_strangers(const json& object, const std::string& path,
                          const std::array<std::string_view, N>& known) {
    for (const auto& item : object.items()) {
      if (std::ranges::find(known, item.key()) != known.end()) continue;
      const auto meant = nearest_spelling(item.key(), known);
      add(path + item.key(), item.value(), "is no field of an object",
          meant.empty() ? fmt::format("known are {}", fmt::join(known, ", "))
                        : fmt::format("did you mean `{}`?", meant));
    }
  }

  void look_at_names(const json& metadata) {
    if (const auto ns = metadata.find("namespace"); ns != metadata.end())
      look_at_text("metadata.namespace", *ns, Syntax::DnsLabel, "for example team-a");
    look_at_texts(metadata, "labels", true);
    look_at_texts(metadata, "annotations", false);
  }

  std::vector<FieldError> errors{};

 private:
  void look_at_text(const std::string& path, const json& value, Syntax syntax,
                    const std::string& remedy) {
    const auto* text = value.is_string() ? &value.get_ref<const std::string&>() : nullptr;
    if (text == nullptr)
      add(path, value, "must be text", value.is_primitive() ? "put it in quotes" : remedy);
    else if (syntax != Syntax::Any && text->size() > label_max)
      add(path, value, fmt::format("must be at most {} characters long", label_max), remedy);
    else if (!facts_of(syntax).matches(*text))
      add(path, value, std::string(facts_of(syntax).words), remedy);
  }

  void look_at_texts(const json& metadata, const std::string& field, bool are_labels) {
    const auto found = metadata.find(field);
    if (found == metadata.end() || found->is_null()) return;
    const auto path = "metadata." + field;
    if (!found->is_object())
      return add(path, *found, "must be texts by their keys", "for example {team: a}");
    for (const auto& item : found->items()) {
      const auto here = fmt::format("{}[{}]", path, item.key());
      const auto& key = item.key();
      const auto name = key.substr(std::min(key.rfind('/') + 1, key.size()));
      if (!facts_of(Syntax::LabelKey).matches(key) || name.size() > label_max)
        add(here, key, std::string(facts_of(Syntax::LabelKey).words),
            fmt::format("and at most {} characters behind the '/'", label_max));
      look_at_text(here, item.value(), are_labels ? Syntax::LabelText : Syntax::Any,
                   "for example a");
    }
  }

  void add(std::string path, const json& value, std::string problem, std::string remedy) {
    if (errors.size() < field_errors_max)
      errors.push_back({.path = std::move(path),
                        .value = value.is_primitive() ? shown(value) : std::string(),
                        .problem = std::move(problem),
                        .remedy = std::move(remedy)});
  }
};

}  // namespace

std::vector<FieldError> envelope_errors(const json& object) {
  Checker checker;
  if (!object.is_object()) return checker.errors;
  checker.look_for_strangers(object, "", top_fields);
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return std::move(checker.errors);
  checker.look_for_strangers(*metadata, "metadata.", metadata_fields);
  checker.look_at_names(*metadata);
  return std::move(checker.errors);
}

}  // namespace poolscaler::api
