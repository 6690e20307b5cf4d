#include "ledger_status.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "enum_words.hpp"
#include "poolscaler/api/time_zones.hpp"
#include "poolscaler/json/members.hpp"
#include "status_bounds.hpp"
#include "status_json.hpp"

namespace poolscaler::api {
namespace {

using enum FieldType;
using nlohmann::json;

constexpr std::size_t key_max = 317;
constexpr std::size_t value_max = 63;

/// Paths are below the ledger's own.
constexpr Field ledger_rows[] = {
    {.path = "",
     .type = Object,
     .doc = "What the nodes have cost, counted from the nodes that exist. Amounts are exact: "
            "`rest` counts the 1/3,600,000 of a nano-unit that go beyond `amount`."},
    {.path = ".countedTo", .type = Time, .doc = "Up to when it has counted."},
    {.path = ".timeZone",
     .type = Text,
     .max = time_zone_name_max,
     .doc = "The zone in which its periods begin and end."},
    {.path = ".rate",
     .type = Text,
     .max = amount_text_max,
     .unit = "per hour",
     .doc = "Of all nodes that are billed and have a price."},
    {.path = ".unpricedNodes",
     .type = Integer,
     .max = generation_max,
     .unit = "nodes",
     .doc = "Nodes of which nobody knows the price."},
    {.path = ".dimensions",
     .type = List,
     .max = ledger_dimensions_max,
     .list = ListType::Atomic,
     .doc = "By what tenants are told apart: the namespace, and labels of policies."},
    {.path = ".dimensions[]", .type = Text, .min = 1, .max = key_max, .doc = "One of them."},
    {.path = ".periods",
     .type = List,
     .max = 3,
     .list = ListType::Map,
     .key = "kind",
     .doc = "The hour, day or month that runs."},
    {.path = ".periods[].kind",
     .type = Enum,
     .required = true,
     .values = "Hour|Day|Month",
     .doc = "Which of them."},
    {.path = ".periods[].begin", .type = Time, .required = true, .doc = "When it began."},
    {.path = ".periods[].end", .type = Time, .required = true, .doc = "When it ends."},
    {.path = ".periods[].partial",
     .type = Boolean,
     .doc = "True when counting began after the period did."},
    {.path = ".periods[].bill",
     .type = Text,
     .required = true,
     .max = amount_text_max,
     .doc = "What all nodes have cost in it."},
    {.path = ".periods[].billRest", .type = Integer, .max = rest_max, .doc = "Rest of `bill`."},
    {.path = ".periods[].idle",
     .type = Text,
     .required = true,
     .max = amount_text_max,
     .doc = "What of it nobody has used; tenants and idle sum to the bill."},
    {.path = ".periods[].idleRest", .type = Integer, .max = rest_max, .doc = "Rest of `idle`."},
    {.path = ".periods[].unpricedMillis",
     .type = Integer,
     .max = generation_max,
     .unit = "milliseconds",
     .doc = "Time of nodes without a known price, which is not in the bill."},
    {.path = ".periods[].tenants",
     .type = List,
     .max = ledger_tenants_max,
     .list = ListType::Atomic,
     .doc = "Who has used how much of it."},
    {.path = ".periods[].tenants[].dimension",
     .type = Text,
     .required = true,
     .max = key_max,
     .doc = "By what the tenant is told apart."},
    {.path = ".periods[].tenants[].value",
     .type = Text,
     .required = true,
     .max = value_max,
     .doc = "Who it is; empty where the label is missing."},
    {.path = ".periods[].tenants[].amount",
     .type = Text,
     .required = true,
     .max = amount_text_max,
     .doc = "What was used."},
    {.path = ".periods[].tenants[].rest",
     .type = Integer,
     .max = rest_max,
     .doc = "Rest of `amount`."},
    {.path = ".periods[].closed", .type = Object, .doc = "The period before."},
    {.path = ".periods[].closed.begin", .type = Time, .required = true, .doc = "When it began."},
    {.path = ".periods[].closed.end", .type = Time, .required = true, .doc = "When it ended."},
    {.path = ".periods[].closed.bill",
     .type = Text,
     .required = true,
     .max = amount_text_max,
     .doc = "What all nodes cost in it."},
    {.path = ".periods[].closed.billRest",
     .type = Integer,
     .max = rest_max,
     .doc = "Rest of `bill`."},
};

json tenants_json(const std::vector<TenantCost>& tenants) {
  json list = json::array();
  for (const auto& tenant : tenants) {
    if (list.size() == ledger_tenants_max) break;
    json entry{{"dimension", fitted(tenant.dimension, key_max)},
               {"value", fitted(tenant.value, value_max)}};
    put_exact(entry, "amount", "rest", tenant.cost);
    list.push_back(std::move(entry));
  }
  return list;
}

json period_json(const PeriodStatus& period) {
  json entry{{"kind", word_of(budget_period_words, period.kind)},
             {"begin", to_rfc3339_micro(period.begin)},
             {"end", to_rfc3339_micro(period.end)}};
  put_exact(entry, "bill", "billRest", period.bill);
  put_exact(entry, "idle", "idleRest", period.idle);
  if (period.partial) entry["partial"] = true;
  if (period.unpriced > Millis(0))
    entry["unpricedMillis"] = std::min(period.unpriced.count(), generation_max);
  if (!period.tenants.empty()) entry["tenants"] = tenants_json(period.tenants);
  if (const auto& closed = period.closed) {
    entry["closed"] = {{"begin", to_rfc3339_micro(closed->begin)},
                       {"end", to_rfc3339_micro(closed->end)}};
    put_exact(entry["closed"], "bill", "billRest", closed->bill);
  }
  return entry;
}

/// Reads the parts of a ledger, and remembers whether one of them could not be.
class LedgerReader {
 public:
  [[nodiscard]] bool whole() const { return whole_; }

