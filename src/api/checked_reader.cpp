#include "checked_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "poolscaler/api/spelling.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/base/time.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

constexpr std::size_t shown_bytes_max = 64;

/// A whole number, also when it came as 3.0; nothing when it is no whole number of 64 bits.
std::optional<std::int64_t> whole_number(const json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const auto number = value.get<double>();
  if (!(std::abs(number) <= 9007199254740992.0) || number != std::floor(number))
    return std::nullopt;
  return static_cast<std::int64_t>(number);
}

bool is_too_large_a_number(const json& value) {
  return value.is_number_unsigned() ||
         (value.is_number_float() && value.get<double>() > 9007199254740992.0);
}

std::string any_of_words(const Field& field) {
  return fmt::format("must be one of {}", fmt::join(enum_values(field), ", "));
}

/// "must be from 5 to 300", or one end of it.
std::string within(const Field& field, bool too_small) {
  return too_small ? fmt::format("must be at least {}", field.min)
                   : fmt::format("must be at most {}", field.max);
}

std::string for_example(const Field& field) {
  return field.example.empty() ? std::string() : fmt::format("for example {}", field.example);
}

/// What to write instead of a number out of bounds.
std::string choose_within(const Field& field) {
  const auto range =
      fmt::format("choose {} {} to {}", field.above_min ? "above" : "from", field.min, field.max);
  return field.example.empty() ? range : fmt::format("{}, {}", range, for_example(field));
}

class SpecReader {
 public:
  explicit SpecReader(UnknownFields unknown) : unknown_(unknown) {}

  /// The value in the shape of `node`; null when it is refused.
  json read(const Node& node, const json& value, const std::string& path) {
    if (full()) return {};
    const auto before = found_;
    auto result = read_by_type(node, value, path);
    // Rules look at several fields, so they are asked only of a value without other faults.
    if (found_ == before) hold_rules(node, result, path);
    return found_ == before ? result : json();
  }

  void add(FieldError error) {
    ++found_;
    if (errors_.size() < field_errors_max) errors_.push_back(std::move(error));
  }

  std::vector<FieldError>& errors() { return errors_; }

 private:
  [[nodiscard]] bool full() const { return errors_.size() >= field_errors_max; }

  void refuse(const std::string& path, const json& value, std::string problem,
              std::string remedy = {}) {
    add({.path = path,
         .value = shown(value),
         .problem = std::move(problem),
         .remedy = std::move(remedy)});
  }

  json read_by_type(const Node& node, const json& value, const std::string& path) {
    switch (node.type()) {
      case FieldType::Object: return read_object(node, value, path);
      case FieldType::List: return read_list(node, value, path);
      case FieldType::Integer: return read_integer(*node.field, value, path);
      case FieldType::Decimal: return read_decimal(*node.field, value, path);
      case FieldType::Text: return read_text(*node.field, value, path);
      case FieldType::Enum: return read_enum(*node.field, value, path);
      case FieldType::Boolean: return read_boolean(value, path);
      case FieldType::Time: return read_time(value, path);
    }
    return {};
  }

  json read_object(const Node& node, const json& value, const std::string& path) {
    if (!value.is_object()) {
      refuse(path, value, "must be an object", "write its fields as `name: value` below it");
      return {};
    }
    if (unknown_ == UnknownFields::Report) report_unknown(node, value, path);
    json result = json::object();
    for (const auto& child : node.children) {
      if (full()) break;
      const std::string name(child.name);
      const auto child_path = path + "." + name;
      // The API server drops a null before it fills in defaults, so null is the same as missing.
      const auto found = value.find(name);
      if (found != value.end() && !found->is_null()) {
        result[name] = read(child, *found, child_path);
      } else if (child.field && !child.field->default_json.empty()) {
        result[name] = read(child, json::parse(child.field->default_json), child_path);
      } else if (child.field && child.field->required) {
        require(child, child_path);
      }
    }
    return result;
  }

  void require(const Node& node, const std::string& path) {
    add({.path = path,
         .value = {},
         .problem = "is required",
         .remedy = node.field->example.empty() ? "write its fields as `name: value` below it"
                                               : for_example(*node.field)});
  }

