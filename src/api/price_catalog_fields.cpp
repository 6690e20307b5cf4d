// The catalogue of PriceCatalog.spec, what must hold between its fields, and how kubectl shows one.
#include <nlohmann/json.hpp>

#include "field_table.hpp"
#include "poolscaler/domain/amount.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;
using enum FieldType;

constexpr std::int64_t seconds_of_a_year = 31'536'000;

constexpr Field catalog_fields[] = {
    {.path = "spec",
     .type = Object,
     .required = true,
     .doc = "What instances cost, since when, and where that is known from."},
    {.path = "spec.asOf",
     .type = Time,
     .required = true,
     .example = "2026-07-20T13:44:30Z",
     .doc = "The oldest day that a price of this catalogue is of. A day that is still to come "
            "makes every price of it unusable."},
    {.path = "spec.source",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 512,
     .syntax = Syntax::PrintableText,
     .example = "list prices of the provider",
     .doc = "Where the prices were taken from, for people."},
    {.path = "spec.maxAgeSeconds",
     .type = Integer,
     .min = 60,
     .max = seconds_of_a_year,
     .default_json = "2592000",
     .unit = "seconds",
     .example = "604800",
     .doc = "Older than this the prices are stale: nodes that exist count with them and 5.5 % "
            "more, and nothing grows on them."},
    {.path = "spec.currency",
     .type = Enum,
     .values = known_currencies,
     .default_json = "\"USD\"",
     .example = "EUR",
     .doc = "Of all prices of this catalogue (ISO 4217). Amounts are not converted."},
    {.path = "spec.rows",
     .type = List,
     .required = true,
     .min = 1,
     .max = 1000,
     .doc = "Prices of instance types, each in one region or zone."},
    {.path = "spec.rows[].provider",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 63,
     .syntax = Syntax::PrintableText,
     .example = "aws",
     .doc = "Who rents it out: aws, gcp and azure are told apart by the provider id of a node; any "
            "other word matches the nodes of none."},
    {.path = "spec.rows[].region",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 63,
     .syntax = Syntax::PrintableText,
     .example = "us-east-1",
     .doc = "As the label topology.kubernetes.io/region says it."},
    {.path = "spec.rows[].zone",
     .type = Text,
     .min = 1,
     .max = 63,
     .syntax = Syntax::PrintableText,
     .example = "use1-az2",
     .doc = "As topology.kubernetes.io/zone or topology.k8s.aws/zone-id says it. Missing: every "
            "zone of the region that has no row of its own."},
    {.path = "spec.rows[].instanceType",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 63,
     .syntax = Syntax::PrintableText,
     .example = "p5.48xlarge",
     .doc = "As node.kubernetes.io/instance-type says it."},
    {.path = "spec.rows[].resource",
     .type = Text,
     .min = 1,
     .max = 128,
     .syntax = Syntax::PrintableText,
     .example = "nvidia.com/gpu",
     .doc = "The accelerator that a node of this type has, to show what one of them costs."},
    {.path = "spec.rows[].count",
     .type = Integer,
     .min = 1,
     .max = 1024,
     .example = "8",
     .doc = "How many of `resource` a node has."},
    {.path = "spec.rows[].onDemand",
     .type = Text,
     .min = 1,
     .max = 19,
     .syntax = Syntax::Money,
     .unit = "per hour",
     .example = "55.04",
     .doc = "Price of a node that is rented by the hour. Missing: unknown, which is never 0."},
    {.path = "spec.rows[].spot",
     .type = Text,
     .min = 1,
     .max = 19,
     .syntax = Syntax::Money,
     .unit = "per hour",
     .example = "21.4",
     .doc = "Price of a node that may be taken back. Missing: unknown, which is never 0."},
    {.path = "spec.rows[].commitments",
     .type = List,
     .min = 0,
     .max = 8,
     .list = ListType::Map,
     .key = "term",
     .doc = "Prices of nodes that are paid for whether they are used or not."},
    {.path = "spec.rows[].commitments[].term",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 63,
     .syntax = Syntax::PrintableText,
     .example = "1y",
     .doc = "A word for the commitment."},
    {.path = "spec.rows[].commitments[].price",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 19,
     .syntax = Syntax::Money,
     .unit = "per hour",
     .example = "34.6",
     .doc = "Amortised, with what is paid up front."},
};

bool has_a_price(const json& row) {
  return row.contains("onDemand") || row.contains("spot") || row.contains("commitments");
}

bool counts_something(const json& row) { return row.contains("count") == row.contains("resource"); }

constexpr Rule catalog_rules[] = {
    {.at = "spec.rows[]",
     .cel = "has(self.onDemand) || has(self.spot) || has(self.commitments)",
     .problem = "must have a price",
     .remedy = "set `onDemand`, `spot` or `commitments`",
     .holds = has_a_price},
    {.at = "spec.rows[]",
     .cel = "has(self.count) == has(self.resource)",
     .problem = "must be set together with `resource`, or not at all",
     .remedy = "set both or neither",
     .child = "count",
     .holds = counts_something},
};

constexpr Column catalog_columns[] = {
    {.name = "As of",
     .type = "date",
     .json_path = ".spec.asOf",
     .doc = "How old the prices are."},
    {.name = "Currency",
     .type = "string",
     .json_path = ".spec.currency",
     .doc = "Of all prices."},
    {.name = "Source",
     .type = "string",
     .json_path = ".spec.source",
     .doc = "Where they were taken from."},
    {.name = "Age",
     .type = "date",
     .json_path = ".metadata.creationTimestamp",
     .doc = "Time since the catalogue was created."},
};

constexpr std::string_view catalog_example = R"(apiVersion: poolscaler.dev/v1alpha1
kind: PriceCatalog
metadata:
  name: aws
spec:
  asOf: "2026-07-20T13:44:30Z"
  source: list prices of the provider
  rows:
    - provider: aws
      region: us-east-1
      instanceType: p5.48xlarge
      resource: nvidia.com/gpu
      count: 8
      onDemand: "55.04"
      spot: "21.4"
      commitments:
        - term: 1y
          price: "34.6"
)";

}  // namespace

const KindTable& price_catalog_table() {
  static const KindTable table{
      .names = {.kind = "PriceCatalog",
                .plural = "pricecatalogs",
                .singular = "pricecatalog",
                .short_name = "pcat",
                .page = "price-catalog",
                .namespaced = false},
      .doc = "PriceCatalog says what instances cost. `poolscaler prices import` makes one from "
             "tables of prices, and `poolscaler prices show` tells where a node's price comes "
             "from. It has no status: an unknown, stale, zero or future price is a state of each "
             "question, never 0.",
      .example = catalog_example,
      .spec = catalog_fields,
      .status = {},
      .rules = catalog_rules,
      .columns = catalog_columns};
  return table;
}

}  // namespace poolscaler::api
