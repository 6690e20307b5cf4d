#include "selector.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"

namespace poolscaler::controllers {
namespace {

constexpr std::size_t selector_bytes_max = 8u << 10;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_label_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_' || c == '.' || c == '/';
  });
}

/// Splits at commas that stand outside parentheses.
std::vector<std::string_view> split_requirements(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      parts.push_back(trimmed(text.substr(start, i - start)));
      start = i + 1;
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')') {
      --depth;
    }
  }
  return parts;
}

tl::unexpected<Error> malformed(std::string_view part) {
  return fail(ErrorKind::InvalidInput,
              fmt::format("label selector has '{}', must be key=value, key!=value, key, !key, "
                          "key in (a,b) or key notin (a,b)",
                          escaped(capped(part, 80))));
}

Result<Requirement> checked(std::string_view part, Requirement requirement) {
  if (requirement.key.empty() || !is_label_text(requirement.key)) return malformed(part);
  for (const auto& value : requirement.values)
    if (!is_label_text(value)) return malformed(part);
  std::ranges::sort(requirement.values);
  return requirement;
}

Result<Requirement> parse_set(std::string_view part, std::size_t open) {
  if (part.back() != ')') return malformed(part);
  auto head = trimmed(part.substr(0, open));
  const auto space = head.rfind(' ');
  if (space == std::string_view::npos) return malformed(part);
  const auto word = head.substr(space + 1);
  if (word != "in" && word != "notin") return malformed(part);
  Requirement requirement{.key = std::string(trimmed(head.substr(0, space))),
                          .op = word == "in" ? SelectorOperator::In : SelectorOperator::NotIn};
  auto list = part.substr(open + 1, part.size() - open - 2);
  while (true) {
    const auto comma = list.find(',');
    requirement.values.emplace_back(trimmed(list.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return checked(part, std::move(requirement));
}

Result<Requirement> parse_requirement(std::string_view part) {
  if (part.empty()) return malformed(part);
  if (const auto open = part.find('('); open != std::string_view::npos)
    return parse_set(part, open);
  if (part.front() == '!')
    return checked(part, {.key = std::string(trimmed(part.substr(1))),
                          .op = SelectorOperator::DoesNotExist});
  const auto equals = part.find('=');
  if (equals == std::string_view::npos)
    return checked(part, {.key = std::string(part), .op = SelectorOperator::Exists});
  const bool negated = equals > 0 && part[equals - 1] == '!';
  const bool doubled = equals + 1 < part.size() && part[equals + 1] == '=';
  const auto value = trimmed(part.substr(equals + (doubled ? 2 : 1)));
  return checked(part, {.key = std::string(trimmed(part.substr(0, equals - (negated ? 1 : 0)))),
                        .op = negated ? SelectorOperator::NotIn : SelectorOperator::In,
                        .values = {std::string(value)}});
}

bool holds(const Requirement& requirement, const Labels& labels) {
  const auto found = labels.find(requirement.key);
  const bool present = found != labels.end();
  switch (requirement.op) {
    case SelectorOperator::In:
      return present && std::ranges::binary_search(requirement.values, found->second);
    case SelectorOperator::NotIn:
      return !present || !std::ranges::binary_search(requirement.values, found->second);
    case SelectorOperator::Exists: return present;
    case SelectorOperator::DoesNotExist: return !present;
  }
  return false;
}

std::string text_of(const Requirement& requirement) {
  switch (requirement.op) {
    case SelectorOperator::In:
      if (requirement.values.size() == 1)
        return fmt::format("{}={}", requirement.key, requirement.values.front());
      return fmt::format("{} in ({})", requirement.key, fmt::join(requirement.values, ","));
    case SelectorOperator::NotIn:
      if (requirement.values.size() == 1)
        return fmt::format("{}!={}", requirement.key, requirement.values.front());
      return fmt::format("{} notin ({})", requirement.key, fmt::join(requirement.values, ","));
    case SelectorOperator::Exists: return requirement.key;
    case SelectorOperator::DoesNotExist: return "!" + requirement.key;
  }
  return "";
}

std::optional<SelectorOperator> operator_named(std::string_view name) {
  if (name == "In") return SelectorOperator::In;
  if (name == "NotIn") return SelectorOperator::NotIn;
  if (name == "Exists") return SelectorOperator::Exists;
  if (name == "DoesNotExist") return SelectorOperator::DoesNotExist;
  return std::nullopt;
}

std::optional<Requirement> read_expression(const nlohmann::json& expression) {
  if (!expression.is_object()) return std::nullopt;
  const auto key = expression.find("key");
  const auto op = expression.find("operator");
  if (key == expression.end() || op == expression.end() || !key->is_string() || !op->is_string())
    return std::nullopt;
  const auto known = operator_named(op->get_ref<const std::string&>());
  if (!known) return std::nullopt;
  Requirement requirement{.key = key->get<std::string>(), .op = *known};
  if (const auto values = expression.find("values");
      values != expression.end() && values->is_array())
    for (const auto& value : *values)
      if (value.is_string()) requirement.values.push_back(value.get<std::string>());
  std::ranges::sort(requirement.values);
  return requirement;
}

}  // namespace

Selector::Selector(std::vector<Requirement> requirements)
    : requirements_(std::move(requirements)) {
  std::ranges::stable_sort(requirements_, {}, &Requirement::key);
}

bool Selector::matches(const Labels& labels) const {
  return !requirements_.empty() && std::ranges::all_of(requirements_, [&](const auto& requirement) {
    return holds(requirement, labels);
  });
}

std::string Selector::text() const {
  std::string out;
  for (const auto& requirement : requirements_) {
    if (!out.empty()) out += ',';
    out += text_of(requirement);
  }
  return out;
}

Result<Selector> parse_selector(std::string_view text) {
  if (text.size() > selector_bytes_max)
    return fail(ErrorKind::InvalidInput, fmt::format("label selector has {} bytes, at most {} fit",
                                                     text.size(), selector_bytes_max));
  if (trimmed(text).empty()) return Selector();
  std::vector<Requirement> requirements;
  for (const auto part : split_requirements(text)) {
    auto requirement = parse_requirement(part);
    if (!requirement) return fail(std::move(requirement).error());
    requirements.push_back(*std::move(requirement));
  }
  return Selector(std::move(requirements));
}

Selector read_selector(const nlohmann::json& label_selector) {
  if (!label_selector.is_object()) return {};
  std::vector<Requirement> requirements;
  if (const auto labels = label_selector.find("matchLabels");
      labels != label_selector.end() && labels->is_object())
    for (const auto& [key, value] : labels->items()) {
      if (!value.is_string()) return {};
      requirements.push_back(
          {.key = key, .op = SelectorOperator::In, .values = {value.get<std::string>()}});
    }
  if (const auto expressions = label_selector.find("matchExpressions");
      expressions != label_selector.end() && expressions->is_array())
    for (const auto& expression : *expressions) {
      auto requirement = read_expression(expression);
      if (!requirement) return {};
      requirements.push_back(*std::move(requirement));
    }
  return Selector(std::move(requirements));
}

}  // namespace poolscaler::controllers
