#include "selectors.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "poolscaler/json/members.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;
using Operator = Requirement::Operator;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Cuts at commas that are not inside parentheses.
std::vector<std::string_view> terms_of(std::string_view text) {
  std::vector<std::string_view> terms;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      const auto term = trimmed(text.substr(begin, i - begin));
      if (!term.empty()) terms.push_back(term);
      begin = i + 1;
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')') {
      --depth;
    }
  }
  return terms;
}

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= 317 && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_' || c == '.' || c == '/';
  });
}

bool are_values(const Requirement& requirement) {
  return std::ranges::all_of(requirement.values, [](const std::string& value) {
    return value.size() <= 63 &&
           (value.empty() || (is_key(value) && value.find('/') == value.npos));
  });
}

/// "key in (a, b)" and "key notin (a, b)".
std::optional<Requirement> read_set(std::string_view term) {
  const auto open = term.find('(');
  if (open == std::string_view::npos || !term.ends_with(')')) return std::nullopt;
  auto head = trimmed(term.substr(0, open));
  auto op = Operator::In;
  if (head.ends_with(" notin")) {
    op = Operator::NotIn;
    head.remove_suffix(6);
  } else if (head.ends_with(" in")) {
    head.remove_suffix(3);
  } else {
    return std::nullopt;
  }
  Requirement requirement{.key = std::string(trimmed(head)), .op = op};
  auto list = term.substr(open + 1, term.size() - open - 2);
  while (true) {
    const auto comma = list.find(',');
    requirement.values.emplace_back(trimmed(list.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return requirement;
}

std::optional<Requirement> read_term(std::string_view term) {
  if (auto set = read_set(term)) return set;
  if (term.find('(') != std::string_view::npos) return std::nullopt;
  if (term.starts_with('!'))
    return Requirement{.key = std::string(trimmed(term.substr(1))), .op = Operator::DoesNotExist};
  const auto equals = term.find('=');
  if (equals == std::string_view::npos)
    return Requirement{.key = std::string(term), .op = Operator::Exists};
  const bool negated = equals > 0 && term[equals - 1] == '!';
  const auto key = trimmed(term.substr(0, negated ? equals - 1 : equals));
  auto value = term.substr(equals + 1);
  if (value.starts_with('=')) value.remove_prefix(1);
  return Requirement{.key = std::string(key),
                     .op = negated ? Operator::NotIn : Operator::In,
                     .values = {std::string(trimmed(value))}};
}

bool holds(const Requirement& requirement, const json& labels) {
  const auto found = labels.is_object() ? labels.find(requirement.key) : labels.end();
  const bool present = found != labels.end();
  const auto listed = [&] {
    return found->is_string() &&
           std::ranges::find(requirement.values, found->get_ref<const std::string&>()) !=
               requirement.values.end();
  };
  switch (requirement.op) {
    case Operator::Exists: return present;
    case Operator::DoesNotExist: return !present;
    case Operator::In: return present && listed();
    case Operator::NotIn: return !present || !listed();
  }
  return false;
}

std::string text_of(const Requirement& requirement) {
  const auto& [key, op, values] = requirement;
  switch (op) {
    case Operator::Exists: return key;
    case Operator::DoesNotExist: return "!" + key;
    case Operator::In:
      return values.size() == 1 ? key + "=" + values.front()
                                : fmt::format("{} in ({})", key, fmt::join(values, ","));
    case Operator::NotIn:
      return values.size() == 1 ? key + "!=" + values.front()
                                : fmt::format("{} notin ({})", key, fmt::join(values, ","));
  }
  return key;
}

/// The fields beside metadata.name and metadata.namespace by which a kind can be selected.
std::vector<std::string_view> selectable_fields(const Kind& kind) {
  if (kind.custom) return {};
  if (kind.kind == "Pod")
    return {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
            "status.phase", "status.podIP"};
  if (kind.kind == "Node") return {"spec.unschedulable"};
  if (kind.kind == "Namespace") return {"status.phase"};
  if (kind.kind == "ReplicaSet") return {"status.replicas"};
  if (kind.kind == "Event")
    return {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
            "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
            "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"};
  return {};
}

std::string field_pointer(std::string_view field) {
  std::string pointer = "/";
  for (const char c : field) pointer += c == '.' ? '/' : c;
  return pointer == "/source" ? "/source/component" : pointer;
}

std::string field_text(const json& object, const std::string& pointer) {
  const json::json_pointer path(pointer);
  if (!object.contains(path)) return "";
  const auto& value = object.at(path);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

Outcome<LabelSelector> LabelSelector::parse(std::string_view text) {
  LabelSelector selector;
  for (const auto term : terms_of(text)) {
    auto requirement = read_term(term);
    if (!requirement || !is_key(requirement->key) || !are_values(*requirement))
      return refuse(bad_request(fmt::format("unable to parse requirement: '{}'", term)));
    selector.requirements_.push_back(std::move(*requirement));
  }
  return selector;
}

LabelSelector LabelSelector::of(const json& selector) {
  LabelSelector out;
  if (!selector.is_object()) return out;
  const auto labels = selector.value("matchLabels", json::object());
  for (const auto& [key, value] : labels.items())
    if (value.is_string())
      out.requirements_.push_back({.key = key, .op = Operator::In, .values = {value}});
  for (const auto& entry : selector.value("matchExpressions", json::array())) {
    const auto word = entry.value("operator", "");
    auto op = Operator::In;
    if (word == "NotIn") op = Operator::NotIn;
    if (word == "Exists") op = Operator::Exists;
    if (word == "DoesNotExist") op = Operator::DoesNotExist;
    out.requirements_.push_back({.key = entry.value("key", ""),
                                 .op = op,
                                 .values = entry.value("values", std::vector<std::string>())});
  }
  std::ranges::stable_sort(out.requirements_, {}, &Requirement::key);
  return out;
}

bool LabelSelector::matches(const json& labels) const {
  return std::ranges::all_of(requirements_,
                             [&](const auto& requirement) { return holds(requirement, labels); });
}

bool LabelSelector::matches_object(const json& object) const {
  return matches(at_path(object, "metadata", "labels"));
}

std::string LabelSelector::text() const {
  std::string text;
  for (const auto& requirement : requirements_) {
    if (!text.empty()) text += ",";
    text += text_of(requirement);
  }
  return text;
}

Outcome<FieldSelector> FieldSelector::parse(std::string_view text, const Kind& kind) {
  FieldSelector selector;
  const auto fields = selectable_fields(kind);
  for (const auto term : terms_of(text)) {
    const auto equals = term.find('=');
    if (equals == std::string_view::npos)
      return refuse(bad_request(fmt::format(
          "invalid selector: '{}'; can't understand '{}'", text, term)));
    const bool negated = equals > 0 && term[equals - 1] == '!';
    std::string field(trimmed(term.substr(0, negated ? equals - 1 : equals)));
    auto value = term.substr(equals + 1);
    if (value.starts_with('=')) value.remove_prefix(1);
    if (kind.is_event_v1() && field.starts_with("regarding."))
      field = "involvedObject." + field.substr(10);
    if (kind.is_event_v1() && field == "reportingController") field = "reportingComponent";
    if (field != "metadata.name" && field != "metadata.namespace" &&
        std::ranges::find(fields, field) == fields.end())
      return refuse(bad_request(fmt::format("field label not supported: {}", field)));
    selector.terms_.push_back({.pointer = field_pointer(field),
                               .value = std::string(trimmed(value)),
                               .equal = !negated});
  }
  return selector;
}

bool FieldSelector::matches(const json& object) const {
  return std::ranges::all_of(terms_, [&](const Term& term) {
    auto text = field_text(object, term.pointer);
    if (term.pointer == "/spec/unschedulable" && text.empty()) text = "false";
    return (text == term.value) == term.equal;
  });
}

}  // namespace poolscaler::simulation
