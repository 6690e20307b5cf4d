#include "yaml_writer.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

namespace poolscaler::api {
namespace {

using nlohmann::json;

constexpr std::size_t columns_max = 96;
constexpr std::size_t folded_column_min = 40;

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '/' || c == '-';
}

/// Text that every reader of YAML takes for text without quotes.
bool is_plain(std::string_view text) {
  constexpr std::array<std::string_view, 10> taken = {"true", "false", "yes",  "no", "on",
                                                      "off",  "null",  "none", "y",  "n"};
  if (text.empty() || !((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z')))
    return false;
  if (!std::ranges::all_of(text, is_word_char)) return false;
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return std::ranges::find(taken, lowered) == taken.end();
}

/// One line whose words stand one space apart, so that folding gives it back exactly.
bool is_foldable(std::string_view text) {
  return text.find('\n') == std::string_view::npos && text.find('\t') == std::string_view::npos &&
         text.find("  ") == std::string_view::npos && !text.empty() && text.front() != ' ' &&
         text.back() != ' ' && text.find(' ') != std::string_view::npos;
}

class Writer {
 public:
  std::string out;

  void value(const json& node, std::size_t indent) {
    if (node.is_object() && !node.empty()) {
      object(node, indent);
    } else if (node.is_array() && !node.empty()) {
      array(node, indent);
    } else {
      scalar(node, indent);
      out += '\n';
    }
  }

 private:
  void object(const json& node, std::size_t indent) {
    bool first = true;
    for (const auto& item : node.items()) {
      // The first key of an object in a list stands behind its dash.
      if (!first || out.empty() || out.back() == '\n') out.append(indent, ' ');
      first = false;
      out += is_plain(item.key()) ? item.key() : json(item.key()).dump();
      out += ':';
      const auto& inner = item.value();
      if (inner.is_object() && !inner.empty()) {
        out += '\n';
        value(inner, indent + 2);
      } else if (inner.is_array() && !inner.empty()) {
        out += '\n';
        value(inner, indent);
      } else {
        out += ' ';
        value(inner, indent + 2);
      }
    }
  }

  void array(const json& node, std::size_t indent) {
    for (const auto& inner : node) {
      out.append(indent, ' ');
      out += "- ";
      value(inner, indent + 2);
    }
  }

  void scalar(const json& node, std::size_t indent) {
    if (!node.is_string()) {
      out += node.dump();
      return;
    }
    const auto& text = node.get_ref<const std::string&>();
    if (is_plain(text)) {
      out += text;
    } else if (text.size() > columns_max - indent && is_foldable(text)) {
      folded(text, indent);
    } else {
      out += node.dump();
    }
  }

  void folded(std::string_view text, std::size_t indent) {
    const auto width = std::max(columns_max - std::min(indent, columns_max), folded_column_min);
    out += ">-";
    while (!text.empty()) {
      auto end = text.size();
      if (end > width) {
        end = text.rfind(' ', width);
        if (end == std::string_view::npos) end = std::min(text.find(' '), text.size());
      }
      out += '\n';
      out.append(indent, ' ');
      out += text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
};

}  // namespace

std::string yaml_text(const json& value) {
  Writer writer;
  writer.value(value, 0);
  return std::move(writer.out);
}

}  // namespace poolscaler::api
