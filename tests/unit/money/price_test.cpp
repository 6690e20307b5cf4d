#include "poolscaler/money/price.hpp"

#include <gmock/gmock.h>

#include "unit/money/rates.hpp"

namespace poolscaler::money {
namespace {

using std::chrono::hours;
using testing::HasSubstr;

const Instant now = parse_rfc3339("2026-08-01T00:00:00Z").value();

PriceCatalog aws() {
  return {.name = "aws",
          .as_of = now - hours(24),
          .source = "list prices",
          .max_age = hours(24 * 30),
          .rows = {{.provider = "aws",
                    .region = "us-east-1",
                    .instance_type = "p5.48xlarge",
                    .resource = "nvidia.com/gpu",
                    .count = 8,
                    .on_demand = rate("55.04"),
                    .spot = rate("20"),
                    .commitments = {{"1y", rate("40")}, {"3y", rate("30")}}},
                   {.provider = "aws",
                    .region = "us-east-1",
                    .zone = "use1-az2",
                    .instance_type = "p5.48xlarge",
                    .spot = rate("15.5")},
                   {.provider = "aws",
                    .region = "us-east-1",
                    .instance_type = "free",
                    .on_demand = HourlyRate()}}};
}

PriceBook book(std::vector<PriceCatalog> catalogs) {
  std::vector<std::shared_ptr<const PriceCatalog>> shared;
  for (auto& catalog : catalogs)
    shared.push_back(std::make_shared<const PriceCatalog>(std::move(catalog)));
  return PriceBook(std::move(shared));
}

PricedThing p5(CapacityType capacity = CapacityType::OnDemand) {
  return {.instance_type = "p5.48xlarge", .region = "us-east-1", .capacity = capacity};
}

PriceQuote quoted(const PricedThing& thing, PriceCatalog catalog = aws()) {
  return book({std::move(catalog)}).quote({.thing = thing}, now);
}

std::string in_short(const PriceQuote& quote) {
  return std::string(name_of(quote.state)) + " " + (quote.rate ? exact_text(*quote.rate) : "-") +
         " " + (quote.marginal ? exact_text(*quote.marginal) : "-");
}

TEST(PriceBook, SaysThePriceAndWhereItCameFrom) {
  const auto quote = quoted(p5());
  EXPECT_EQ(in_short(quote), "Known 55.04 55.04");
  EXPECT_EQ(quote.words,
            "p5.48xlarge in us-east-1: 55.04 USD an hour on demand, from PriceCatalog aws of "
            "2026-07-31 (list prices), 8 x nvidia.com/gpu: 6.88 each");
  EXPECT_TRUE(quote.allows_growth());
}

TEST(PriceBook, PrefersTheZoneOfTheNode) {
  EXPECT_EQ(in_short(quoted(p5(CapacityType::Spot))), "Known 20 20");
  auto thing = p5(CapacityType::Spot);
  thing.zone = "us-east-1a";
  thing.zone_id = "use1-az2";
  EXPECT_EQ(in_short(quoted(thing)), "Known 15.5 15.5");
}

TEST(PriceBook, CommittedCapacityCostsNothingMore) {
  const auto quote = quoted(p5(CapacityType::Reserved));
  EXPECT_EQ(in_short(quote), "Known 40 0");
  EXPECT_THAT(quote.words, HasSubstr("paid anyway"));
  const PriceQuestion three{.thing = p5(CapacityType::Reserved), .commitment = "3y"};
  EXPECT_EQ(in_short(book({aws()}).quote(three, now)), "Known 30 0");
  const PriceQuestion five{.thing = p5(CapacityType::Reserved), .commitment = "5y"};
  EXPECT_THAT(book({aws()}).quote(five, now).words, HasSubstr("no price as committed for 5y"));
}

TEST(PriceBook, TheGroupsOwnPriceWins) {
  const auto quote = book({aws()}).quote({.thing = p5(), .own_price = rate("12.5")}, now);
  EXPECT_EQ(in_short(quote), "Known 12.5 12.5");
  EXPECT_EQ(quote.words, "12.50 USD an hour on demand, the node group's own price");
  EXPECT_EQ(in_short(book({}).quote({.thing = {}, .own_price = HourlyRate()}, now)), "Zero - -");
}

TEST(PriceBook, UnknownIsNeverZero) {
  auto elsewhere = p5();
  elsewhere.region = "eu-north-1";
  EXPECT_EQ(in_short(quoted(elsewhere)), "Unknown - -");
  EXPECT_THAT(quoted(elsewhere).words, HasSubstr("only p5.48xlarge in other places"));
  EXPECT_THAT(quoted({.instance_type = "new", .region = "us-east-1"}).words,
              HasSubstr("no PriceCatalog has a row for new"));
  EXPECT_THAT(quoted({.region = "us-east-1"}).words,
              HasSubstr("no label node.kubernetes.io/instance-type"));
  EXPECT_THAT(quoted({.instance_type = "p5.48xlarge"}).words,
              HasSubstr("no label topology.kubernetes.io/region"));
  auto foreign = p5();
  foreign.provider = "gcp";
  EXPECT_FALSE(quoted(foreign).allows_growth());
  EXPECT_NE(quoted(foreign).remedy, "");
}

TEST(PriceBook, StalePricesCountWithTheirBoundAndAllowNoGrowth) {
  auto old = aws();
  old.as_of = now - hours(24 * 30 + 1);
  const auto quote = quoted(p5(), old);
  EXPECT_EQ(in_short(quote), "Stale 58.0672 58.0672");
  EXPECT_FALSE(quote.allows_growth());
  EXPECT_THAT(quote.words, HasSubstr("older than its maximum age of 720 h"));
  // A fresh catalogue wins, whatever its name; so does the newer of two.
  auto fresh = aws();
  fresh.name = "z";
  EXPECT_EQ(book({old, fresh}).quote({.thing = p5()}, now).from, "PriceCatalog z");
  auto newest = aws();
  newest.name = "newest";
  newest.as_of = now;
  EXPECT_EQ(book({fresh, newest}).quote({.thing = p5()}, now).from, "PriceCatalog newest");
}

TEST(PriceBook, ZeroFutureAndForeignPricesAreStates) {
  EXPECT_EQ(in_short(quoted({.instance_type = "free", .region = "us-east-1"})), "Zero - -");
  auto future = aws();
  future.as_of = now + hours(1);
  EXPECT_EQ(in_short(quoted(p5(), future)), "FromTheFuture - -");
  EXPECT_THAT(quoted(p5(), future).words,
              HasSubstr("2026-08-01T01:00:00Z, which is still to come"));
  future.as_of = now + future_tolerance;
  EXPECT_EQ(in_short(quoted(p5(), future)), "Known 55.04 55.04");
  auto euros = aws();
  euros.currency = Currency::parse("EUR").value();
  EXPECT_EQ(in_short(quoted(p5(), euros)), "OtherCurrency - -");
  EXPECT_THAT(quoted(p5(), euros).words, HasSubstr("is in EUR, asked for is USD"));
}

TEST(PricedThing, ReadsTheLabelsOfTheVendors) {
  const auto thing = priced_thing({{"node.kubernetes.io/instance-type", "p5.48xlarge"},
                                   {"topology.kubernetes.io/region", "us-east-1"},
                                   {"topology.kubernetes.io/zone", "us-east-1a"},
                                   {"topology.k8s.aws/zone-id", "use1-az2"},
                                   {"karpenter.sh/capacity-type", "spot"}},
                                  "aws:///us-east-1a/i-0123456789");
  EXPECT_EQ(thing.provider, "aws");
  EXPECT_EQ(thing.instance_type, "p5.48xlarge");
  EXPECT_EQ(thing.region, "us-east-1");
  EXPECT_EQ(thing.zone_id, "use1-az2");
  EXPECT_EQ(thing.capacity_from, "karpenter.sh/capacity-type=spot");
  EXPECT_EQ(priced_thing({{"beta.kubernetes.io/instance-type", "a"}}, "gce://p/z/n").provider,
            "gcp");
}

TEST(PricedThing, KnowsTheCapacityTypeOfEachVendor) {
  const auto capacity = [](std::string key, std::string value) {
    return name_of(priced_thing({{std::move(key), std::move(value)}}, "").capacity);
  };
  EXPECT_EQ(capacity("karpenter.sh/capacity-type", "reserved"), "Reserved");
  EXPECT_EQ(capacity("eks.amazonaws.com/capacityType", "SPOT"), "Spot");
  EXPECT_EQ(capacity("eks.amazonaws.com/capacityType", "CAPACITY_BLOCK"), "Reserved");
  EXPECT_EQ(capacity("cloud.google.com/gke-spot", "true"), "Spot");
  EXPECT_EQ(capacity("cloud.google.com/gke-spot", "false"), "OnDemand");
  EXPECT_EQ(capacity("cloud.google.com/gke-provisioning", "preemptible"), "Spot");
  EXPECT_EQ(capacity("kubernetes.azure.com/scalesetpriority", "spot"), "Spot");
  EXPECT_EQ(capacity("cluster.x-k8s.io/interruptible", ""), "Spot");
  EXPECT_EQ(capacity("some/label", "spot"), "OnDemand");
}

TEST(PricedThing, LabelsThatDoNotAgreePriceNothing) {
  auto thing = priced_thing({{"node.kubernetes.io/instance-type", "p5.48xlarge"},
                             {"topology.kubernetes.io/region", "us-east-1"},
                             {"karpenter.sh/capacity-type", "on-demand"},
                             {"eks.amazonaws.com/capacityType", "SPOT"}},
                            "");
  const auto quote = quoted(thing);
  EXPECT_EQ(in_short(quote), "Contradictory - -");
  EXPECT_EQ(quote.words,
            "label karpenter.sh/capacity-type=on-demand says OnDemand, but "
            "eks.amazonaws.com/capacityType=SPOT says Spot");
}

}  // namespace
}  // namespace poolscaler::money