  Instant time(const json& from, const char* name) { return known(time_at(from, name)); }

  HourlyRate rate(const json& from, const char* name) { return known(rate_at(from, name)); }

  ExactAmount exact(const json& from, const char* name, const char* rest_name) {
    return known(exact_at(from, name, rest_name));
  }

  std::string dimension(const json& name) {
    if (name.is_string() && name != "") return name.get<std::string>();
    whole_ = false;
    return {};
  }

  PeriodStatus period(const json& from) {
    const auto kind = text_at(from, "kind");
    if (std::ranges::find(budget_period_words.words, kind) == budget_period_words.words.end()) {
      whole_ = false;
      return {};
    }
    PeriodStatus period{
        .kind = word_to(budget_period_words, from["kind"]),
        .begin = time(from, "begin"),
        .end = time(from, "end"),
        .partial = at_path(from, "partial") == true,
        .bill = exact(from, "bill", "billRest"),
        .idle = exact(from, "idle", "idleRest"),
        .unpriced = Millis(integer_at(from, "unpricedMillis", generation_max))};
    each(at_path(from, "tenants"), ledger_tenants_max, [&](const json& tenant) {
      period.tenants.push_back({.dimension = text_at(tenant, "dimension"),
                                .value = text_at(tenant, "value"),
                                .cost = exact(tenant, "amount", "rest")});
    });
    if (const auto& closed = at_path(from, "closed"); closed.is_object())
      period.closed = ClosedPeriodStatus{.begin = time(closed, "begin"),
                                         .end = time(closed, "end"),
                                         .bill = exact(closed, "bill", "billRest")};
    return period;
  }

 private:
  template <class T>
  T known(std::optional<T> value) {
    whole_ = whole_ && value.has_value();
    return value.value_or(T{});
  }

  bool whole_ = true;
};

}  // namespace

LedgerRows::LedgerRows(std::string_view path) {
  for (auto row : ledger_rows) {
    paths_.push_back(std::string(path).append(row.path));
    row.path = paths_.back();
    fields_.push_back(row);
  }
}

void put_exact(json& object, const char* name, const char* rest_name, const ExactAmount& exact) {
  object[name] = exact_text(exact.amount);
  if (exact.rest > 0) object[rest_name] = std::min(exact.rest, rest_max);
}

std::optional<ExactAmount> exact_at(const json& from, const char* name, const char* rest_name) {
  const auto amount = amount_at(from, name);
  if (!amount) return std::nullopt;
  return ExactAmount{.amount = *amount, .rest = integer_at(from, rest_name, rest_max)};
}

json ledger_json(const LedgerStatus& ledger) {
  json out{{"countedTo", to_rfc3339_micro(ledger.counted_to)},
           {"timeZone", fitted(ledger.time_zone, time_zone_name_max)},
           {"rate", exact_text(ledger.rate)},
           {"unpricedNodes", std::clamp<std::int64_t>(ledger.unpriced_nodes, 0, generation_max)},
           {"dimensions", json::array()},
           {"periods", json::array()}};
  for (const auto& name : ledger.dimensions)
    if (out["dimensions"].size() < ledger_dimensions_max)
      out["dimensions"].push_back(fitted(name, key_max));
  for (const auto& period : ledger.periods)
    if (out["periods"].size() < budget_period_words.words.size())
      out["periods"].push_back(period_json(period));
  return out;
}

std::optional<LedgerStatus> read_ledger(const json& from) {
  if (!from.is_object()) return std::nullopt;
  LedgerReader reader;
  LedgerStatus ledger{.counted_to = reader.time(from, "countedTo"),
                      .time_zone = text_at(from, "timeZone"),
                      .rate = reader.rate(from, "rate"),
                      .unpriced_nodes = integer_at(from, "unpricedNodes", generation_max)};
  each(at_path(from, "dimensions"), ledger_dimensions_max, [&](const json& name) {
    ledger.dimensions.push_back(reader.dimension(name));
  });
  each(at_path(from, "periods"), budget_period_words.words.size(),
       [&](const json& period) { ledger.periods.push_back(reader.period(period)); });
  if (!reader.whole()) return std::nullopt;
  return ledger;
}

}  // namespace poolscaler::api
