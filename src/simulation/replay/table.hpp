// A table of aligned columns: the first to the left, the others to the right.
#pragma once

#include <string>
#include <vector>

#include "poolscaler/domain/amount.hpp"
#include "poolscaler/simulation/replay/study.hpp"

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

/// What is told where a figure is about requests and there were none.
inline constexpr std::string_view no_figure = "-";
/// The share of delayed requests, and their mean, p50, p95, p99 and longest wait.
[[nodiscard]] std::vector<std::string> wait_cells(const Figures& figures);
/// The replica-hours of a bound.
[[nodiscard]] std::string bound_text(const Study& study, double replica_seconds);

}  // namespace poolscaler::replay
