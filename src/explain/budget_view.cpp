// Budgets for a terminal and as JSON.
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fleet_words.hpp"
#include "poolscaler/money/caps.hpp"
#include "text_table.hpp"

namespace poolscaler::explain {
namespace {

using nlohmann::json;

constexpr std::size_t bar_columns = 20;
constexpr std::size_t tenants_shown_max = 20;

std::string_view period_text(const api::LimitStatus& limit) {
  if (limit.mode == LimitMode::Rate) return "per hour";
  return period_words(limit.period);
}

std::string percent_text(std::int64_t basis_points) {
  return fmt::format("{}.{} %", basis_points / 100, basis_points % 100 / 10);
}

Paint paint_of(std::int64_t used_basis_points) {
  if (used_basis_points >= 10'000) return Paint::Red;
  return used_basis_points >= 8'000 ? Paint::Yellow : Paint::Green;
}

std::string bar_of(std::int64_t used_basis_points) {
  const auto filled = static_cast<std::size_t>(
      std::clamp<std::int64_t>(used_basis_points * static_cast<std::int64_t>(bar_columns) / 10'000,
                               used_basis_points > 0 ? 1 : 0, bar_columns));
  return std::string(filled, '#') + std::string(bar_columns - filled, '.');
}

std::string projection_of(const api::LimitStatus& limit, const std::optional<Amount>& projected) {
  if (!projected) return "-";
  return fmt::format("{} ({})", shown(*projected),
                     percent_text(money::basis_points(*projected, limit.amount)));
}

std::string state_of(const api::LimitStatus& limit) {
  if (limit.act != "None") return std::string(limit.act);
  return limit.guard.warned ? "warned" : "open";
}

const api::Condition* trouble_of(const BudgetView& budget) {
  const auto& conditions = budget.status.conditions;
  const auto ready =
      std::ranges::find(conditions, std::string_view("Ready"), &api::Condition::type);
  const bool fine = ready == conditions.end() || ready->status != api::ConditionStatus::False;
  return fine ? nullptr : &*ready;
}

/// Of one without limits to tell of: nobody has counted it, or nobody can.
std::vector<Cell> bare_row(const BudgetView& budget) {
  const auto* trouble = trouble_of(budget);
  std::vector<Cell> row = {{budget.name}};
  for (const auto* cell : {"-", "-", "-", "", "-", "-", "-"}) row.push_back({cell});
  if (trouble == nullptr)
    row.push_back({"not counted yet"});
  else
    row.push_back({std::string(name_of(trouble->reason)), Paint::Red});
  return row;
}

TextTable limits_table(const std::vector<BudgetView>& budgets) {
  TextTable table(
      {"BUDGET", "LIMIT", ">SPENT", ">OF", "", "USED", ">LEFT", ">AT THE END", "STATE"});
  for (const auto& budget : budgets) {
    if (budget.status.limits.empty()) table.add(bare_row(budget));
    for (const auto& limit : budget.status.limits) {
      const auto paint = paint_of(limit.used_basis_points);
      table.add({{budget.name},
                 {limit.name},
                 {shown(limit.accrued)},
                 {shown(limit.amount)},
                 {std::string(period_text(limit))},
                 {fmt::format("{} {}", bar_of(limit.used_basis_points),
                              percent_text(limit.used_basis_points)),
                  paint},
                 {shown(limit.headroom)},
                 {projection_of(limit, limit.projected_worst)},
                 {state_of(limit), limit.act == "None" ? Paint::Plain : Paint::Red}});
    }
  }
  return table;
}

std::string limit_text(const api::LimitStatus& limit, Instant now, const TextStyle& style) {
  auto text = fmt::format(
      "\n{}  {} {}\n  {} of {} {}, {} left\n",
      painted(limit.name, Paint::Bold, style.colour),
      painted(bar_of(limit.used_basis_points), paint_of(limit.used_basis_points), style.colour),
      percent_text(limit.used_basis_points), shown(limit.accrued), shown(limit.amount),
      period_text(limit), shown(limit.headroom));
  if (const auto reserved = limit.amount - limit.accrued - limit.headroom; reserved > Amount())
    text += fmt::format("  {} is reserved for {}\n", shown(reserved),
                        limit.mode == LimitMode::Rate
                            ? "what is on its way"
                            : "what is protected or paid anyway until the period ends");
  if (limit.period_end)
    text += fmt::format("  the period ends {}, in {}\n", to_rfc3339(*limit.period_end),
                        time_text(*limit.period_end - now));
  if (limit.pace)
    text += fmt::format("  {} an hour until then would be all of it\n", shown(*limit.pace));
  if (limit.projected_worst)
    text += fmt::format("  at its end, at this rate: {}\n",
                        projection_of(limit, limit.projected_worst));
  if (limit.projected_typical)
    text += fmt::format("  at its end, as such hours usually cost: {}\n",
                        projection_of(limit, limit.projected_typical));
  if (limit.exhausted_at)
    text += fmt::format("  spent at this rate {}, in {}\n", to_rfc3339(*limit.exhausted_at),
                        time_text(*limit.exhausted_at - now));
  if (limit.act != "None") text += fmt::format("  {}", limit.act);
  if (limit.act != "None" && limit.guard.frozen_since)
    text += fmt::format(" since {}", to_rfc3339(*limit.guard.frozen_since));
  if (limit.resumes_at)
    text += fmt::format("; may resume {} at the earliest", to_rfc3339(*limit.resumes_at));
  if (limit.act != "None") text += "\n";
  if (!limit.guard.fired.empty())
    text += fmt::format("  told of {} %\n", fmt::join(limit.guard.fired, ", "));
  return text;
}

std::string tenants_text(const api::PeriodStatus& period, const std::string& dimension,
                         const TextStyle& style) {
  std::vector<const api::TenantCost*> tenants;
  for (const auto& tenant : period.tenants)
    if (tenant.dimension == dimension) tenants.push_back(&tenant);
  if (tenants.empty()) return "";
  std::ranges::stable_sort(tenants, [](const auto* a, const auto* b) {
    return a->cost.amount > b->cost.amount;
  });
  TextTable table({dimension, ">SPENT", ">SHARE"});
  const auto share = [&](Amount part) {
    return percent_text(money::basis_points(part, period.bill.amount));
  };
  for (std::size_t i = 0; i < tenants.size() && i < tenants_shown_max; ++i)
    table.add({{tenants[i]->value.empty() ? "(untagged)" : tenants[i]->value},
               {shown(tenants[i]->cost.amount)},
               {share(tenants[i]->cost.amount)}});
  table.add({{"(idle)", Paint::Dim}, {shown(period.idle.amount)}, {share(period.idle.amount)}});
  auto text = table.text("  ", style.colour);
  if (tenants.size() > tenants_shown_max)
    text += fmt::format("  and {} more\n", tenants.size() - tenants_shown_max);
  return text;
}

std::string period_text(const api::LedgerStatus& ledger, const api::PeriodStatus& period,
                        const TextStyle& style) {
  auto text = fmt::format("\n{}: {}", period_words(period.kind), shown(period.bill.amount));
  text[1] = static_cast<char>(text[1] - 'a' + 'A');  // it begins a line
  if (period.partial) text += " (counted from within the period)";
  if (period.unpriced > Millis(0))
    text += fmt::format(", and {} of nodes without a known price", time_text(period.unpriced));
  if (period.closed)
    text += fmt::format("; the one before: {}", shown(period.closed->bill.amount));
  text += "\n";
  for (const auto& dimension : ledger.dimensions) text += tenants_text(period, dimension, style);
  return text;
}

std::string anomaly_text(const api::AnomalyStatus& anomaly, const TextStyle& style) {
  if (!anomaly.anomalous) return "";
  const auto sentence = fmt::format("The hour of {} cost {}, such hours cost {}: {}",
                                    to_rfc3339(anomaly.hour), shown(anomaly.cost),
                                    shown(anomaly.expected), anomaly.message);
  return "\n" + painted(sentence, Paint::Yellow, style.colour) + "\n";
}

/// Reasons of conditions that are as they should be. Nodes that are emptied are told one by one.
constexpr std::array good_reasons = {
    Reason::Valid,           Reason::PricesKnown,  Reason::CapacityAvailable,
    Reason::NothingDraining, Reason::NodeDraining, Reason::BudgetWithin,
    Reason::ForecastWithin,  Reason::CostUsual,    Reason::BudgetResumed};

}  // namespace

std::string time_text(Millis time) {
  const auto seconds = std::max<std::int64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(time).count(), 0);
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (seconds < 7'200) return fmt::format("{}m", seconds / 60);
  if (seconds < 172'800) return fmt::format("{}h {}m", seconds / 3'600, seconds % 3'600 / 60);
  return fmt::format("{}d {}h", seconds / 86'400, seconds % 86'400 / 3'600);
}

std::string conditions_text(const std::vector<api::Condition>& conditions,
                            const TextStyle& style) {
  std::string text;
  for (const auto& condition : conditions)
    if (std::ranges::find(good_reasons, condition.reason) == good_reasons.end())
      text += fmt::format("  {}: {}\n",
                          painted(name_of(condition.reason), Paint::Yellow, style.colour),
                          condition.message);
  return text;
}

std::string_view period_words(BudgetPeriod period) {
  switch (period) {
    case BudgetPeriod::Hour: return "this hour";
    case BudgetPeriod::Day: return "today";
    case BudgetPeriod::Month: return "this month";
  }
  return "";
}

std::string budgets_text(const std::vector<BudgetView>& budgets, const TextStyle& style) {
  if (budgets.empty()) return "";
  auto text = "\n" + limits_table(budgets).text("", style.colour);
  for (const auto& budget : budgets)
    if (const auto* trouble = trouble_of(budget))
      text += fmt::format("  {} {}: {}\n", budget.name,
                          painted(name_of(trouble->reason), Paint::Yellow, style.colour),
                          trouble->message);
  return text;
}

json budget_json(const BudgetView& budget) {
  return {{"name", budget.name},
          {"onLimit", budget.on_limit},
          {"status", json::parse(api::render_budget_status(budget.status))}};
}

std::string text_of(const BudgetView& budget, Instant now, const TextStyle& style) {
  const auto& status = budget.status;
  auto text = painted(budget.name, Paint::Bold, style.colour);
  if (!status.ledger)
    return text +
           (status.conditions.empty()
                ? "  nothing is counted in its status yet: is the operator running?\n"
                : "  nothing is counted\n") +
           conditions_text(status.conditions, style);
  text += fmt::format("  {} {}/h now", shown(status.rate), status.currency.code());
  if (status.committed > HourlyRate())
    text += fmt::format(" and {} that is paid anyway", shown(status.committed));
  text += fmt::format(", counted to {}; at a limit: {}\n", to_rfc3339(status.ledger->counted_to),
                      budget.on_limit);
  if (status.unpriced_nodes > 0)
    text += fmt::format("  {} of {} nodes have no known price and are not in this\n",
                        status.unpriced_nodes, status.nodes);
  text += conditions_text(status.conditions, style);
  for (const auto& limit : status.limits) text += limit_text(limit, now, style);
  for (const auto& period : status.ledger->periods)
    text += period_text(*status.ledger, period, style);
  if (status.anomaly) text += anomaly_text(*status.anomaly, style);
  return text;
}

std::string json_of(const BudgetView& budget) { return budget_json(budget).dump(2) + "\n"; }

}  // namespace poolscaler::explain
