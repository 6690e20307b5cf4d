#include "poolscaler/api/budget_status.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include <fmt/format.h>

#include "cost_budget.hpp"
#include "cost_history.hpp"
#include "enum_words.hpp"
#include "ledger_status.hpp"
#include "poolscaler/json/members.hpp"
#include "status_bounds.hpp"
#include "status_fields.hpp"
#include "status_json.hpp"

namespace poolscaler::api {
namespace {

using enum FieldType;
using nlohmann::json;

constexpr std::size_t used_text_max = 256;
constexpr std::int64_t basis_points_max = 99'999'999'999;
constexpr std::array<std::string_view, 4> acts = {"None", "Freeze", "Shed", "ScaleToZero"};
constexpr std::array<std::string_view, 3> baselines = {"TooShort", "Mean", "HourOfWeek"};

constexpr Field budget_status_rows[] = {
    {.path = "status",
     .type = Object,
     .doc = "Where the limits stand, and what the operator must still know after a restart. "
            "Written by the operator alone."},
    {.path = "status.currency",
     .type = Enum,
     .values = known_currencies,
     .doc = "Of all amounts."},
    {.path = "status.usedText",
     .type = Text,
     .max = used_text_max,
     .doc = "How much of each limit is used, in one line."},
    {.path = "status.rate",
     .type = Text,
     .max = amount_text_max,
     .unit = "per hour",
     .doc = "What is spent now, without what is paid anyway."},
    {.path = "status.committed",
     .type = Text,
     .max = amount_text_max,
     .unit = "per hour",
     .doc = "What is paid anyway for reserved nodes: it accrues, and is no part of a rate."},
    {.path = "status.nodes",
     .type = Integer,
     .max = generation_max,
     .unit = "nodes",
     .doc = "Nodes that are billed."},
    {.path = "status.unpricedNodes",
     .type = Integer,
     .max = generation_max,
     .unit = "nodes",
     .doc = "Those of which nobody knows the price."},
    {.path = "status.doubtfulNodes",
     .type = Integer,
     .max = generation_max,
     .unit = "nodes",
     .doc = "Those with a stale price, or that several groups claim at different ones."},
    {.path = "status.selection",
     .type = Text,
     .max = 20,
     .doc = "A digest of what the budget is about: hours of another selection are no measure."},
    {.path = "status.limits",
     .type = List,
     .max = budget_limits_max,
     .list = ListType::Map,
     .key = "name",
     .doc = "Where each limit stands."},
    {.path = "status.limits[].name",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 63,
     .doc = "Name of the limit."},
    {.path = "status.limits[].mode",
     .type = Enum,
     .values = "Rate|Accrued",
     .doc = "As in spec."},
    {.path = "status.limits[].period",
     .type = Enum,
     .values = "Hour|Day|Month",
     .doc = "As in spec."},
    {.path = "status.limits[].amount", .type = Text, .max = amount_text_max, .doc = "As in spec."},
    {.path = "status.limits[].periodBegin",
     .type = Time,
     .doc = "When the period of an `Accrued` amount began."},
    {.path = "status.limits[].periodEnd", .type = Time, .doc = "When it ends."},
    {.path = "status.limits[].partial",
     .type = Boolean,
     .doc = "True when the budget is younger than the period: all of the amount is there for what "
            "is left."},
    {.path = "status.limits[].pace",
     .type = Text,
     .max = amount_text_max,
     .unit = "per hour",
     .doc = "What may be spent an hour to have it all at the end."},
    {.path = "status.limits[].accrued",
     .type = Text,
     .max = amount_text_max,
     .doc = "What was spent in the period; of a `Rate`, what is spent an hour now."},
    {.path = "status.limits[].used",
     .type = Text,
     .max = number_text_max,
     .unit = "percent",
     .doc = "Its part of the amount, as a decimal."},
    {.path = "status.limits[].headroom",
     .type = Text,
     .max = amount_text_max,
     .doc = "What is left of the amount; negative when it is exceeded."},
    {.path = "status.limits[].projectedWorst",
     .type = Text,
     .max = amount_text_max,
     .doc = "What the period will have cost at its end when nothing is given back."},
    {.path = "status.limits[].projectedTypical",
     .type = Text,
     .max = amount_text_max,
     .doc = "What it will have cost when the hours that are left cost what they usually do."},
    {.path = "status.limits[].exhaustedTime",
     .type = Time,
     .doc = "When the amount is spent at this rate, where that is before the period ends."},
    {.path = "status.limits[].act",
     .type = Enum,
     .values = "None|Freeze|Shed|ScaleToZero",
     .doc = "What is done about it now."},
    {.path = "status.limits[].resumesTime",
     .type = Time,
     .doc = "When growth may go on at the earliest, while it is frozen."},
    {.path = "status.limits[].message",
     .type = Text,
     .max = condition_message_max,
     .doc = "Where it stands, in a sentence."},
    {.path = "status.limits[].guard",
     .type = Object,
     .doc = "What was said and done in this period."},
    {.path = "status.limits[].guard.periodBegin", .type = Time, .doc = "Of which period."},
    {.path = "status.limits[].guard.amount",
     .type = Text,
     .max = amount_text_max,
     .doc = "Of which amount; another one arms all thresholds again."},
    {.path = "status.limits[].guard.fired",
     .type = List,
     .max = thresholds_max,
     .list = ListType::Atomic,
     .doc = "Thresholds that were told of."},
    {.path = "status.limits[].guard.fired[]",
     .type = Integer,
     .max = 200,
     .unit = "percent",
     .doc = "One of them."},
    {.path = "status.limits[].guard.near",
     .type = List,
     .max = 3,
     .list = ListType::Atomic,
     .doc = "Whether the last rounds were near the limit, the newest first."},
    {.path = "status.limits[].guard.near[]", .type = Boolean, .doc = "True when one was near."},
    {.path = "status.limits[].guard.warned",
     .type = Boolean,
     .doc = "True while cheaper nodes are preferred and none is kept warm."},
    {.path = "status.limits[].guard.frozenTime",
     .type = Time,
     .doc = "Since when growth is frozen."},
    {.path = "status.limits[].guard.overTime",
     .type = Time,
     .doc = "Since when the limit is exceeded."},
    {.path = "status.anomaly",
     .type = Object,
     .doc = "Whether the last full hour cost more than such hours do."},
    {.path = "status.anomaly.hour", .type = Time, .required = true, .doc = "When it began."},
    {.path = "status.anomaly.anomalous", .type = Boolean, .doc = "True when it did."},
    {.path = "status.anomaly.baseline",
     .type = Enum,
     .values = "HourOfWeek|Mean|TooShort",
     .doc = "What it was compared with: the same hour of the last weeks, the mean of what is "
            "known, or nothing."},
    {.path = "status.anomaly.cost", .type = Text, .max = amount_text_max, .doc = "What it cost."},
    {.path = "status.anomaly.expected",
     .type = Text,
     .max = amount_text_max,
     .doc = "What such an hour costs."},
    {.path = "status.anomaly.byNodes",
     .type = Text,
     .max = amount_text_max,
     .doc = "The part of the difference that more nodes make."},
    {.path = "status.anomaly.byPrice",
     .type = Text,
     .max = amount_text_max,
     .doc = "... that higher prices make."},
    {.path = "status.anomaly.byMix",
     .type = Text,
     .max = amount_text_max,
     .doc = "... that dearer kinds of nodes make."},
    {.path = "status.anomaly.message",
     .type = Text,
     .max = condition_message_max,
     .doc = "The same in words."},
};

std::string percent_text(std::int64_t basis_points) {
  const auto told = std::clamp<std::int64_t>(basis_points, 0, basis_points_max);
  return fmt::format("{}.{:02}", told / 100, told % 100);
}

std::int64_t basis_points_of(std::string_view percent) {
  const json holder{{"percent", percent}};
  const auto parsed = amount_at(holder, "percent").value_or(Amount());
  return std::clamp<std::int64_t>(parsed.nano() / (Amount::per_whole / 100), 0, basis_points_max);
}

void put_amount(json& object, const char* name, const std::optional<Amount>& amount) {
  if (amount) object[name] = exact_text(*amount);
}
void put_time(json& object, const char* name, const std::optional<Instant>& time) {
  if (time) object[name] = to_rfc3339_micro(*time);
}

json guard_json(const GuardStatus& guard) {
  json out{{"periodBegin", to_rfc3339_micro(guard.period_begin)},
           {"amount", exact_text(guard.amount)},
           {"near", guard.near}};
  for (std::size_t i = 0; i < guard.fired.size() && i < thresholds_max; ++i)
    out["fired"].push_back(std::clamp(guard.fired[i], 0, 200));
  if (guard.warned) out["warned"] = true;
  put_time(out, "frozenTime", guard.frozen_since);
  put_time(out, "overTime", guard.over_since);
  return out;
}

json limit_json(const LimitStatus& limit) {
  json out{{"name", fitted(limit.name, 63)},
           {"mode", word_of(limit_mode_words, limit.mode)},
           {"period", word_of(budget_period_words, limit.period)},
           {"amount", exact_text(limit.amount)},
           {"accrued", exact_text(limit.accrued)},
           {"used", percent_text(limit.used_basis_points)},
           {"headroom", exact_text(limit.headroom)},
           {"act", limit.act},
           {"guard", guard_json(limit.guard)}};
  put_time(out, "periodBegin", limit.period_begin);
  put_time(out, "periodEnd", limit.period_end);
  if (limit.partial) out["partial"] = true;
  if (limit.pace) out["pace"] = exact_text(*limit.pace);
  put_text(out, "message", limit.message, condition_message_max);
  put_amount(out, "projectedWorst", limit.projected_worst);
  put_amount(out, "projectedTypical", limit.projected_typical);
  put_time(out, "exhaustedTime", limit.exhausted_at);
  put_time(out, "resumesTime", limit.resumes_at);
  return out;
}

std::string used_text(const std::vector<LimitStatus>& limits) {
  std::string text;
  for (const auto& limit : limits)
    text += fmt::format("{}{} {} %", text.empty() ? "" : ", ", limit.name,
                        percent_text(limit.used_basis_points));
  return text;
}

json anomaly_json(const AnomalyStatus& anomaly) {
  json out{{"hour", to_rfc3339(anomaly.hour)},
           {"anomalous", anomaly.anomalous},
           {"baseline", anomaly.baseline},
           {"cost", exact_text(anomaly.cost)},
           {"expected", exact_text(anomaly.expected)},
           {"byNodes", exact_text(anomaly.by_nodes)},
           {"byPrice", exact_text(anomaly.by_price)},
           {"byMix", exact_text(anomaly.by_mix)}};
  put_text(out, "message", anomaly.message, condition_message_max);
  return out;
}

/// One of the words, which live as long as the program; the first where it is none.
template <std::size_t N>
std::string_view word_at(const json& from, const char* name,
                         const std::array<std::string_view, N>& words) {
  const auto* found = std::ranges::find(words, text_at(from, name));
  return found == words.end() ? words.front() : *found;
}

template <class Enum, std::size_t N>
Enum enum_at(const json& from, const char* name, const EnumWords<Enum, N>& table) {
  const auto& word = at_path(from, name);
  return word.is_string() ? word_to(table, word) : static_cast<Enum>(0);
}

Amount amount_or_none(const json& from, const char* name) {
  return amount_at(from, name).value_or(Amount());
}

GuardStatus read_guard(const json& from) {
  GuardStatus guard{.period_begin = time_at(from, "periodBegin").value_or(Instant()),
                    .amount = amount_or_none(from, "amount"),
                    .warned = at_path(from, "warned") == true,
                    .frozen_since = time_at(from, "frozenTime"),
                    .over_since = time_at(from, "overTime")};
  each(at_path(from, "fired"), thresholds_max, [&](const json& percent) {
    if (percent.is_number_integer()) guard.fired.push_back(percent.get<int>());
  });
  std::size_t round = 0;
  each(at_path(from, "near"), guard.near.size(),
       [&](const json& near) { guard.near.at(round++) = near == true; });
  return guard;
}

LimitStatus read_limit(const json& from) {
  return {.name = text_at(from, "name"),
          .mode = enum_at(from, "mode", limit_mode_words),
          .period = enum_at(from, "period", budget_period_words),
          .amount = amount_or_none(from, "amount"),
          .period_begin = time_at(from, "periodBegin"),
          .period_end = time_at(from, "periodEnd"),
          .partial = at_path(from, "partial") == true,
          .pace = rate_at(from, "pace"),
          .accrued = amount_or_none(from, "accrued"),
          .used_basis_points = basis_points_of(text_at(from, "used")),
          .headroom = amount_or_none(from, "headroom"),
          .projected_worst = amount_at(from, "projectedWorst"),
          .projected_typical = amount_at(from, "projectedTypical"),
          .exhausted_at = time_at(from, "exhaustedTime"),
          .resumes_at = time_at(from, "resumesTime"),
          .act = word_at(from, "act", acts),
          .message = text_at(from, "message"),
          .guard = read_guard(at_path(from, "guard"))};
}

std::optional<AnomalyStatus> read_anomaly(const json& from) {
  const auto hour = time_at(from, "hour");
  if (!hour) return std::nullopt;
  return AnomalyStatus{.hour = *hour,
                       .anomalous = at_path(from, "anomalous") == true,
                       .baseline = word_at(from, "baseline", baselines),
                       .cost = amount_or_none(from, "cost"),
                       .expected = amount_or_none(from, "expected"),
                       .by_nodes = amount_or_none(from, "byNodes"),
                       .by_price = amount_or_none(from, "byPrice"),
                       .by_mix = amount_or_none(from, "byMix"),
                       .message = text_at(from, "message")};
}

std::int64_t nodes_count(std::int64_t nodes) {
  return std::clamp<std::int64_t>(nodes, 0, generation_max);
}

std::uint64_t selection_at(const json& from) {
  const auto text = text_at(from, "selection");
  std::uint64_t digest = 0;
  std::from_chars(text.data(), text.data() + text.size(), digest);
  return digest;
}

}  // namespace

std::span<const Field> budget_status_fields() {
  static const LedgerRows ledger("status.ledger");
  static const auto all = [] {
    std::vector<Field> rows(std::begin(budget_status_rows), std::end(budget_status_rows));
    for (const auto more : {std::span<const Field>(ledger.fields()), history_status_fields(),
                            condition_status_fields()})
      rows.insert(rows.end(), more.begin(), more.end());
    return rows;
  }();
  return all;
}

std::string render_budget_status(const BudgetStatus& status) {
  json out{{"observedGeneration", generation(status.observed_generation)},
           {"conditions", conditions_json(status.conditions)},
           {"currency", status.currency.code()},
           {"rate", exact_text(status.rate)},
           {"committed", exact_text(status.committed)},
           {"nodes", nodes_count(status.nodes)},
           {"unpricedNodes", nodes_count(status.unpriced_nodes)},
           {"doubtfulNodes", nodes_count(status.doubtful_nodes)},
           {"selection", fmt::format("{}", status.selection)},
           {"limits", json::array()}};
  std::set<std::string_view> seen;
  for (const auto& limit : status.limits)
    if (out["limits"].size() < budget_limits_max && !limit.name.empty() &&
        seen.insert(limit.name).second)
      out["limits"].push_back(limit_json(limit));
  put_text(out, "usedText", used_text(status.limits), used_text_max);
  if (status.ledger) out["ledger"] = ledger_json(*status.ledger);
  if (status.anomaly) out["anomaly"] = anomaly_json(*status.anomaly);
  if (!status.history.empty()) out["history"] = history_json(status.history);
  if (status.open_hour) out["openHour"] = open_hour_json(*status.open_hour);
  return dumped(out);
}

BudgetStatus read_budget_status(const json& object) {
  const auto& from = at_path(object, "status");
  BudgetStatus status{
      .observed_generation = generation_at(from),
      .conditions = read_conditions(at_path(from, "conditions")),
      .currency = Currency::parse(text_at(from, "currency")).value_or(Currency()),
      .rate = rate_at(from, "rate").value_or(HourlyRate()),
      .committed = rate_at(from, "committed").value_or(HourlyRate()),
      .nodes = integer_at(from, "nodes", generation_max),
      .unpriced_nodes = integer_at(from, "unpricedNodes", generation_max),
      .doubtful_nodes = integer_at(from, "doubtfulNodes", generation_max),
      .ledger = read_ledger(at_path(from, "ledger")),
      .anomaly = read_anomaly(at_path(from, "anomaly")),
      .history = read_history(at_path(from, "history")),
      .open_hour = read_open_hour(at_path(from, "openHour")),
      .selection = selection_at(from)};
  each(at_path(from, "limits"), budget_limits_max, [&](const json& limit) {
    if (!text_at(limit, "name").empty()) status.limits.push_back(read_limit(limit));
  });
  return status;
}

}  // namespace poolscaler::api
