// The ledger of one budget: what the nodes that exist have cost, in the current hour, day or month.
//
// Cost is read from nodes (starting and terminating ones included), never from what was asked for.
// Between two observations the earlier one holds (left rule): its nodes, their prices and who used
// them. Within that time a node is counted from its start and to its end, where they are known, so
// the sum does not depend on when the ledger was looked at. What is not known is counted in full: a
// ledger may say too much, never too little. (money.md, "Ledger" and "Definitions".)
//
// Law: in each book and for each dimension, the tenants' sums and the idle sum are the bill.
//
// A ledger is a value. It is stored by compare-and-set on the version of the object that holds it;
// whoever loses reads again. It says up to which instant it has counted, so nobody counts a time
// twice, and a loser's work is only repeated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "poolscaler/domain/amount.hpp"
#include "poolscaler/domain/time_zone.hpp"
#include "poolscaler/money/integral.hpp"
#include "poolscaler/money/period.hpp"

namespace poolscaler::money {

/// What one tenant uses of a node.
struct Share {
  std::int64_t accelerators;
  /// One for each dimension of the ledger ("shop", "team-a"); empty: the label is missing.
  std::vector<std::string> values;
  auto operator<=>(const Share&) const = default;
};

/// A node as it stands on the bill.
struct BilledNode {
  std::string uid;
  /// Committed capacity with its part of the commitment. Nothing: no price is known, and its time
  /// is counted apart.
  std::optional<HourlyRate> rate;
  Instant started;
  std::optional<Instant> stopped{};
  std::int64_t accelerators = 0;
  std::vector<Share> shares{};  // of more than there are, each is counted in proportion
  bool operator==(const BilledNode&) const = default;
};

/// A rate cut into what each value of a dimension pays and what nobody uses; sums to the rate.
struct Split {
  std::vector<std::map<std::string, HourlyRate>> tenants{};  // by dimension
  HourlyRate idle{};
};
[[nodiscard]] Split split_of(const BilledNode& node, std::size_t dimensions);

/// Cuts `rate` at the running sums of `uses`, of which there are `accelerators` or more in all:
/// what each pays, and at the end what nobody uses. The parts sum to the rate.
[[nodiscard]] std::vector<HourlyRate> cut(HourlyRate rate, std::span<const std::int64_t> uses,
                                          std::int64_t accelerators);

/// Beyond these many values of a dimension cost goes to `other_values`.
inline constexpr std::size_t values_max = 256;
inline constexpr std::string_view other_values = "(others)";

struct Book {
  Integral bill{};
  Integral idle{};  // belongs to the pool
  std::vector<std::map<std::string, Integral>> tenants{};  // by dimension; "": untagged
  Millis unpriced{};                                       // node-time without a price
  bool operator==(const Book&) const = default;
};

struct PeriodBook {
  PeriodKind kind;
  Period period;
  /// The ledger was opened after the period began. A cap is not prorated: the whole amount is there
  /// for what is left of the period.
  bool partial = false;
  Book book{};
  std::optional<Period> closed{};  // the period that went before, and its whole bill
  Integral closed_bill{};
  bool operator==(const PeriodBook&) const = default;
};

struct Ledger {
  std::shared_ptr<const TimeZone> zone;
  std::vector<std::string> dimensions;  // names: "namespace", "team"
  Instant counted_to;
  HourlyRate rate{};      // of all priced nodes at counted_to
  std::size_t unpriced = 0;  // nodes at counted_to without a price
  std::vector<PeriodBook> books{};
  /// The nodes at counted_to, by uid; nothing in a ledger that was read from storage.
  std::optional<std::vector<BilledNode>> running{};

  [[nodiscard]] const PeriodBook* book_of(PeriodKind kind) const;
};

/// Empty books from `now` on.
[[nodiscard]] Ledger open_ledger(std::shared_ptr<const TimeZone> zone,
                                 std::vector<std::string> dimensions,
                                 std::span<const PeriodKind> kinds, Instant now);

/// What is kept of a ledger over a restart or a change of leaders: all but `running`.
[[nodiscard]] Ledger stored(Ledger ledger);

struct Advance {
  Ledger ledger;
  /// The clock stands this much before counted_to: nothing was counted.
  Millis clock_behind{};
  /// Counted for nodes that had gone when a stored ledger was taken up, and whose end nobody knows:
  /// up to `now`, as idle. An upper bound.
  HourlyRate gone{};
};

/// Nodes over one span of time, and who pays for them. The split sums to the rate.
struct Charge {
  Instant begin;
  Instant end;
  HourlyRate rate{};
  std::int64_t unpriced = 0;  // nodes without a price
  Split split{};
};

/// Adds what is charged up to `now`, which is not before counted_to, closes the periods that are
/// over, and has then counted up to `now`. Charges before counted_to are the caller's error.
[[nodiscard]] Ledger counted(Ledger ledger, std::span<const Charge> charges, Instant now);

/// Counts the time from ledger.counted_to to `now`. `nodes` are those that exist now and those that
/// have ended since, in any order, each uid once. A node that is seen for the first time is counted
/// from its start, or from counted_to where that is later.
[[nodiscard]] Advance advance(Ledger ledger, std::vector<BilledNode> nodes, Instant now);

}  // namespace poolscaler::money
