// YAML to JSON by parser events, so that nothing is built that was not written: aliases (the bombs
// of YAML) are refused when they are met, and depth and size are bounded before.
#include <algorithm>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "poolscaler/api/manifests.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/base/text.hpp"
#include "syntax.hpp"
#include "yaml_scalar.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

constexpr std::size_t depth_max = 64;
constexpr std::size_t documents_max = 1000;

/// Leaves the parser from within an event; caught in this file alone.
struct Refused {
  std::string message;
};

[[noreturn]] void refuse(const YAML::Mark& mark, std::string_view what) {
  throw Refused{fmt::format("line {}: {}", mark.line + 1, what)};
}

/// Builds the JSON of one document, and remembers the line of each field.
class JsonBuilder final : public YAML::EventHandler {
 public:
  json root;
  FieldLines lines;

  void OnDocumentStart(const YAML::Mark& mark) override { lines[""] = mark.line + 1; }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { put(mark, nullptr); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "an alias (*name) is not accepted: write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    const bool is_key = !levels_.empty() && levels_.back().value->is_object() &&
                        !levels_.back().has_key;
    if (is_key) {
      refuse_boolean_key(mark, tag, value);
      take_key(mark, value);
      return;
    }
    auto scalar = yaml_scalar(tag, value);
    if (!scalar) refuse(mark, scalar.error().message);
    put(mark, std::move(*scalar));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, json::array());
  }
  void OnSequenceEnd() override { levels_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, json::object());
  }
  void OnMapEnd() override { levels_.pop_back(); }

 private:
  struct Level {
    json* value;
    std::string path{};
    std::string key{};
    bool has_key = false;
  };

  /// The path of what comes next: "spec.signals[0].name".
  [[nodiscard]] std::string next_path() const {
    if (levels_.empty()) return "";
    const auto& level = levels_.back();
    if (level.value->is_array()) return fmt::format("{}[{}]", level.path, level.value->size());
    return level.path.empty() ? level.key : fmt::format("{}.{}", level.path, level.key);
  }

  /// kubectl reads a bare `off` as a key called "false", which no field is.
  void refuse_boolean_key(const YAML::Mark& mark, const std::string& tag, const std::string& key) {
    const auto scalar = yaml_scalar(tag, key);
    if (key.size() > 1 && scalar && scalar->is_boolean())
      refuse(mark, fmt::format("the key {0} is read as {1}: put it in quotes, \"{0}\"", key,
                               scalar->get<bool>()));
  }

  void take_key(const YAML::Mark& mark, const std::string& key) {
    auto& level = levels_.back();
    if (key == "<<") refuse(mark, "a merge key (<<) is not accepted: write the fields out");
    if (level.value->contains(key))
      refuse(mark, fmt::format("key '{}' is given twice", capped(escaped(key), 64)));
    level.key = key;
    level.has_key = true;
    lines[next_path()] = mark.line + 1;
  }

  json& put(const YAML::Mark& mark, json value) {
    if (levels_.empty()) return root = std::move(value);
    auto& level = levels_.back();
    if (level.value->is_array()) {
      lines[next_path()] = mark.line + 1;
      level.value->push_back(std::move(value));
      return level.value->back();
    }
    if (!level.has_key) refuse(mark, "a key must be text");
    level.has_key = false;
    return (*level.value)[level.key] = std::move(value);
  }

  void open(const YAML::Mark& mark, json value) {
    if (levels_.size() >= depth_max)
      refuse(mark, fmt::format("nested more than {} levels deep", depth_max));
    // A reference into a container stays good: nothing is added to it until this level closes.
    auto path = next_path();
    levels_.push_back(Level{.value = &put(mark, std::move(value)), .path = std::move(path)});
  }

  std::vector<Level> levels_;
};

/// Of "items[2].spec.x" under "items[2]" that of "spec.x".
FieldLines lines_below(const FieldLines& lines, const std::string& prefix) {
  FieldLines below;
  for (const auto& [path, line] : lines) {
    if (!path.starts_with(prefix)) continue;
    const auto rest = std::string_view(path).substr(prefix.size());
    if (rest.empty() || rest.front() == '.')
      below[std::string(rest.substr(rest.empty() ? 0 : 1))] = line;
  }
  return below;
}

/// Appends the objects of one document: itself, or the items of a List.
void take_objects(JsonBuilder builder, std::vector<Manifest>& objects) {
  auto& document = builder.root;
  if (document.is_null()) return;
  if (!document.is_object()) throw Refused{"a document must be an object (key: value)"};
  const auto kind = document.find("kind");
  const auto items = document.find("items");
  const bool is_list = kind != document.end() && kind->is_string() &&
                       kind->get_ref<const std::string&>().ends_with("List") &&
                       items != document.end() && items->is_array();
  if (!is_list) {
    objects.push_back({.object = std::move(document), .lines = std::move(builder.lines)});
    return;
  }
  for (std::size_t i = 0; i < items->size(); ++i) {
    auto& item = (*items)[i];
    if (!item.is_object()) throw Refused{"an item of a List must be an object"};
    objects.push_back({.object = std::move(item),
                       .lines = lines_below(builder.lines, fmt::format("items[{}]", i))});
  }
}

std::vector<Manifest> objects_of(std::istream& input) {
  std::vector<Manifest> objects;
  YAML::Parser parser(input);
  JsonBuilder builder;
  for (std::size_t documents = 0; parser.HandleNextDocument(builder); ++documents) {
    if (documents >= documents_max)
      throw Refused{fmt::format("more than {} documents", documents_max)};
    take_objects(std::exchange(builder, JsonBuilder()), objects);
  }
  return objects;
}

}  // namespace

int Manifest::line_of(std::string_view path) const {
  while (true) {
    if (const auto found = lines.find(path); found != lines.end()) return found->second;
    const auto end = path.find_last_of(".[");
    path = end == std::string_view::npos ? std::string_view() : path.substr(0, end);
    if (path.empty()) break;
  }
  const auto first = lines.find("");
  return first == lines.end() ? 1 : first->second;
}

Result<std::vector<json>> read_yaml(std::string_view text) {
  return read_manifests(text).map([](std::vector<Manifest> manifests) {
    std::vector<json> objects;
    for (auto& manifest : manifests) objects.push_back(std::move(manifest.object));
    return objects;
  });
}

namespace {

bool is_indented_by_tab(std::string_view text, int line) {
  for (; line > 0 && !text.empty(); --line)
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  const auto indent = text.substr(0, std::min(text.find_first_not_of(" \t"), text.size()));
  return indent.find('\t') != std::string_view::npos;
}

}  // namespace

Result<std::vector<Manifest>> read_manifests(std::string_view text) {
  const auto refused = [](std::string_view what) {
    return fail(ErrorKind::InvalidInput, fmt::format("reading YAML: {}", what));
  };
  if (text.size() > yaml_bytes_max)
    return refused(fmt::format("text has {} bytes, must have at most {}: split it into files",
                               text.size(), yaml_bytes_max));
  if (!utf8_length(text)) return refused("text is not valid UTF-8");
  if (text.find('\0') != std::string_view::npos) return refused("text has a zero byte");
  try {
    std::istringstream input{std::string(text)};
    return objects_of(input);
  } catch (const Refused& error) {
    return refused(error.message);
  } catch (const YAML::Exception& error) {
    const bool by_tab = is_indented_by_tab(text, error.mark.line);
    return refused(fmt::format("line {}: {}{}", error.mark.line + 1,
                               capped(escaped(error.msg), 200),
                               by_tab ? ": indent by blanks, not by tabs" : ""));
  }
}

}  // namespace poolscaler::api
