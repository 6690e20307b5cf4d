// Ledgers as they stand in a status, for the tests of the api room.
#pragma once

#include <iterator>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>
#include <string>

#include "checked_reader.hpp"
#include "poolscaler/api/ledger_status.hpp"
#include "unit/api/policies.hpp"

namespace poolscaler::api {

inline Instant second(std::int64_t count) { return Instant(Seconds(1'800'000'000 + count)); }
inline Amount amount(std::string_view text) { return parse_amount(text).value(); }
inline HourlyRate rate(std::string_view text) { return parse_hourly_rate(text).value(); }

/// With a part of every kind.
inline LedgerStatus full_ledger() {
  return {.counted_to = second(90) + Millis(250),
          .time_zone = "Europe/Berlin",
          .rate = rate("65.540000001"),
          .unpriced_nodes = 2,
          .dimensions = {"namespace", "example.com/team"},
          .periods = {{.kind = BudgetPeriod::Day,
                       .begin = second(-3600),
                       .end = second(82'800),
                       .partial = true,
                       .bill = {amount("196.62"), 3'599'999},
                       .idle = {amount("0.000000001"), 1},
                       .unpriced = Millis(123'456),
                       .tenants = {{"namespace", "shop", {amount("196.619999999"), 3'599'998}},
                                   {"example.com/team", "", {amount("12.5"), 0}}},
                       .closed = ClosedPeriodStatus{second(-90'000), second(-3600),
                                                    {amount("2400"), 17}}},
                      {.kind = BudgetPeriod::Month,
                       .begin = second(-7200),
                       .end = second(2'600'000)}}};
}

/// What the schema says of a status of ours.
inline std::string refusal_of(Kind kind, const std::string& rendered) {
  return text_of(
      errors_below(status_tree(kind), nlohmann::json::parse(rendered), UnknownFields::Report));
}

/// With something else at a random place.
inline nlohmann::json damaged(nlohmann::json object) {
  using nlohmann::json;
  json* place = &object;
  while (place->is_structured() && !place->empty() && *rc::gen::inRange(0, 8) != 0) {
    auto next = place->begin();
    std::advance(next, *rc::gen::inRange<std::ptrdiff_t>(
                           0, static_cast<std::ptrdiff_t>(place->size())));
    place = &*next;
  }
  *place = *rc::gen::element(json(nullptr), json(-1), json("x"), json("-5.5"), json::array(),
                             json::object(), json(1e300), json({1, 2}), json(1ULL << 63U),
                             json("2026-01-01T00:00:00Z"));
  return object;
}

}  // namespace poolscaler::api
