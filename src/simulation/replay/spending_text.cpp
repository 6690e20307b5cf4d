#include "spending_text.hpp"

#include <fmt/format.h>

#include "table.hpp"

namespace poolscaler::replay {
namespace {

double node_hours(std::int64_t micros) { return static_cast<double>(micros) / 3.6e9; }

std::vector<std::string> row_of(const std::string& title, const Spending& spending,
                                std::int64_t restarted) {
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
  row.push_back(std::to_string(restarted));
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
  return study.pool.has_value();
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
                              *ran.by_load[i].spending, ran.by_load[i].restarted));
      rows.push_back(row_of(ran.by_load.empty() ? standing.name : standing.name + ", all",
                            *ran.total.spending, ran.total.restarted));
    }
  if (study.pool)
    rows.push_back(
        row_of("pool " + study.pool->pool, study.pool->spending, study.pool->restarted));
  return rows;
}

std::vector<std::string> limit_lines(const Spending& spending) {
  std::vector<std::string> lines;
  for (const auto& use : spending.limits)
    lines.push_back(fmt::format("{} {} ({}): at most {} used", name_of(use.owner), use.name,
                                use.limit, percent_text(use.most_basis_points)));
  return lines;
}

std::vector<std::string> capped_lines(const ReasonCounts& capped) {
  std::vector<std::string> lines;
  for (const auto reason : all_reasons)
    if (const auto count = capped[static_cast<std::size_t>(reason)]; count > 0)
      lines.push_back(fmt::format("{} {}", poolscaler::name_of(reason), count));
  return lines;
}

std::vector<std::vector<std::string>> share_rows(const PoolBill& bill) {
  const auto total = bill.spending.total();
  std::vector<std::vector<std::string>> rows = {{"", "accelerator-h", "cost", "of the bill"}};
  const auto row = [&](const std::string& title, const std::string& hours, Amount cost) {
    const auto part = total > Amount()
                          ? static_cast<double>(cost.nano()) / static_cast<double>(total.nano())
                          : 0;
    rows.push_back({title, hours, shown(cost), share_text(part)});
  };
  for (const auto& share : bill.shares)
    row(share.policy, hours_text(node_hours(share.accelerator_micros)), share.cost);
  row("idle", "", bill.spending.idle);
  row("all", "", total);
  return rows;
}

namespace {

std::string lines_text(const std::string& title, const std::vector<std::string>& lines) {
  if (lines.empty()) return {};
  auto text = "\n" + title + "\n";
  for (const auto& line : lines) text += "  " + line + "\n";
  return text;
}

std::string table_text(std::vector<std::vector<std::string>> rows) {
  Table table(std::move(rows.front()));
  for (std::size_t i = 1; i < rows.size(); ++i) table.row(std::move(rows[i]));
  return table.text();
}

std::string bill_text(const PoolBill& bill) {
  auto text = fmt::format("\nwho had pool {}\n", bill.pool) + table_text(share_rows(bill));
  for (const auto& share : bill.shares)
    text += lines_text(fmt::format("decisions of {} that were cut", share.policy),
                       capped_lines(share.capped));
  return text + lines_text(fmt::format("limits over pool {}", bill.pool),
                           limit_lines(bill.spending));
}

}  // namespace

std::string spending_text(const Study& study) {
  if (!has_spending(study)) return {};
  auto text = "\nnodes and money\n" + table_text(spending_rows(study));
  for (const auto& standing : study.standings)
    for (const auto& ran : standing.ran) {
      if (!ran.total.spending) continue;
      text += lines_text(fmt::format("decisions of {} that were cut", standing.name),
                         capped_lines(ran.total.spending->capped));
      text += lines_text(fmt::format("limits over {}", standing.name),
                         limit_lines(*ran.total.spending));
    }
  return study.pool ? text + bill_text(*study.pool) : text;
}

}  // namespace poolscaler::replay
