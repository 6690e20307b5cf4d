// From tables of prices to a PriceCatalog, and from that to the price of a node.
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "manifest_folder.hpp"
#include "poolscaler/api/price_catalogs.hpp"
#include "support/checkout.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

const std::string table =
    "generated_at,region,instance_type,on_demand_usd_per_hour\n"
    "2026-07-20T13:44:30Z,us-east-1,p5.48xlarge,55.04\r\n"
    "2026-07-20T13:44:30Z,us-east-1,g5.xlarge,1.006\n";

class Prices : public ManifestFolder {
 protected:
  int import(PricesImportOptions options) {
    std::ostringstream out;
    std::ostringstream errors;
    const auto code = prices_import(options, out, errors);
    printed = out.str();
    told = errors.str();
    return code;
  }
  int show(PricesShowOptions options) {
    std::ostringstream out;
    const auto code = prices_show(options, out);
    printed = out.str();
    return code;
  }
  /// A catalogue of `table`, in a file.
  std::string catalog() {
    EXPECT_EQ(import({.files = {write("aws.csv", table)}, .name = "aws"}), 0) << told;
    return write("aws.yaml", printed);
  }

  std::string printed;
  std::string told;
};

money::Labels node(const std::string& type) {
  return {{"node.kubernetes.io/instance-type", type},
          {"topology.kubernetes.io/region", "us-east-1"}};
}

const Instant in_july = parse_rfc3339("2026-07-21T00:00:00Z").value();

TEST_F(Prices, ImportMakesAValidCatalog) {
  const auto objects = api::read_yaml((catalog(), printed)).value();
  ASSERT_EQ(objects.size(), 1U);
  const auto read = api::read_price_catalog(objects[0], api::UnknownFields::Report);
  ASSERT_TRUE(read) << api::summary(read.error());
  EXPECT_EQ(read->name, "aws");
  EXPECT_EQ(to_rfc3339(read->as_of), "2026-07-20T13:44:30Z");
  EXPECT_EQ(read->source, "aws.csv");
  EXPECT_EQ(read->max_age, std::chrono::days(30));
  EXPECT_EQ(read->rows.size(), 2U);
}

TEST_F(Prices, ShowSaysWhereAPriceCameFrom) {
  const auto file = catalog();
  EXPECT_EQ(show({.files = {file}, .labels = node("p5.48xlarge"), .at = in_july}), 0);
  EXPECT_EQ(printed,
            "p5.48xlarge in us-east-1: 55.04 USD an hour on demand, from PriceCatalog aws of "
            "2026-07-20 (aws.csv)\n");
  EXPECT_EQ(show({.files = {file},
                  .labels = node("p5.48xlarge"),
                  .capacity = CapacityType::Spot,
                  .at = in_july}),
            1);
  EXPECT_EQ(printed,
            "p5.48xlarge in us-east-1: no price as spot\n"
            "Unknown: import its price, or give the node group a price of its own\n");
}

TEST_F(Prices, ShowAnswersInJson) {
  EXPECT_EQ(show({.files = {catalog()},
                  .labels = node("g5.xlarge"),
                  .at = in_july + std::chrono::days(60),
                  .output = OutputFormat::Json}),
            1);
  const auto answer = json::parse(printed);
  EXPECT_EQ(answer["state"], "Stale");
  EXPECT_EQ(answer["rate"], "1.06133");
  EXPECT_EQ(answer["allowsGrowth"], false);
  EXPECT_EQ(answer["from"], "PriceCatalog aws");
}

TEST_F(Prices, ShowNamesWhatIsWrongWithACatalog) {
  const auto file = write("bad.yaml",
                          "apiVersion: poolscaler.dev/v1alpha1\nkind: PriceCatalog\n"
                          "metadata: {name: aws}\nspec:\n  asOf: yesterday\n  source: list\n"
                          "  rows:\n    - {provider: a, region: b, instanceType: c, spot: '1'}\n");
  EXPECT_EQ(show({.files = {file}, .labels = node("c")}), 2);
  EXPECT_THAT(printed, HasSubstr("bad.yaml:5: PriceCatalog 'aws': spec.asOf is \"yesterday\""));
  EXPECT_EQ(show({.files = {"/nowhere.yaml"}, .labels = node("c")}), 2);
}

