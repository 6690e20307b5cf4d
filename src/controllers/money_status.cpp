#include "money_status.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace poolscaler::controllers::told {
namespace {

using api::ConditionStatus;

api::ExactAmount exact(const money::Integral& integral) {
  return {.amount = integral.rounded_down(), .rest = integral.rest()};
}

money::Integral integral(const api::ExactAmount& exact) {
  return money::Integral::of(exact.amount, exact.rest);
}

BudgetPeriod period_of(money::PeriodKind kind) {
  switch (kind) {
    case money::PeriodKind::Hour: return BudgetPeriod::Hour;
    case money::PeriodKind::Day: return BudgetPeriod::Day;
    case money::PeriodKind::Month: return BudgetPeriod::Month;
  }
  return BudgetPeriod::Hour;
}

money::PeriodKind kind_of(BudgetPeriod period) {
  switch (period) {
    case BudgetPeriod::Hour: return money::PeriodKind::Hour;
    case BudgetPeriod::Day: return money::PeriodKind::Day;
    case BudgetPeriod::Month: return money::PeriodKind::Month;
  }
  return money::PeriodKind::Hour;
}

api::PeriodStatus period_status(const money::PeriodBook& book,
                                const std::vector<std::string>& dimensions) {
  api::PeriodStatus status{.kind = period_of(book.kind),
                           .begin = book.period.begin,
                           .end = book.period.end,
                           .partial = book.partial,
                           .bill = exact(book.book.bill),
                           .idle = exact(book.book.idle),
                           .unpriced = book.book.unpriced};
  for (std::size_t i = 0; i < std::min(dimensions.size(), book.book.tenants.size()); ++i)
    for (const auto& [value, cost] : book.book.tenants[i])
      status.tenants.push_back(
          {.dimension = dimensions[i], .value = value, .cost = exact(cost)});
  if (book.closed)
    status.closed = api::ClosedPeriodStatus{.begin = book.closed->begin,
                                            .end = book.closed->end,
                                            .bill = exact(book.closed_bill)};
  return status;
}

money::PeriodBook period_book(const api::PeriodStatus& status,
                              const std::vector<std::string>& dimensions) {
  money::PeriodBook book{
      .kind = kind_of(status.kind),
      .period = {status.begin, status.end},
      .partial = status.partial,
      .book = {.bill = integral(status.bill),
               .idle = integral(status.idle),
               .tenants = std::vector<std::map<std::string, money::Integral>>(dimensions.size()),
               .unpriced = status.unpriced}};
  for (const auto& tenant : status.tenants) {
    const auto found = std::ranges::find(dimensions, tenant.dimension);
    if (found == dimensions.end()) continue;
    const auto index = static_cast<std::size_t>(found - dimensions.begin());
    book.book.tenants[index][tenant.value] += integral(tenant.cost);
  }
  if (!status.closed) return book;
  book.closed = money::Period{status.closed->begin, status.closed->end};
  book.closed_bill = integral(status.closed->bill);
  return book;
}

api::GuardStatus guard_status(const money::GuardState& state) {
  return {.period_begin = state.period_begin,
          .amount = state.amount,
          .fired = state.fired,
          .near = state.near,
          .warned = state.warned,
          .frozen_since = state.frozen_since,
          .over_since = state.over_since};
}

money::GuardState guard_state(const api::GuardStatus& status) {
  return {.period_begin = status.period_begin,
          .amount = status.amount,
          .fired = status.fired,
          .near = status.near,
          .warned = status.warned,
          .frozen_since = status.frozen_since,
          .over_since = status.over_since};
}

api::LimitStatus limit_status(const money::LimitStanding& standing, BudgetPeriod period) {
  api::LimitStatus status{.name = standing.name,
                          .mode = standing.mode,
                          .period = period,
                          .amount = standing.amount,
                          .accrued = standing.used,
                          .used_basis_points = standing.used_basis_points,
                          .headroom = standing.headroom,
                          .projected_worst = standing.projected_worst,
                          .projected_typical = standing.projected_typical,
                          .exhausted_at = standing.exhausted_at,
                          .resumes_at = standing.resumes_earliest,
                          .act = money::name_of(standing.act),
                          .message = standing.words};
  status.partial = standing.partial;
  status.pace = standing.pace;
  if (!standing.current) return status;
  status.period_begin = standing.current->begin;
  status.period_end = standing.current->end;
  return status;
}

std::string_view word_of(money::Baseline baseline) {
  switch (baseline) {
    case money::Baseline::HourOfWeek: return "HourOfWeek";
    case money::Baseline::Mean: return "Mean";
    case money::Baseline::TooShort: return "TooShort";
  }
  return "TooShort";
}

std::optional<api::AnomalyStatus> anomaly_status(const money::AnomalyVerdict& verdict,
                                                 const money::CostHistory& history) {
  if (history.hours.empty()) return std::nullopt;
  const auto& hour = history.hours.back();
  return api::AnomalyStatus{.hour = hour.begin,
                            .anomalous = verdict.anomalous,
                            .baseline = word_of(verdict.baseline),
                            .cost = hour.cost(),
                            .expected = verdict.expected,
                            .by_nodes = verdict.change.nodes,
                            .by_price = verdict.change.price,
                            .by_mix = verdict.change.mix,
                            .message = verdict.words};
}

void put_history(api::BudgetStatus& status, const money::CostHistory& history) {
  for (const auto& hour : history.hours) {
    auto& to = status.history.emplace_back(
        api::CostHourStatus{.begin = hour.begin, .excluded = hour.excluded});
    for (const auto& group : hour.groups)
      to.groups.push_back(
          {.group = group.group, .milli_nodes = group.milli_nodes, .price = group.price});
  }
  if (history.open_begin == Instant()) return;
  status.open_hour.emplace(api::OpenHourStatus{.begin = history.open_begin});
  for (const auto& group : history.open)
    status.open_hour->groups.push_back({.group = group.group,
                                        .node_micros = group.node_micros,
                                        .cost = exact(group.cost)});
}

money::CostHistory history_of(const api::BudgetStatus& status) {
  money::CostHistory history;
  for (const auto& hour : status.history) {
    auto& to = history.hours.emplace_back(
        money::CostHour{.begin = hour.begin, .excluded = hour.excluded});
    for (const auto& group : hour.groups)
      to.groups.push_back(
          {.group = group.group, .milli_nodes = group.milli_nodes, .price = group.price});
  }
  if (!status.open_hour) return history;
  history.open_begin = status.open_hour->begin;
  for (const auto& group : status.open_hour->groups)
    history.open.push_back({.group = group.group,
                            .node_micros = group.node_micros,
                            .cost = integral(group.cost)});
  return history;
}

struct Told {
  ConditionStatus status;
  Reason reason;
  std::string message{};
};

Told ready_of(const money::BudgetStanding& standing) {
  if (!standing.trouble.empty())
    return {ConditionStatus::False, Reason::BudgetInvalid, standing.trouble};
  return {ConditionStatus::True, Reason::Valid, standing.note};
}

/// The words of all limits that something is done about.
Told exceeded_of(const money::BudgetStanding& standing) {
  std::string words;
  bool exceeded = false;
  for (const auto& limit : standing.limits) {
    const bool full = limit.used_basis_points >= 10'000;
    if (!full && limit.act == money::GuardAct::None) continue;
    exceeded = true;
    words += fmt::format("{}{}: {}", words.empty() ? "" : "; ", limit.name, limit.words);
  }
  if (exceeded) return {ConditionStatus::True, Reason::BudgetExceeded, std::move(words)};
  return {ConditionStatus::False, Reason::BudgetWithin};
}

Told forecast_of(const money::BudgetStanding& standing) {
  std::string words;
  for (const auto& limit : standing.limits) {
    if (!limit.projected_worst) continue;
    const auto projected = limit.projected_typical.value_or(*limit.projected_worst);
    if (projected < limit.amount) continue;
    words += fmt::format("{}{}: {} of {} by the {}", words.empty() ? "" : "; ", limit.name,
                         shown(projected), shown(limit.amount),
                         limit.projected_typical ? "typical projection" : "worst projection");
  }
  if (!words.empty()) return {ConditionStatus::True, Reason::ForecastExceeded, std::move(words)};
  return {ConditionStatus::False, Reason::ForecastWithin};
}

Told prices_of(const money::BudgetStanding& standing) {
  if (standing.unpriced > 0)
    return {ConditionStatus::False, Reason::PriceUnknown,
            fmt::format("{} of {} nodes have no known price and are in no amount; see the "
                        "conditions of their AcceleratorPool",
                        standing.unpriced, standing.nodes)};
  if (standing.contested > 0)
    return {ConditionStatus::False, Reason::NodesAmbiguous,
            fmt::format("{} of {} nodes are of several node groups and counted with the dearest "
                        "of their prices, and nothing is taken on it; see the conditions of their "
                        "AcceleratorPool",
                        standing.contested, standing.nodes)};
  if (standing.doubtful > 0)
    return {ConditionStatus::False, Reason::PriceStale,
            fmt::format("{} of {} nodes are counted with a stale price and what prices move in a "
                        "day; apply a newer PriceCatalog",
                        standing.doubtful, standing.nodes)};
  return {ConditionStatus::True, Reason::PricesKnown};
}

Told anomaly_of(const money::BudgetStanding& standing) {
  if (standing.anomaly.anomalous)
    return {ConditionStatus::True, Reason::CostAnomaly, standing.anomaly.words};
  return {ConditionStatus::False, Reason::CostUsual};
}

}  // namespace

