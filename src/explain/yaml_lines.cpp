#include "yaml_lines.hpp"

#include <charconv>
#include <string>

#include <yaml-cpp/yaml.h>

namespace poolscaler::explain {
namespace {

/// Cuts the first step off: a name, or an index in brackets.
std::string_view next_step(std::string_view& path) {
  if (path.starts_with('.')) path.remove_prefix(1);
  const auto end = path.starts_with('[') ? path.find(']') + 1 : path.find_first_of(".[");
  const auto step = path.substr(0, end);
  path.remove_prefix(step.size());
  return step;
}

YAML::Node child(const YAML::Node& node, std::string_view step) {
  if (!step.starts_with('[')) return node.IsMap() ? node[std::string(step)] : YAML::Node();
  std::size_t index = 0;
  std::from_chars(step.data() + 1, step.data() + step.size() - 1, index);
  return node.IsSequence() && index < node.size() ? node[index] : YAML::Node();
}

std::size_t line_in(YAML::Node node, std::string_view path) {
  auto line = node.Mark().line;
  while (!path.empty()) {
    const auto step = next_step(path);
    if (step.empty()) break;
    const YAML::Node inner = child(node, step);
    if (!inner.IsDefined() || inner.Mark().is_null()) break;
    line = inner.Mark().line;
    node.reset(inner);
  }
  return line < 0 ? 0 : static_cast<std::size_t>(line) + 1;
}

}  // namespace

std::size_t line_of(std::string_view text, std::size_t document, std::string_view path) {
  try {
    const auto documents = YAML::LoadAll(std::string(text));
    return document < documents.size() ? line_in(documents[document], path) : 0;
  } catch (const YAML::Exception&) {
    return 0;  // only texts that were read before are asked for
  }
}

}  // namespace poolscaler::explain