TEST_F(Prices, BadRowsStopTheImportUnlessTheyMayBeSkipped) {
  const auto file = write("aws.csv", table + "2026-07-20T13:44:30Z,us-east-1,p4d.24xlarge,-3\n" +
                                         std::string(100'000, 'x') + "\n");
  EXPECT_EQ(import({.files = {file}}), 1);
  EXPECT_EQ(printed, "");
  EXPECT_THAT(told, StartsWith("aws.csv:4: on_demand_usd_per_hour: '-3' is negative"));
  EXPECT_THAT(told, HasSubstr("aws.csv:5: has more than 4096 bytes"));
  EXPECT_THAT(told, HasSubstr("2 rows are wrong: correct them, or give --skip-bad-rows"));
  EXPECT_EQ(import({.files = {file}, .skip_bad_rows = true}), 0);
  EXPECT_THAT(printed, HasSubstr("p5.48xlarge"));
}

TEST_F(Prices, ImportTellsOfOldAndOfFuturePrices) {
  const auto file = write("aws.csv", "\xEF\xBB\xBF" +
                                         table.substr(0, table.find('\n') + 1) +
                                         "2001-01-01T00:00:00Z,us-east-1,old,1.00000000001\n"
                                         "2999-01-01T00:00:00Z,us-east-1,new,1\n");
  EXPECT_EQ(import({.files = {file}, .max_age = std::chrono::hours(12)}), 0) << told;
  EXPECT_THAT(printed, HasSubstr("1.000000001"));
  EXPECT_THAT(told, HasSubstr("1 price is rounded up to nine digits behind the point: the first is "
                              "that of aws.csv:2"));
  EXPECT_THAT(told, HasSubstr("1 price is dated in the future and left out: the first is that of "
                              "aws.csv:3, of 2999-01-01T00:00:00Z"));
  EXPECT_THAT(told, HasSubstr("1 price is older than --max-age 12 h, and the catalogue is as old "
                              "as its oldest: the first is that of aws.csv:2"));
}

TEST_F(Prices, ImportRefusesWhatItCannotRead) {
  EXPECT_EQ(import({.files = {"/nowhere.csv"}}), 2);
  EXPECT_THAT(told, HasSubstr("/nowhere.csv: cannot be opened"));
  EXPECT_EQ(import({.files = {folder.string()}}), 2);
  EXPECT_EQ(import({.files = {write("a.csv", "kind,path,usd\n")}}), 2);
  EXPECT_THAT(told, HasSubstr("known are:\n  instances of all providers: provider,"));
  EXPECT_EQ(import({.files = {write("aws.csv", table)}, .name = "Not A Name"}), 2);
  EXPECT_THAT(told, HasSubstr("\n--name is \"Not A Name\""));
}

TEST_F(Prices, PricesWithoutADayNeedOne) {
  const auto undated = write(
      "shapes.csv",
      "provider,instance_type,vcpu,memory_mib,accelerator,resource,accelerators_per_node,"
      "accelerator_memory_mib,region,on_demand_usd_per_hour,spot_usd_per_hour_sample\n"
      "azure,ND96isr_H100_v5,96,1945600,h100,nvidia.com/gpu,8,81559,eastus,98.32,\n");
  EXPECT_EQ(import({.files = {undated}}), 2);
  EXPECT_THAT(told, HasSubstr("give --as-of"));
  EXPECT_EQ(import({.files = {undated}, .as_of = in_july}), 0) << told;
  EXPECT_THAT(printed, HasSubstr("2026-07-21T00:00:00Z"));
  EXPECT_THAT(printed, HasSubstr("98.32"));
}

TEST_F(Prices, ImportReadsTheTablesThatAreThere) {
  const auto tables = in_shared("data/prices");
  if (tables.empty()) GTEST_SKIP() << "SKIPPED: shared/data/prices is in no folder above";
  const auto file = [&](const std::string& name) { return (tables / name).string(); };
  ASSERT_EQ(import({.files = {file("accelerator_instances.csv"),
                              file("aws_ondemand_accel_karpenter_latest.csv"),
                              file("aws_spot_advisor_accel_2025-06-28.csv"),
                              file("aws_spot_series_small.csv"),
                              file("gcp_accel_prices_2026-07-30.csv")},
                    .name = "all",
                    .filter = {.regions = {"us-east-1", "us-central1", "eastus"}},
                    .as_of = in_july}),
            0)
      << told;
  const auto catalogs = write("all.yaml", printed);
  EXPECT_EQ(show({.files = {catalogs}, .labels = node("p5.48xlarge"), .at = in_july}), 1);
  EXPECT_THAT(printed, HasSubstr("is of 2024-06-13, older"));  // as the oldest of the series
  ASSERT_EQ(import({.files = {file("gcp_accel_prices_2026-07-30.csv")},
                    .name = "gcp",
                    .filter = {.regions = {"us-central1"}}}),
            0);
  const auto gcp = write("gcp.yaml", printed);
  EXPECT_EQ(show({.files = {gcp},
                  .labels = {{"node.kubernetes.io/instance-type", "a3-highgpu-8g"},
                             {"topology.kubernetes.io/region", "us-central1"},
                             {"cloud.google.com/gke-spot", "true"}},
                  .at = in_july + std::chrono::days(10)}),
            0)
      << printed;
  EXPECT_THAT(printed, HasSubstr("a3-highgpu-8g in us-central1: "));
  EXPECT_THAT(printed, HasSubstr(" USD an hour as spot, from PriceCatalog gcp of 2026-07-30 "));
}

}  // namespace
}  // namespace poolscaler::app
