#include "poolscaler/money/price_tables.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "support/checkout.hpp"

namespace poolscaler::money {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string on_demand = "generated_at,region,instance_type,on_demand_usd_per_hour";
const std::string series = "ts,region,zone,instance_type,spot_price,on_demand_price";
const std::string advisor =
    "region,os,instance_type,savings_pct_vs_on_demand,interruption_band_index,interruption_band";
const std::string google =
    "region,instance_type,accelerator,accelerator_count,ram_gb,local_ssd_gb,on_demand_hour,"
    "spot_hour,on_demand_month,commit_1y_month,commit_3y_month";
const std::string instances =
    "provider,instance_type,vcpu,memory_mib,accelerator,resource,accelerators_per_node,"
    "accelerator_memory_mib,region,on_demand_usd_per_hour,spot_usd_per_hour_sample";

void feed(PriceTables& tables, const std::string& name, const std::vector<std::string>& lines) {
  tables.open(name, std::nullopt);
  for (const auto& line : lines) {
    const auto taken = tables.take(line);
    EXPECT_TRUE(taken) << taken.error().message;
  }
}

const Instant in_july = parse_rfc3339("2026-07-30T12:00:00Z").value();

Result<ImportedPrices> finished(const PriceTables& tables) {
  return tables.finish(in_july, std::chrono::days(3650));
}

TEST(PriceTables, ReadAwsOnDemandWithItsDate) {
  PriceTables tables({});
  feed(tables, "a.csv",
       {on_demand, "2026-07-20T13:44:30Z,us-east-1,p5.48xlarge,55.04\r",
        "2026-07-19T00:00:00Z,us-east-1,g5.xlarge,1.006"});
  const auto prices = finished(tables).value();
  EXPECT_EQ(to_rfc3339(*prices.as_of), "2026-07-19T00:00:00Z");
  ASSERT_EQ(prices.rows.size(), 2U);
  EXPECT_EQ(prices.rows[1].instance_type, "p5.48xlarge");
  EXPECT_EQ(exact_text(*prices.rows[1].on_demand), "55.04");
  EXPECT_THAT(prices.sources, ElementsAre("a.csv"));
}

TEST(PriceTables, ReadGoogleCommitmentsByTheHour) {
  PriceTables tables({});
  feed(tables, "gcp_2026-07-30.csv",
       {google, "us-central1,a2-highgpu-1g,a100,1,85,,3.673385,1.2,2681.57,1689.3,938.6"});
  const auto prices = finished(tables).value();
  const auto& row = prices.rows.at(0);
  EXPECT_EQ(to_rfc3339(*prices.as_of), "2026-07-30T00:00:00Z");
  EXPECT_EQ(row.count, 1);
  ASSERT_EQ(row.commitments.size(), 2U);
  EXPECT_EQ(row.commitments[0].term, "1y");
  EXPECT_EQ(exact_text(row.commitments[0].rate), "2.31410959");
}

TEST(PriceTables, OfASeriesTheLatestCountsForEachZone) {
  PriceTables tables({});
  feed(tables, "s.csv",
       {series, "2022-11-23T06:33:17Z,us-east-1,use1-az2,dl1.24xlarge,3.9,13.1",
        "2023-01-01T00:00:00Z,us-east-1,use1-az2,dl1.24xlarge,4.5,13.1",
        "2022-12-01T00:00:00Z,us-east-1,use1-az2,dl1.24xlarge,4.1,13.1",
        "2022-12-01T00:00:00Z,us-east-1,use1-az4,dl1.24xlarge,4.2,13.1"});
  const auto prices = finished(tables).value();
  ASSERT_EQ(prices.rows.size(), 2U);
  EXPECT_EQ(exact_text(*prices.rows[0].spot), "4.5");
  EXPECT_FALSE(prices.rows[0].on_demand);
  EXPECT_EQ(to_rfc3339(*prices.as_of), "2022-12-01T00:00:00Z");
}

TEST(PriceTables, JoinsFiles) {
  PriceTables tables({});
  feed(tables, "shapes.csv",
       {instances, "aws,p5.48xlarge,192,2097152,h100,nvidia.com/gpu,8,81559,us-east-1,99,",
        "aws,dl2q.24xlarge,96,786432,qualcomm-ai100,,8,,us-east-1,,"});
  feed(tables, "a.csv", {on_demand, "2026-07-20T13:44:30Z,us-east-1,p5.48xlarge,55.04"});
  feed(tables, "advisor_2025-06-28.csv",
       {advisor, "us-east-1,Linux,p5.48xlarge,70,1,5-10%", "us-east-1,Windows,p5.48xlarge,10,1,x",
        "eu-west-1,Linux,p5.48xlarge,70,1,5-10%"});
  const auto prices = finished(tables).value();
  ASSERT_EQ(prices.rows.size(), 1U);
  EXPECT_EQ(prices.rows[0].resource, "nvidia.com/gpu");
  EXPECT_EQ(prices.rows[0].count, 8);
  EXPECT_EQ(exact_text(*prices.rows[0].on_demand), "55.04");  // of the later file
  EXPECT_EQ(exact_text(*prices.rows[0].spot), "16.512");
  EXPECT_EQ(to_rfc3339(*prices.as_of), "2025-06-28T00:00:00Z");
  EXPECT_THAT(prices.notes, ElementsAre(HasSubstr("1 savings of spot left out")));
}

TEST(PriceTables, PricesWithoutADateHaveNone) {
  PriceTables tables({});
  feed(tables, "shapes.csv",
       {instances, "aws,p5.48xlarge,192,2097152,h100,nvidia.com/gpu,8,81559,us-east-1,99,"});
  EXPECT_FALSE(finished(tables).value().as_of);
}

TEST(PriceTables, NameBadLines) {
  PriceTables tables({});
  feed(tables, "a.csv",
       {on_demand, "2026-07-20T13:44:30Z,us-east-1,a,-1", "yesterday,us-east-1,a,1",
        "2026-07-20T13:44:30Z,us-east-1,a", "2026-07-20T13:44:30Z,us-east-1,,1",
        "2026-07-20T13:44:30Z,us-east-1,a,0", std::string(5000, 'x'),
        "2026-07-20T13:44:30Z,us-east-1,\"a\",1", "2026-07-20T13:44:30Z,us-east-1,b,1"});
  EXPECT_THAT(tables.problems(),
              ElementsAre(HasSubstr("a.csv:2: on_demand_usd_per_hour: '-1' is negative"),
                          "a.csv:3: generated_at 'yesterday' is no time such as "
                          "2026-07-20T13:44:30Z",
                          "a.csv:4: has 3 fields, the header has 4",
                          "a.csv:5: instance_type '' is no name",
                          "a.csv:6: on_demand_usd_per_hour '0' is 0: leave a price out instead",
                          "a.csv:7: has more than 4096 bytes",
                          "a.csv:8: instance_type '\"a\"' is no name"));
  EXPECT_EQ(finished(tables).value().rows.size(), 1U);
}

TEST(PriceTables, BoundWhatTheyKeep) {
  PriceTables tables({});
  feed(tables, "a.csv", {on_demand});
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(tables.take("bad"));
    ASSERT_TRUE(tables.take("2026-07-20T13:44:30Z,us-east-1,t" + std::to_string(i) + ",1"));
  }
  EXPECT_EQ(tables.problems().size(), price_problems_max);
  EXPECT_EQ(tables.problem_count(), 2000U);
  EXPECT_THAT(finished(tables).error().message, HasSubstr("2000 rows are more than the 1000"));
}