  void report_unknown(const Node& node, const json& value, const std::string& path) {
    for (const auto& item : value.items()) {
      if (full()) return;
      if (node.child(item.key())) continue;
      std::vector<std::string_view> known;
      for (const auto& child : node.children) known.push_back(child.name);
      const auto meant = nearest_spelling(item.key(), known);
      add({.path = path + "." + capped(escaped(item.key()), shown_bytes_max),
           .value = {},
           .problem = "is not a known field",
           .remedy = meant.empty() ? fmt::format("known are {}", fmt::join(known, ", "))
                                   : fmt::format("did you mean `{}`?", meant)});
    }
  }

  json read_list(const Node& node, const json& value, const std::string& path) {
    const auto& field = *node.field;
    if (!value.is_array()) {
      refuse(path, value, "must be a list", "write each item below it, behind a '-'");
      return {};
    }
    const auto size = static_cast<std::int64_t>(value.size());
    if (size < field.min || size > field.max) {
      refuse(path, value, within(field, size < field.min) + " items",
             size < field.min ? "add an item" : "leave some out, or use a second object");
      return {};
    }
    json result = json::array();
    for (std::size_t i = 0; i < value.size() && !full(); ++i)
      result.push_back(read(node.children.front(), value[i], fmt::format("{}[{}]", path, i)));
    refuse_twins(field, result, path);
    return result;
  }

  /// Items of a map that share their key, or of a set that are equal.
  void refuse_twins(const Field& field, const json& items, const std::string& path) {
    if (field.list == ListType::Atomic) return;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto& item = items[i];
      if (item.is_null()) continue;  // refused already
      const bool is_map = field.list == ListType::Map;
      const auto& key = is_map ? item[std::string(field.key)] : item;
      if (seen.insert(key.get<std::string>()).second) continue;
      const auto where = fmt::format("{}[{}]", path, i);
      refuse(is_map ? fmt::format("{}.{}", where, field.key) : where, key,
             "must be unique within the list", "give each item its own");
    }
  }

  json read_integer(const Field& field, const json& value, const std::string& path) {
    const auto number = whole_number(value);
    if (!number && is_too_large_a_number(value)) {
      refuse(path, value, within(field, false), choose_within(field));
    } else if (!number) {
      refuse(path, value, "must be a whole number", choose_within(field));
    } else if (*number < field.min || *number > field.max) {
      refuse(path, value, within(field, *number < field.min), choose_within(field));
    } else {
      return *number;
    }
    return {};
  }

  static bool is_within(const Field& field, double number) {
    const auto least = static_cast<double>(field.min);
    return (field.above_min ? number > least : number >= least) &&
           number <= static_cast<double>(field.max);
  }

  json read_decimal(const Field& field, const json& value, const std::string& path) {
    const auto whole = whole_number(value);
    std::optional<double> number;
    if (value.is_string()) number = decimal_value(value.get_ref<const std::string&>());
    if (whole) number = static_cast<double>(*whole);
    if (!number) {
      // Kubernetes refuses fractions as JSON numbers: languages disagree on how to write them.
      refuse(path, value, std::string(facts_of(Syntax::Decimal).words),
             value.is_number_float() && is_within(field, value.get<double>())
                 ? fmt::format("write \"{}\" with the quotes", brief(value.get<double>()))
                 : choose_within(field));
      return {};
    }
    const bool too_small = field.above_min ? *number <= static_cast<double>(field.min)
                                           : *number < static_cast<double>(field.min);
    if (too_small || *number > static_cast<double>(field.max)) {
      refuse(path, value,
             too_small && field.above_min ? fmt::format("must be above {}", field.min)
                                          : within(field, too_small),
             choose_within(field));
      return {};
    }
    return whole ? json(*whole) : value;
  }

  json read_text(const Field& field, const json& value, const std::string& path) {
    if (!value.is_string()) {
      refuse(path, value, "must be text",
             value.is_primitive() ? "put it in quotes" : for_example(field));
      return {};
    }
    const auto& text = value.get_ref<const std::string&>();
    const auto length = utf8_length(text);
    if (!length) {
      refuse(path, value, "must be valid UTF-8", "save the file as UTF-8");
    } else if (static_cast<std::int64_t>(*length) < field.min &&
               (text.empty() || facts_of(field.syntax).matches(text))) {
      refuse(path, value,
             field.min == 1 ? std::string("must not be empty")
                            : within(field, true) + " characters long",
             for_example(field));
    } else if (static_cast<std::int64_t>(*length) > field.max) {
      refuse(path, value, within(field, false) + " characters long",
             fmt::format("shorten it, it has {}", *length));
    } else if (const auto& syntax = facts_of(field.syntax); !syntax.matches(text)) {
      refuse(path, value, std::string(syntax.words), for_example(field));
    } else {
      return value;
    }
    return {};
  }

  json read_enum(const Field& field, const json& value, const std::string& path) {
    const auto words = enum_values(field);
    if (value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      if (std::ranges::find(words, text) != words.end()) return value;
      const auto meant = nearest_spelling(text, words);
      refuse(path, value, any_of_words(field),
             meant.empty() ? for_example(field) : fmt::format("did you mean {}?", meant));
      return {};
    }
    // YAML takes a bare On, Off, Yes or No for a truth value.
    refuse(path, value, any_of_words(field),
           value.is_boolean() ? fmt::format("write it in quotes, {}", for_example(field))
                              : for_example(field));
    return {};
  }

  json read_boolean(const json& value, const std::string& path) {
    if (value.is_boolean()) return value;
    refuse(path, value, "must be true or false", "write it without quotes");
    return {};
  }

  json read_time(const json& value, const std::string& path) {
    if (value.is_string() && parse_rfc3339(value.get_ref<const std::string&>())) return value;
    refuse(path, value, "must be a time", "for example 2026-01-31T08:00:00Z");
    return {};
  }

  /// The first item of the list that breaks the rule by itself; nothing: it takes several.
  static std::optional<std::size_t> item_to_blame(const Rule& rule, const json& value) {
    const std::string list(rule.child);
    if (!value.contains(list)) return std::nullopt;
    for (std::size_t i = 0; i < value[list].size(); ++i) {
      auto alone = value;
      alone[list] = json::array({value[list][i]});
      if (!rule.holds(alone)) return i;
    }
    return std::nullopt;
  }

  void hold_rules(const Node& node, const json& value, const std::string& path) {
    for (const auto* rule : node.rules) {
      if (rule->holds(value)) continue;
      const json* blamed = &value;
      std::string where = path;
      std::string_view rest = rule->child;
      while (!rest.empty()) {
        const auto end = std::min(rest.find('.'), rest.size());
        const std::string name(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        where += "." + name;
        if (blamed && blamed->is_object() && blamed->contains(name)) {
          blamed = &(*blamed)[name];
        } else {
          blamed = nullptr;
        }
      }
      std::string remedy(rule->remedy);
      if (blamed && blamed->is_array())
        if (const auto item = item_to_blame(*rule, value))
          remedy += fmt::format(" (in {}[{}])", rule->child, *item);
      add({.path = std::move(where),
           .value = blamed && blamed->is_primitive() ? shown(*blamed) : std::string(),
           .problem = std::string(rule->problem),
           .remedy = std::move(remedy)});
    }
  }

  UnknownFields unknown_;
  std::vector<FieldError> errors_;
  std::size_t found_ = 0;
};

}  // namespace