api::LedgerStatus ledger_status(const money::LedgerState& state) {
  api::LedgerStatus status{.counted_to = state.counted_to,
                           .time_zone = state.zone,
                           .rate = state.rate,
                           .unpriced_nodes = static_cast<std::int64_t>(state.unpriced),
                           .dimensions = state.dimensions};
  for (const auto& book : state.books)
    status.periods.push_back(period_status(book, state.dimensions));
  return status;
}

money::LedgerState ledger_state(const api::LedgerStatus& status) {
  money::LedgerState state{
      .zone = status.time_zone,
      .dimensions = status.dimensions,
      .counted_to = status.counted_to,
      .rate = status.rate,
      .unpriced = static_cast<std::size_t>(std::max<std::int64_t>(status.unpriced_nodes, 0))};
  for (const auto& period : status.periods)
    state.books.push_back(period_book(period, state.dimensions));
  return state;
}

api::BudgetStatus budget_status(const BudgetStatusInput& input, Instant now) {
  api::BudgetStatus status{.observed_generation = input.generation,
                           .conditions = budget_conditions(input, now),
                           .currency = input.budget.currency,
                           .rate = input.standing.rate,
                           .committed = input.standing.committed,
                           .nodes = static_cast<std::int64_t>(input.standing.nodes),
                           .unpriced_nodes = static_cast<std::int64_t>(input.standing.unpriced),
                           .doubtful_nodes = static_cast<std::int64_t>(input.standing.doubtful)};
  for (const auto& standing : input.standing.limits) {
    const auto declared = std::ranges::find(input.budget.limits, standing.name, &BudgetLimit::name);
    const auto period =
        declared == input.budget.limits.end() ? BudgetPeriod::Hour : declared->period;
    status.limits.push_back(limit_status(standing, period));
  }
  if (!input.state) return status;
  for (const auto& guard : input.state->guards) {
    const auto limit = std::ranges::find(status.limits, guard.limit, &api::LimitStatus::name);
    if (limit != status.limits.end() && limit->mode == guard.mode && limit->period == guard.period)
      limit->guard = guard_status(guard.state);
  }
  status.ledger = ledger_status(input.state->ledger);
  status.anomaly = anomaly_status(input.standing.anomaly, input.state->history);
  put_history(status, input.state->history);
  status.selection = input.state->selector;
  return status;
}

