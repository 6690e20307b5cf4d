// Anomalies of hourly cost, said while they last and with their cause: nodes, price or mix.
//
// An hour is compared with the same hour of the last four weeks, one hour to either side: with
// median m and median absolute deviation d (at least 1 % of m), it is anomalous when
//   0.6745 (x - m) / d > 3.5   and   x - m > two node prices
// Hours that were anomalous by this are no part of later baselines. With less than two weeks of
// history: half as much again as the mean of up to 30 days, and the same two node prices, which
// cries wolf where day and night differ much. A change that stays is the new baseline after four
// weeks. (money.md, 3.8; the first formula is that of Iglewicz and Hoaglin.)
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/amount.hpp"

namespace poolscaler::money {

/// Nodes of one kind and price in one hour.
struct GroupHour {
  std::string group;         // "p5.48xlarge spot"
  std::int64_t milli_nodes;  // node-hours x 1000
  HourlyRate price;          // of one
  bool operator==(const GroupHour&) const = default;
};

struct CostHour {
  Instant begin;  // a full hour
  std::vector<GroupHour> groups{};
  bool excluded = false;  // from baselines: AnomalyVerdict::excludes()
  [[nodiscard]] Amount cost() const;
  bool operator==(const CostHour&) const = default;
};

enum class Baseline {
  HourOfWeek,
  Mean,
  TooShort,  // less than a day is known: nothing is anomalous
};

/// How a cost differs from another; the three sum to the difference.
struct CostChange {
  Amount nodes;  // more of them, at the price that they had on average
  Amount price;  // what there is costs more
  Amount mix;    // dearer kinds of them
  [[nodiscard]] std::string_view cause() const;  // "nodes", "price" or "mix": the greatest
};
[[nodiscard]] CostChange change_between(const CostHour& before, const CostHour& after);

struct AnomalyVerdict {
  bool anomalous = false;
  Baseline baseline = Baseline::TooShort;
  Amount expected{};
  CostChange change{};  // against the usual hour that costs nearest to the median
  std::string words{};  // empty where nothing is anomalous

  /// The hour is no part of later baselines. What the mean alone finds is, or there would never be
  /// enough of them.
  [[nodiscard]] bool excludes() const { return anomalous && baseline == Baseline::HourOfWeek; }
};

/// `history` is in the order of time and ends before `hour`; older than 31 days is not looked at.
[[nodiscard]] AnomalyVerdict judge_hour(std::span<const CostHour> history, const CostHour& hour,
                                        HourlyRate node_price);

}  // namespace poolscaler::money
