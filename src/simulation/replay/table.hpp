// A table of aligned columns: the first to the left, the others to the right.
#pragma once

#include <string>
#include <vector>

#include "poolscaler/domain/amount.hpp"

namespace poolscaler::replay {

class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// "2.73", "12.4", "1234": three figures or whole.
[[nodiscard]] std::string hours_text(double hours);
/// What so many replica-hours cost at the price of one: "14.22".
[[nodiscard]] std::string cost_text(double hours, HourlyRate price);
/// "4.9 %".
[[nodiscard]] std::string share_text(double share);
/// "0.4 s", "75 s".
[[nodiscard]] std::string seconds_text(double seconds);

}  // namespace poolscaler::replay
