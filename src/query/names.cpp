#include <algorithm>
#include <array>

#include "poolscaler/query/rendered.hpp"

namespace poolscaler::query {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// PromQL reads keywords without case.
bool is_word(std::string_view name, std::string_view word) {
  return std::ranges::equal(name, word, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return is_word(name, word); });
}

/// Words that the grammar of PromQL does not take as the name of a metric; the first two are
/// numbers to its lexer wherever they stand outside of braces.
constexpr std::array<std::string_view, 8> not_metrics{
    "inf", "nan", "bool", "on", "ignoring", "group_left", "group_right", "atan2"};
/// The same for labels in a grouping.
constexpr std::array<std::string_view, 3> not_labels{"inf", "nan", "without"};

/// The length of the character that starts `text`; 0 when it is not UTF-8.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!tail(1) || !tail(2)) return 0;
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool beyond = first == 0xF4 && byte(1) > 0x8F;
    return overlong || beyond ? 0 : 4;
  }
  return 0;
}

}  // namespace

bool is_metric_name(std::string_view name) {
  if (name.empty() || is_digit(name.front())) return false;
  const auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == ':'; };
  if (!std::ranges::all_of(name, fits)) return false;
  return !is_one_of(name, not_metrics);
}

bool is_label_name(std::string_view name) {
  if (name.empty() || is_digit(name.front()) || name == "__name__") return false;
  const auto fits = [](char c) { return is_letter(c) || is_digit(c); };
  return std::ranges::all_of(name, fits) && !is_one_of(name, not_labels);
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace poolscaler::query
