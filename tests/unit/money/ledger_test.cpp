#include "poolscaler/money/ledger.hpp"

#include <gtest/gtest.h>

#include <array>

#include "poolscaler/api/time_zones.hpp"
#include "unit/money/rates.hpp"

namespace poolscaler::money {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using enum PeriodKind;

constexpr std::array all_kinds = {Hour, Day, Month};

Instant at(std::string_view text) {
  return parse_rfc3339(text).value();
}

Ledger opened(std::string_view now, std::string_view zone = "UTC") {
  return open_ledger(api::time_zone_named(zone).value(), {"namespace"}, all_kinds, at(now));
}

/// One node with 8 accelerators at 32.77 $/h, of which `used` belong to namespace shop.
BilledNode node(std::string uid, std::string_view started, std::int64_t used = 0) {
  BilledNode made{
      .uid = std::move(uid), .rate = rate("32.77"), .started = at(started), .accelerators = 8};
  if (used > 0) made.shares.push_back({used, {"shop"}});
  return made;
}

std::string bill(const Ledger& ledger, PeriodKind kind) {
  return exact_text(ledger.book_of(kind)->book.bill.rounded_up());
}

Ledger after(Ledger ledger, std::vector<BilledNode> nodes, std::string_view now) {
  return advance(std::move(ledger), std::move(nodes), at(now)).ledger;
}

TEST(Split, SumsToTheRateWhateverTheShares) {
  auto shared = node("n", "2026-11-01T00:00:00Z");
  shared.shares = {{3, {"b"}}, {3, {"a"}}, {1, {""}}};
  const auto split = split_of(shared, 1);
  EXPECT_EQ(exact_text(split.tenants[0].at("a")), "12.28875");
  EXPECT_EQ(exact_text(split.tenants[0].at("")), "4.09625");
  EXPECT_EQ(exact_text(split.idle), "4.09625");
}

TEST(Split, OfMoreThanThereIsIsInProportion) {
  auto shared = node("n", "2026-11-01T00:00:00Z");
  shared.shares = {{12, {"a"}}, {4, {"b"}}};
  const auto split = split_of(shared, 1);
  EXPECT_EQ(exact_text(split.tenants[0].at("a")), "24.5775");
  EXPECT_EQ(split.idle, HourlyRate());
}

TEST(Ledger, CountsWithTheEarlierObservation) {
  auto ledger = after(opened("2026-11-27T00:00:00Z"), {node("a", "2026-11-27T00:00:00Z", 8)},
                      "2026-11-27T00:00:00Z");
  EXPECT_EQ(bill(ledger, Day), "0");
  EXPECT_EQ(exact_text(ledger.rate), "32.77");
  // It is dearer, and idle, from half past on; the first half hour keeps the old price and user.
  auto dearer = node("a", "2026-11-27T00:00:00Z");
  dearer.rate = rate("65.54");
  ledger = after(ledger, {dearer}, "2026-11-27T00:30:00Z");
  EXPECT_EQ(bill(ledger, Day), "16.385");
  EXPECT_EQ(ledger.book_of(Day)->book.idle, Integral());
  ledger = after(ledger, {dearer}, "2026-11-27T01:00:00Z");
  EXPECT_EQ(bill(ledger, Day), "49.155");
  EXPECT_EQ(exact_text(ledger.book_of(Day)->book.idle.rounded_up()), "32.77");
  EXPECT_EQ(exact_text(ledger.book_of(Day)->book.tenants[0].at("shop").rounded_up()), "16.385");
}

TEST(Ledger, CountsANodeFromItsStartToItsEnd) {
  auto ledger = after(opened("2026-11-27T00:00:00Z"), {}, "2026-11-27T00:00:00Z");
  auto brief = node("b", "2026-11-27T00:10:00Z");
  brief.stopped = at("2026-11-27T00:20:00Z");
  ledger = after(ledger, {node("a", "2026-11-27T00:45:00Z"), brief}, "2026-11-27T01:00:00Z");
  Integral expected;
  expected.add(rate("32.77"), minutes(25));
  EXPECT_EQ(ledger.book_of(Day)->book.bill, expected);
  EXPECT_EQ(exact_text(ledger.rate), "32.77");
  auto ended = node("a", "2026-11-27T00:45:00Z");
  ended.stopped = at("2026-11-27T01:15:00Z");
  ledger = after(ledger, {ended}, "2026-11-27T05:00:00Z");
  expected.add(rate("32.77"), minutes(15));
  EXPECT_EQ(ledger.book_of(Day)->book.bill, expected);
  EXPECT_EQ(ledger.rate, HourlyRate());
}

TEST(Ledger, CutsAtTheEndsOfPeriodsAndKeepsTheLastBill) {
  auto ledger = after(opened("2026-11-30T22:30:00Z"), {node("a", "2026-11-30T22:30:00Z")},
                      "2026-11-30T22:30:00Z");
  EXPECT_TRUE(ledger.book_of(Month)->partial);
  ledger = after(ledger, {node("a", "2026-11-30T22:30:00Z")}, "2026-12-01T02:15:00Z");
  EXPECT_EQ(bill(ledger, Hour), "8.1925");  // 15 min; the hour before it is not the last one seen
  EXPECT_EQ(exact_text(ledger.book_of(Hour)->closed_bill.rounded_up()), "16.385");
  EXPECT_EQ(bill(ledger, Day), "73.7325");
  EXPECT_EQ(bill(ledger, Month), "73.7325");
  EXPECT_EQ(exact_text(ledger.book_of(Month)->closed_bill.rounded_up()), "49.155");
  EXPECT_EQ(to_rfc3339(ledger.book_of(Month)->closed->end), "2026-12-01T00:00:00Z");
  EXPECT_FALSE(ledger.book_of(Month)->partial);
}

TEST(Ledger, ADayOf25HoursCostsThem) {
  auto ledger = after(opened("2026-10-24T22:00:00Z", "Europe/Berlin"),
                      {node("a", "2026-10-01T00:00:00Z")}, "2026-10-24T22:00:00Z");
  EXPECT_FALSE(ledger.book_of(Day)->partial);
  ledger = after(ledger, {node("a", "2026-10-01T00:00:00Z")}, "2026-10-25T23:00:00Z");
  EXPECT_EQ(exact_text(ledger.book_of(Day)->closed_bill.rounded_up()), "819.25");
}

TEST(Ledger, CountsUnpricedTimeApart) {
  auto unpriced = node("a", "2026-11-27T00:00:00Z", 8);
  unpriced.rate.reset();
  auto ledger = after(opened("2026-11-27T00:00:00Z"), {unpriced}, "2026-11-27T00:00:00Z");
  EXPECT_EQ(ledger.unpriced, 1U);
  ledger = after(ledger, {unpriced}, "2026-11-27T02:00:00Z");
  EXPECT_EQ(bill(ledger, Day), "0");
  EXPECT_EQ(ledger.book_of(Day)->book.unpriced, hours(2));
}

TEST(Ledger, ClockStepsCountNothingTwice) {
  const std::vector nodes = {node("a", "2026-11-27T00:00:00Z")};
  auto ledger = after(opened("2026-11-27T00:00:00Z"), nodes, "2026-11-27T00:00:00Z");
  ledger = after(ledger, nodes, "2026-11-27T02:00:00Z");
  const auto back = advance(ledger, nodes, at("2026-11-27T01:00:00Z"));
  EXPECT_EQ(back.clock_behind, hours(1));
  ledger = after(back.ledger, nodes, "2026-11-27T02:30:00Z");
  EXPECT_EQ(bill(ledger, Day), "81.925");
}

TEST(Ledger, AfterARestartNodesThatAreGoneCountToNowAsIdle) {
  const auto a = node("a", "2026-11-27T00:00:00Z", 8);
  const auto b = node("b", "2026-11-27T00:00:00Z", 8);
  auto ledger = after(opened("2026-11-27T00:00:00Z"), {a, b}, "2026-11-27T00:00:00Z");
  const auto taken = advance(stored(ledger), {a, node("c", "2026-11-27T00:30:00Z", 8)},
                             at("2026-11-27T01:00:00Z"));
  EXPECT_EQ(exact_text(taken.gone), "32.77");
  EXPECT_EQ(bill(taken.ledger, Day), "81.925");  // a and b for an hour, c for half of one
  EXPECT_EQ(exact_text(taken.ledger.book_of(Day)->book.idle.rounded_up()), "32.77");
}

TEST(Ledger, BoundsTheValuesOfADimension) {
  BilledNode crowd{
      .uid = "n", .rate = rate("10"), .started = at("2026-11-27T00:00:00Z"), .accelerators = 1000};
  for (int i = 0; i < 1000; ++i) crowd.shares.push_back({1, {std::to_string(i)}});
  auto ledger = after(opened("2026-11-27T00:00:00Z"), {crowd}, "2026-11-27T00:00:00Z");
  ledger = after(ledger, {crowd}, "2026-11-27T01:00:00Z");
  const auto& tenants = ledger.book_of(Day)->book.tenants[0];
  EXPECT_EQ(tenants.size(), values_max + 1);
  EXPECT_EQ(exact_text(tenants.at(std::string(other_values)).rounded_up()), "7.44");
}

}  // namespace
}  // namespace poolscaler::money
