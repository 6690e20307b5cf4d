// Ledgers as they stand in a status, for the tests of the api room.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
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

/// Hands out the object with one of many values at each of its places in turn, and which it is;
/// of a list at its first two items.
inline void each_damage(
    const nlohmann::json& object,
    const std::function<void(const nlohmann::json& damaged, const std::string& what)>& take) {
  using nlohmann::json;
  const json values = json::array(
      {nullptr, true, -1, 3, 1e300, 1ULL << 63U, "", "x", "-5.5", "2026-01-01T00:00:00Z",
       std::string(5000, 'y'), json::array(), json::object(), json::array({1, 2})});
  const std::function<void(const json::json_pointer&)> at = [&](const json::json_pointer& place) {
    for (const auto& value : values) {
      auto damaged = object;
      damaged[place] = value;
      take(damaged, place.to_string() + " is " + value.dump().substr(0, 40));
    }
    const auto& below = object[place];
    for (std::size_t i = 0; below.is_array() && i < below.size() && i < 2; ++i) at(place / i);
    if (below.is_object())
      for (const auto& [name, member] : below.items()) at(place / name);
  };
  at(json::json_pointer());
}

}  // namespace poolscaler::api
