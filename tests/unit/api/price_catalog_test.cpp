#include <gmock/gmock.h>

#include "poolscaler/api/price_catalogs.hpp"
#include "unit/api/policies.hpp"

namespace poolscaler {
namespace {

using api::read_price_catalog;
using testing::HasSubstr;
using testing::StartsWith;

nlohmann::json catalog_with(const std::string& rows, const std::string& more = "") {
  return api::read_yaml("metadata: {name: aws}\n"
                        "spec: {asOf: '2026-07-20T13:44:30Z', source: list, " +
                        more + "rows: [" + rows + "]}")
      .value()
      .at(0);
}

std::string refused_catalog(const nlohmann::json& object) {
  const auto catalog = read_price_catalog(object, api::UnknownFields::Report);
  return catalog ? "accepted" : text_of(catalog.error());
}

const std::string place = "provider: aws, region: us-east-1, instanceType: p5.48xlarge";

TEST(PriceCatalogReader, ReadsEveryField) {
  const auto object = catalog_with(
      "{" + place + ", zone: use1-az2, resource: nvidia.com/gpu, count: 8, onDemand: '55.04', "
      "spot: '21.4', commitments: [{term: 1y, price: '34.6'}]}",
      "currency: EUR, maxAgeSeconds: 60, ");
  const auto read = read_price_catalog(object, api::UnknownFields::Report);
  ASSERT_TRUE(read) << text_of(read.error());
  const auto rate = [](std::string_view text) { return parse_hourly_rate(text).value(); };
  const PriceCatalog expected{.name = "aws",
                              .currency = Currency::parse("EUR").value(),
                              .as_of = parse_rfc3339("2026-07-20T13:44:30Z").value(),
                              .source = "list",
                              .max_age = Seconds(60),
                              .rows = {{.provider = "aws",
                                        .region = "us-east-1",
                                        .zone = "use1-az2",
                                        .instance_type = "p5.48xlarge",
                                        .resource = "nvidia.com/gpu",
                                        .count = 8,
                                        .on_demand = rate("55.04"),
                                        .spot = rate("21.4"),
                                        .commitments = {{"1y", rate("34.6")}}}}};
  EXPECT_EQ(*read, expected);
  EXPECT_EQ(read_price_catalog(api::price_catalog_object(expected)).value(), expected);
}

TEST(PriceCatalogReader, FillsInDefaults) {
  const auto read = read_price_catalog(catalog_with("{" + place + ", spot: '1'}"));
  ASSERT_TRUE(read) << text_of(read.error());
  EXPECT_EQ(read->max_age, std::chrono::days(30));
  EXPECT_EQ(read->currency, Currency());
}

TEST(PriceCatalogReader, NamesWhatIsWrong) {
  const auto row = [](const std::string& more) {
    return refused_catalog(catalog_with("{" + place + ", " + more + "}"));
  };
  EXPECT_THAT(row("onDemand: '-1'"), StartsWith("spec.rows[0].onDemand is \"-1\", must be an "
                                                "amount such as '98.32'"));
  EXPECT_THAT(row("onDemand: NaN"), StartsWith("spec.rows[0].onDemand is"));
  EXPECT_THAT(row("onDemand: '1e3'"), StartsWith("spec.rows[0].onDemand is"));
  EXPECT_THAT(row("onDemand: '1000000000'"), StartsWith("spec.rows[0].onDemand is"));
  EXPECT_THAT(row("onDemand: 98.32"), HasSubstr("put it in quotes"));
  EXPECT_THAT(row("count: 8, resource: a"), HasSubstr("spec.rows[0] must have a price"));
  EXPECT_THAT(row("spot: '1', count: 8"), HasSubstr("must be set together with `resource`"));
  EXPECT_THAT(row("spot: '1', onSpot: '1'"), HasSubstr("is not a known field"));
  EXPECT_THAT(row("commitments: [{term: a, price: '1'}, {term: a, price: '2'}]"),
              HasSubstr("must be unique"));
  const auto good = "{" + place + ", spot: '1'}";
  EXPECT_THAT(refused_catalog(catalog_with(good, "currency: DOGE, ")),
              StartsWith("spec.currency is"));
  EXPECT_THAT(refused_catalog(catalog_with("")), StartsWith("spec.rows is a list of 0"));
  EXPECT_THAT(refused_catalog(catalog_with(good + ", {" + place + ", spot: '2'}")),
              StartsWith("spec.rows[1] is p5.48xlarge, is in this place already in row 0"));
  auto nameless = catalog_with(good);
  nameless.erase("metadata");
  EXPECT_THAT(refused_catalog(nameless), StartsWith("metadata.name is required: for example aws"));
}

}  // namespace
}  // namespace poolscaler
