// The day of docs/MONEY.md, number by number.
#include <gmock/gmock.h>

#include <array>

#include "poolscaler/money/caps.hpp"
#include "poolscaler/money/guard.hpp"
#include "poolscaler/money/ledger.hpp"
#include "poolscaler/money/shed.hpp"

namespace poolscaler::money {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;

const Instant midnight = parse_rfc3339("2026-11-27T00:00:00Z").value();
const auto node_price = parse_hourly_rate("32.77").value();

BilledNode node(std::string uid, std::vector<Share> shares) {
  return {.uid = std::move(uid),
          .rate = node_price,
          .started = midnight,
          .accelerators = 8,
          .shares = std::move(shares)};
}

/// Looks every minute, as a guard of a budget with Shed would.
class Day {
 public:
  Day() : ledger_(opened()) { look(midnight); }

  /// Looks up to `until`, that one included.
  GuardVerdict go(Instant until) {
    GuardVerdict verdict;
    while (ledger_.counted_to < until) verdict = look(ledger_.counted_to + minutes(1));
    return verdict;
  }

  [[nodiscard]] AccruedCap cap() const {
    const auto& book = *ledger_.book_of(PeriodKind::Day);
    return {.kind = PeriodKind::Day,
            .period = book.period,
            .most = amount_,
            .accrued = book.book.bill.rounded_up()};
  }
  [[nodiscard]] Limit limit() const {
    return {.budget = "day", .cap = cap(), .rate = ledger_.rate, .hold = hours(1)};
  }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] const std::vector<int>& said() const { return said_; }
  [[nodiscard]] std::string accrued() const { return shown(cap().accrued); }

 private:
  static Ledger opened() {
    const auto utc = std::make_shared<const TimeZone>(
        "UTC", std::vector<Stretch>{{.begin = {}, .offset = Seconds(0)}});
    constexpr std::array kinds = {PeriodKind::Day};
    return open_ledger(utc, {"namespace"}, kinds, midnight);
  }

  GuardVerdict look(Instant now) {
    ledger_ = advance(ledger_, nodes_, now).ledger;
    auto verdict = judge(
        state_, {.on_limit = OnLimit::Shed},
        {.now = now,
         .period_begin = cap().period.begin,
         .amount = amount_,
         .used_basis_points = used_basis_points(limit()),
         .forecast_basis_points =
             basis_points(worst_projection(cap(), ledger_.rate, now), amount_)});
    state_ = verdict.state;
    for (const auto threshold : verdict.fired) said_.push_back(threshold);
    return verdict;
  }

  Amount amount_ = parse_amount("500").value();
  std::vector<BilledNode> nodes_ = {node("a", {{8, {"shop"}}}),
                                    node("b", {{4, {"shop"}}, {4, {"lab"}}}),
                                    node("c", {{4, {"lab"}}})};
  Ledger ledger_;
  GuardState state_{};
  std::vector<int> said_{};
};

TEST(WorkedDay, IsWhatThePageSays) {
  Day day;
  EXPECT_EQ(shown(day.ledger().rate), "98.31");

  EXPECT_TRUE(day.go(midnight + minutes(1)).warned);
  EXPECT_EQ(day.accrued(), "1.64");

  auto now = midnight + hours(2);
  day.go(now);
  EXPECT_EQ(day.accrued(), "196.62");
  EXPECT_EQ(most_admitted(day.limit(), node_price, hours(1), now), 6);
  EXPECT_EQ(most_admitted(day.limit(), node_price, hours(2), now), 3);
  auto all_for_two = day.limit();
  all_for_two.hold = hours(2);
  EXPECT_EQ(most_admitted(all_for_two, node_price, hours(2), now), 1);
  EXPECT_EQ(shown(pace(day.cap(), now)), "13.79");
  const auto end = exhausted_at(day.cap(), day.ledger().rate, now);
  ASSERT_TRUE(end);
  EXPECT_EQ(to_rfc3339(*end).substr(11, 5), "05:05");
  EXPECT_EQ(basis_points(worst_projection(day.cap(), day.ledger().rate, now),
                         parse_amount("500").value()),
            47'189);
  EXPECT_THAT(day.said(), IsEmpty());

  day.go(midnight + hours(2) + minutes(33));
  EXPECT_EQ(day.accrued(), "250.69");
  EXPECT_THAT(day.said(), ElementsAre(50));

  day.go(midnight + hours(4) + minutes(4));
  EXPECT_THAT(day.said(), ElementsAre(50));
  day.go(midnight + hours(4) + minutes(5));
  EXPECT_THAT(day.said(), ElementsAre(50, 80));

  now = midnight + hours(5);
  EXPECT_EQ(day.go(now).act, GuardAct::None);
  EXPECT_EQ(day.accrued(), "491.55");
  EXPECT_EQ(most_admitted(day.limit(), node_price, hours(1), now), 0);

  EXPECT_EQ(day.go(midnight + hours(5) + minutes(6)).act, GuardAct::Freeze);
  EXPECT_EQ(day.accrued(), "501.38");
  EXPECT_THAT(day.said(), ElementsAre(50, 80, 100));

  EXPECT_EQ(day.go(midnight + hours(5) + minutes(8)).act, GuardAct::Shed);
  EXPECT_EQ(day.accrued(), "504.66");
  const auto cuts = shed({{.policy = "all", .replicas = 3, .price = node_price}},
                         day.ledger().rate, 10);
  ASSERT_EQ(cuts.size(), 1U);
  EXPECT_EQ(cuts[0].replicas, 3);
}

TEST(WorkedDay, TenantsAndIdleAreTheBill) {
  Day day;
  day.go(midnight + hours(5) + minutes(8));
  const auto& book = day.ledger().book_of(PeriodKind::Day)->book;
  EXPECT_EQ(shown(book.tenants[0].at("shop").rounded_up()), "252.33");
  EXPECT_EQ(shown(book.tenants[0].at("lab").rounded_up()), "168.22");
  EXPECT_EQ(shown(book.idle.rounded_up()), "84.11");
  auto sum = book.idle;
  for (const auto& [tenant, spent] : book.tenants[0]) sum += spent;
  EXPECT_EQ(sum, book.bill);
}

}  // namespace
}  // namespace poolscaler::money