std::string shown(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return fmt::format("a list of {}", value.size());
  if (value.is_string())
    return json(capped(value.get_ref<const std::string&>(), shown_bytes_max))
        .dump(-1, ' ', false, json::error_handler_t::replace);
  if (value.is_binary() || value.is_discarded()) return "no JSON";
  if (value.is_number_float() && !std::isfinite(value.get<double>()))
    return fmt::format("{}", value.get<double>());
  return value.dump();
}

double decimal_of(const json& checked) {
  if (checked.is_number_integer()) return static_cast<double>(checked.get<std::int64_t>());
  return decimal_value(checked.get_ref<const std::string&>()).value_or(0);
}

std::vector<FieldError> errors_below(const Node& node, const json& value, UnknownFields unknown) {
  SpecReader reader(unknown);
  static_cast<void>(reader.read(node, value, std::string(node.name)));
  return std::move(reader.errors());
}

Checked<json> checked_spec(Kind kind, const json& object, UnknownFields unknown) {
  SpecReader reader(unknown);
  json spec;
  const auto found = object.is_object() ? object.find("spec") : object.end();
  if (!object.is_object()) {
    reader.add({.path = "object",
                .value = shown(object),
                .problem = "must be an object",
                .remedy = "write it as apiVersion, kind, metadata and spec"});
  } else if (found == object.end() || found->is_null()) {
    reader.add({.path = "spec",
                .value = {},
                .problem = "is required",
                .remedy = "write its fields as `name: value` below it"});
  } else {
    spec = reader.read(spec_tree(kind), *found, "spec");
  }
  if (!reader.errors().empty()) return tl::unexpected(std::move(reader.errors()));
  return spec;
}

}  // namespace poolscaler::api
