// The lines of a trace file: split, counted and checked, one place for what is said of a bad one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/result.hpp"

namespace poolscaler::replay {

/// Bounds of one field, with the words for what is expected.
struct FieldRule {
  std::string_view name;
  double least;
  double most;
};

class TraceLines {
 public:
  /// Takes the header off. `text` must outlive this.
  TraceLines(std::string_view name, std::string_view text);

  [[nodiscard]] const std::vector<std::string_view>& header() const { return header_; }
  /// The fields of the next line that is not blank; nullptr at the end.
  [[nodiscard]] const std::vector<std::string_view>* next();
  [[nodiscard]] std::int64_t line() const { return line_; }

  /// The number in column `index` of the present line.
  [[nodiscard]] Result<double> number(std::size_t index, const FieldRule& rule) const;
  /// "file:17: problem; remedy".
  [[nodiscard]] Error bad(std::string_view problem) const;

 private:
  [[nodiscard]] bool take_line();

  std::string_view name_;
  std::string_view rest_;
  std::int64_t line_ = 0;
  std::vector<std::string_view> fields_;
  std::vector<std::string_view> header_;
};

}  // namespace poolscaler::replay
