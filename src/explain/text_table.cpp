#include "text_table.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace poolscaler::explain {
namespace {

constexpr std::string_view gap = "  ";

std::string_view code_of(Paint paint) {
  switch (paint) {
    case Paint::Plain: return "";
    case Paint::Bold: return "1";
    case Paint::Dim: return "2";
    case Paint::Red: return "31";
    case Paint::Green: return "32";
    case Paint::Yellow: return "33";
  }
  return "";
}

std::string padded(const std::string& text, std::string_view bare, std::size_t width,
                   bool to_the_right) {
  const std::string fill(width - std::min(width, columns_of(bare)), ' ');
  return to_the_right ? fill + text : text + fill;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string painted(std::string_view text, Paint paint, bool colour) {
  if (!colour || paint == Paint::Plain || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code_of(paint), text);
}

TextTable::TextTable(std::vector<std::string_view> headings) {
  for (auto heading : headings) {
    to_the_right_.push_back(heading.starts_with('>'));
    if (heading.starts_with('>')) heading.remove_prefix(1);
    headings_.emplace_back(heading);
  }
}

void TextTable::add(std::vector<Cell> cells) {
  cells.resize(headings_.size());
  rows_.push_back(std::move(cells));
}

std::string TextTable::text(std::string_view indent, bool colour) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < headings_.size(); ++i) {
    auto width = columns_of(headings_[i]);
    for (const auto& row : rows_) width = std::max(width, columns_of(row[i].text));
    widths.push_back(width);
  }
  std::string out;
  const auto line = [&](const auto& text_of_column, const auto& paint_of_column) {
    std::string row(indent);
    for (std::size_t i = 0; i < headings_.size(); ++i) {
      const std::string& bare = text_of_column(i);
      row += padded(painted(bare, paint_of_column(i), colour), bare, widths[i], to_the_right_[i]);
      if (i + 1 < headings_.size()) row += gap;
    }
    row.erase(row.find_last_not_of(' ') + 1);
    out += row + "\n";
  };
  line([&](std::size_t i) -> const std::string& { return headings_[i]; },
       [](std::size_t) { return Paint::Dim; });
  for (const auto& row : rows_)
    line([&](std::size_t i) -> const std::string& { return row[i].text; },
         [&](std::size_t i) { return row[i].paint; });
  return out;
}

}  // namespace poolscaler::explain