TEST(PriceTables, RefuseATableOfSomethingElse) {
  PriceTables tables({});
  tables.open("net.csv", std::nullopt);
  const auto taken = tables.take("kind,path,usd");
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().message,
              HasSubstr("net.csv:1: 'kind,path,usd' is the header of no known table"));
  EXPECT_THAT(finished(tables).error().message, HasSubstr("no price is left"));
}

TEST(PriceTables, RoundUpAndSaySo) {
  PriceTables tables({});
  const std::string day = "2026-07-20T13:44:30Z,us-east-1,";
  feed(tables, "a.csv",
       {on_demand, day + "a,0.0116000000", day + "b,0.0116000001", day + "c,1.00000000001"});
  const auto prices = finished(tables).value();
  EXPECT_EQ(exact_text(*prices.rows.at(0).on_demand), "0.0116");
  EXPECT_EQ(exact_text(*prices.rows.at(1).on_demand), "0.011600001");
  EXPECT_EQ(exact_text(*prices.rows.at(2).on_demand), "1.000000001");
  EXPECT_THAT(prices.notes,
              ElementsAre("2 prices are rounded up to nine digits behind the point: the first is "
                          "that of a.csv:3, of 2026-07-20T13:44:30Z"));
}

TEST(PriceTables, ASavingNeverUnderstates) {
  PriceTables tables({});
  feed(tables, "a.csv", {on_demand, "2026-07-20T13:44:30Z,us-east-1,p5.48xlarge,0.000000101"});
  feed(tables, "advisor_2026-07-20.csv", {advisor, "us-east-1,Linux,p5.48xlarge,50,1,5-10%"});
  EXPECT_EQ(exact_text(*finished(tables)->rows.at(0).spot), "0.000000051");
}

