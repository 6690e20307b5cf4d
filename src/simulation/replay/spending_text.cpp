#include "spending_text.hpp"

#include <fmt/format.h>

#include "table.hpp"

namespace poolscaler::replay {
namespace {

double node_hours(std::int64_t micros) { return static_cast<double>(micros) / 3.6e9; }

std::vector<std::string> row_of(const std::string& title, const Figures& figures) {
  const auto& spending = *figures.spending;
  std::vector<std::string> row = {title};
  for (std::size_t i = 0; i < capacity_type_count; ++i) {
    row.push_back(hours_text(node_hours(spending.node_micros[i])));
    row.push_back(shown(spending.cost[i]));
  }
  row.push_back(shown(spending.total()));
  row.push_back(shown(spending.idle));
  row.push_back(shown(spending.most_rate));
  row.push_back(std::to_string(spending.most_nodes));
  row.push_back(std::to_string(spending.nodes_started));
  row.push_back(std::to_string(spending.nodes_interrupted));
  row.push_back(std::to_string(figures.restarted));
  return row;
}

std::string percent_text(std::int64_t basis_points) {
  return fmt::format("{}.{:02} %", basis_points / 100, basis_points % 100);
}

}  // namespace

bool has_spending(const Study& study) {
  for (const auto& standing : study.standings)
    for (const auto& ran : standing.ran)
      if (ran.total.spending) return true;
  return false;
}

std::vector<std::vector<std::string>> spending_rows(const Study& study) {
  std::vector<std::vector<std::string>> rows = {{""}};
  for (const auto type : {CapacityType::OnDemand, CapacityType::Spot, CapacityType::Reserved}) {
    rows[0].push_back(fmt::format("{} node-h", poolscaler::name_of(type)));
    rows[0].push_back("cost");
  }
  for (const auto* head : {"total", "of it idle", "most an hour", "most nodes", "nodes started",
                           "interrupted", "requests restarted"})
    rows[0].emplace_back(head);
  for (const auto& standing : study.standings)
    for (const auto& ran : standing.ran) {
      if (!ran.total.spending) continue;
      for (std::size_t i = 0; i < ran.by_load.size(); ++i)
        rows.push_back(row_of(fmt::format("{}, {}", standing.name, study.cases[i].load.name),
                              ran.by_load[i]));
      rows.push_back(row_of(ran.by_load.empty() ? standing.name : standing.name + ", all",
                            ran.total));
    }
  return rows;
}

std::vector<std::string> limit_lines(const Spending& spending) {
  std::vector<std::string> lines;
  for (const auto& use : spending.limits)
    lines.push_back(fmt::format("budget {} ({}): at most {} used", use.budget, use.limit,
                                percent_text(use.most_basis_points)));
  return lines;
}

std::vector<std::string> capped_lines(const Spending& spending) {
  std::vector<std::string> lines;
  for (const auto reason : all_reasons)
    if (const auto count = spending.capped[static_cast<std::size_t>(reason)]; count > 0)
      lines.push_back(fmt::format("{} {}", poolscaler::name_of(reason), count));
  return lines;
}

std::string spending_text(const Study& study) {
  if (!has_spending(study)) return {};
  auto rows = spending_rows(study);
  Table table(std::move(rows.front()));
  for (std::size_t i = 1; i < rows.size(); ++i) table.row(std::move(rows[i]));
  auto text = "\nnodes and money\n" + table.text();
  for (const auto& standing : study.standings)
    for (const auto& ran : standing.ran) {
      if (!ran.total.spending) continue;
      const auto capped = capped_lines(*ran.total.spending);
      const auto limits = limit_lines(*ran.total.spending);
      if (!capped.empty()) text += fmt::format("\ndecisions of {} that were cut\n", standing.name);
      for (const auto& line : capped) text += "  " + line + "\n";
      if (!limits.empty()) text += fmt::format("\nlimits over {}\n", standing.name);
      for (const auto& line : limits) text += "  " + line + "\n";
    }
  return text;
}

}  // namespace poolscaler::replay
