#include "object_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"

namespace poolscaler::convert {
namespace {

using nlohmann::json;

constexpr std::size_t shown_bytes_max = 80;
constexpr double decimal_max = 1e12;

const json& nothing() {
  static const json empty = json::object();
  return empty;
}

/// What a suffix of a quantity stands for; 0 for no suffix that there is.
double factor_of(std::string_view suffix) {
  struct Factor {
    std::string_view suffix;
    double factor;
  };
  constexpr Factor factors[] = {{"", 1},          {"n", 1e-9},       {"u", 1e-6},
                                {"m", 1e-3},      {"k", 1e3},        {"M", 1e6},
                                {"G", 1e9},       {"T", 1e12},       {"P", 1e15},
                                {"E", 1e18},      {"Ki", 1024.0},    {"Mi", 1048576.0},
                                {"Gi", 1073741824.0}, {"Ti", 1099511627776.0}};
  for (const auto& one : factors)
    if (one.suffix == suffix) return one.factor;
  return 0;
}

bool is_plain(std::string_view text) {
  const auto digits = text.substr(0, text.find_first_not_of("0123456789"));
  auto rest = text.substr(digits.size());
  if (digits.empty() || digits.size() > 12) return false;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    const auto fraction = rest.substr(0, rest.find_first_not_of("0123456789"));
    if (fraction.empty() || fraction.size() > 9) return false;
    rest.remove_prefix(fraction.size());
  }
  constexpr std::string_view ours[] = {"", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"};
  for (const auto suffix : ours)
    if (rest == suffix) return true;
  return false;
}

std::string decimal_text(double number) {
  auto text = fmt::format("{:.9f}", number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

/// Nothing for what is no number from 0 to 10^12.
std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc()) return std::nullopt;
  const auto factor = factor_of(text.substr(static_cast<std::size_t>(end - text.data())));
  number *= factor;
  if (factor == 0 || !std::isfinite(number) || number < 0 || number > decimal_max)
    return std::nullopt;
  return number;
}

/// In the form that our own decimals have; nothing for what is no number from 0 to 10^12.
std::optional<std::string> decimal_of(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  const auto number = number_of(text);
  return number ? std::optional(decimal_text(*number)) : std::nullopt;
}

}  // namespace

std::string shown(const json& value) {
  if (value.is_object() || value.is_array() || value.is_null() || value.is_discarded()) return {};
  return capped(value.dump(-1, ' ', false, json::error_handler_t::replace), shown_bytes_max);
}

std::string plain_decimal(std::string_view quantity) {
  return decimal_text(number_of(quantity).value_or(0));
}

ObjectReader::ObjectReader(const json& value, std::string path, Notes& notes)
    : value_(value.is_object() ? value : nothing()), path_(std::move(path)), notes_(notes) {
  if (!value.is_object())
    notes_.push_back({.severity = Severity::Invalid,
                      .path = path_,
                      .value = shown(value),
                      .text = "must be an object"});
}

std::string ObjectReader::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

const json* ObjectReader::find(std::string_view name) {
  asked_.emplace(name);
  const auto found = value_.find(std::string(name));
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

bool ObjectReader::has(std::string_view name) { return find(name) != nullptr; }

std::optional<std::string> ObjectReader::text(std::string_view name) {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  if (found->is_string() && found->get_ref<const std::string&>().size() <= 65'536)
    return found->get<std::string>();
  refuse(name, "must be text");
  return std::nullopt;
}

std::optional<std::int64_t> ObjectReader::integer(std::string_view name) {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  const bool fits = found->is_number_integer() &&
                    (!found->is_number_unsigned() || found->get<std::uint64_t>() <= INT32_MAX);
  if (fits && found->get<std::int64_t>() >= INT32_MIN) return found->get<std::int64_t>();
  refuse(name, "must be a whole number of 32 bits");
  return std::nullopt;
}

std::optional<bool> ObjectReader::boolean(std::string_view name) {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  if (found->is_boolean()) return found->get<bool>();
  refuse(name, "must be true or false");
  return std::nullopt;
}

std::optional<std::string> ObjectReader::quantity(std::string_view name) {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  std::optional<std::string> decimal;
  if (found->is_string()) decimal = decimal_of(found->get_ref<const std::string&>());
  if (found->is_number()) decimal = decimal_of(found->dump());
  if (!decimal)
    refuse(name, "must be a number from 0 to 10^12", "for example \"10\", \"500m\" or \"2Gi\"");
  return decimal;
}

std::optional<std::int64_t> ObjectReader::integer_text(std::string_view name) {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  if (!found->is_string()) return integer(name);
  const auto& text = found->get_ref<const std::string&>();
  std::int32_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem == std::errc() && end == text.data() + text.size()) return number;
  refuse(name, "must be a whole number");
  return std::nullopt;
}

std::optional<bool> ObjectReader::boolean_text(std::string_view name) {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  if (found->is_boolean()) return found->get<bool>();
  if (*found == "true" || *found == "false") return *found == "true";
  refuse(name, "must be true or false");
  return std::nullopt;
}

ObjectReader ObjectReader::object(std::string_view name) {
  const auto* found = find(name);
  return {found == nullptr ? nothing() : *found, path_of(name), notes_};
}

std::vector<ObjectReader> ObjectReader::list(std::string_view name) {
  std::vector<ObjectReader> items;
  const auto* found = find(name);
  if (found == nullptr) return items;
  if (!found->is_array()) {
    refuse(name, "must be a list");
    return items;
  }
  for (std::size_t i = 0; i < found->size(); ++i)
    items.emplace_back((*found)[i], fmt::format("{}[{}]", path_of(name), i), notes_);
  return items;
}

std::vector<std::pair<std::string, std::string>> ObjectReader::texts(std::string_view name) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const auto* found = find(name);
  if (found == nullptr) return pairs;
  ObjectReader reader(*found, path_of(name), notes_);
  if (!found->is_object()) return pairs;
  for (const auto& item : found->items())
    if (auto value = reader.text(item.key())) pairs.emplace_back(item.key(), std::move(*value));
  return pairs;
}

std::vector<std::string> ObjectReader::strings(std::string_view name) {
  std::vector<std::string> items;
  const auto* found = find(name);
  if (found == nullptr) return items;
  if (!found->is_array() || !std::ranges::all_of(*found, [](const json& item) {
        return item.is_string();
      })) {
    refuse(name, "must be a list of texts");
    return items;
  }
  for (const auto& item : *found) items.push_back(item.get<std::string>());
  return items;
}

std::string ObjectReader::required_text(std::string_view name, std::string_view example) {
  const auto value = text(name);
  if (!value && !has(name))
    notes_.push_back({.severity = Severity::Invalid,
                      .path = path_of(name),
                      .value = {},
                      .text = "is required",
                      .remedy = fmt::format("for example {}", example)});
  return value.value_or("");
}

void ObjectReader::note(Severity severity, std::string_view name, std::string_view text,
                        std::string_view remedy) {
  const auto* found = find(name);
  if (found == nullptr) return;
  notes_.push_back({.severity = severity,
                    .path = path_of(name),
                    .value = shown(*found),
                    .text = std::string(text),
                    .remedy = std::string(remedy)});
}

void ObjectReader::finish() {
  for (const auto& item : value_.items()) {
    if (asked_.contains(item.key()) || item.value().is_null()) continue;
    const auto name = capped(escaped(item.key()), shown_bytes_max);
    notes_.push_back({.severity = Severity::Invalid,
                      .path = path_of(name),
                      .value = shown(item.value()),
                      .text = "is no field that is known here",
                      .remedy = fmt::format("known are {}", fmt::join(asked_, ", "))});
  }
}

}  // namespace poolscaler::convert