std::optional<money::BudgetState> budget_state(const std::string& uid,
                                               const api::BudgetStatus& status) {
  if (!status.ledger) return std::nullopt;
  money::BudgetState state{.uid = uid,
                           .ledger = ledger_state(*status.ledger),
                           .history = history_of(status),
                           .selector = status.selection};
  for (const auto& limit : status.limits)
    state.guards.push_back({.limit = limit.name,
                            .mode = limit.mode,
                            .period = limit.period,
                            .state = guard_state(limit.guard)});
  std::ranges::sort(state.guards, {}, &money::NamedGuard::limit);
  return state;
}

std::vector<api::Condition> budget_conditions(const BudgetStatusInput& input, Instant now) {
  const auto& standing = input.standing;
  const std::array<std::pair<std::string_view, Told>, 5> verdicts = {
      {{"Ready", ready_of(standing)},
       {"BudgetExceeded", exceeded_of(standing)},
       {"Forecast", forecast_of(standing)},
       {"PricesKnown", prices_of(standing)},
       {"Anomaly", anomaly_of(standing)}}};
  std::vector<api::Condition> conditions;
  for (const auto& [type, verdict] : verdicts) {
    const auto before =
        std::ranges::find(input.conditions_before, type, &api::Condition::type);
    const bool same =
        before != input.conditions_before.end() && before->status == verdict.status;
    conditions.push_back({.type = std::string(type),
                          .status = verdict.status,
                          .reason = verdict.reason,
                          .message = verdict.message.empty()
                                         ? std::string(text_of(verdict.reason))
                                         : verdict.message,
                          .observed_generation = input.generation,
                          .last_transition = same ? before->last_transition : now});
  }
  return conditions;
}

}  // namespace poolscaler::controllers::told