TEST(PriceTables, PassOverAByteOrderMark) {
  PriceTables tables({});
  for (const auto* const file : {"a.csv", "b.csv"})
    feed(tables, file,
         {"\xEF\xBB\xBF" + on_demand,
          "2026-07-20T13:44:30Z,us-east-1," + std::string(file) + ",1"});
  EXPECT_EQ(finished(tables)->rows.size(), 2U);
}

TEST(PriceTables, NotePricesOfTheFutureAndOldOnes) {
  PriceTables tables({});
  feed(tables, "a.csv",
       {on_demand, "2026-07-30T12:04:00Z,us-east-1,soon,1", "2026-07-30T12:06:00Z,us-east-1,b,1",
        "2099-01-01T00:00:00Z,us-east-1,a,1", "2026-07-01T00:00:00Z,us-east-1,old,1",
        "2026-07-29T13:00:00Z,us-east-1,young,1"});
  const auto prices = tables.finish(in_july, std::chrono::days(1)).value();
  EXPECT_THAT(prices.notes,
              ElementsAre("2 prices are dated in the future and left out: the first is that of "
                          "a.csv:3, of 2026-07-30T12:06:00Z",
                          "1 price is older than --max-age 24 h, and the catalogue is as old as "
                          "its oldest: the first is that of a.csv:5, of 2026-07-01T00:00:00Z"));
  EXPECT_EQ(prices.rows.size(), 3U);
}

TEST(PriceTables, OfASeriesOnlyWhatIsTakenIsOld) {
  PriceTables tables({});
  feed(tables, "s.csv",
       {series, "2026-01-01T00:00:00Z,us-east-1,use1-az2,dl1.24xlarge,3.9,13.1",
        "2026-07-30T00:00:00Z,us-east-1,use1-az2,dl1.24xlarge,4.5,13.1"});
  EXPECT_THAT(tables.finish(in_july, std::chrono::days(1))->notes, ElementsAre());
}

TEST(PriceTables, TakeOnlyWhatIsWanted) {
  PriceTables tables({.regions = {"eu-west-1"}, .instance_types = {"a", "b"}});
  feed(tables, "a.csv",
       {on_demand, "2026-07-20T13:44:30Z,us-east-1,a,1", "2026-07-20T13:44:30Z,eu-west-1,c,1",
        "2026-07-20T13:44:30Z,eu-west-1,b,1"});
  const auto prices = finished(tables).value();
  ASSERT_EQ(prices.rows.size(), 1U);
  EXPECT_EQ(prices.rows[0].instance_type, "b");
}

TEST(PriceTables, ReadTheTablesThatAreThere) {
  const auto folder = in_shared("data/prices");
  if (folder.empty()) GTEST_SKIP() << "SKIPPED: shared/data/prices is in no folder above";
  PriceTables tables({});
  for (const auto* name :
       {"accelerator_instances.csv", "aws_ondemand_accel_karpenter_latest.csv",
        "aws_spot_series_small.csv", "aws_spot_advisor_accel_2025-06-28.csv",
        "gcp_accel_prices_2026-07-30.csv"}) {
    tables.open(name, std::nullopt);
    std::ifstream file(folder / name);
    for (std::string line; std::getline(file, line);)
      ASSERT_TRUE(tables.take(line)) << name << line;
  }
  EXPECT_THAT(tables.problems(), ElementsAre());
  EXPECT_THAT(finished(tables).error().message, HasSubstr("more than the 1000"));
}

}  // namespace
}  // namespace poolscaler::money
