// A table of text: columns as wide as their widest cell, numbers to the right.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace poolscaler::explain {

// Select Graphic Rendition.
enum class Paint { Plain, Bold, Dim, Red, Green, Yellow };

struct Cell {
  std::string text;
  Paint paint = Paint::Plain;
};

/// The characters that the text takes on a terminal: code points.
[[nodiscard]] std::size_t columns_of(std::string_view text);
[[nodiscard]] std::string painted(std::string_view text, Paint paint, bool colour);

class TextTable {
 public:
  /// A heading that begins with '>' is of a column whose cells stand to the right.
  explicit TextTable(std::vector<std::string_view> headings);
  /// As many cells as there are headings; fewer leave the last ones empty.
  void add(std::vector<Cell> cells);
  [[nodiscard]] std::string text(std::string_view indent, bool colour) const;

 private:
  std::vector<std::string> headings_;
  std::vector<bool> to_the_right_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace poolscaler::explain
