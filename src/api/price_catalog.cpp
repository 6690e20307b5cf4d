#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "checked_reader.hpp"
#include "money_fields.hpp"
#include "object_name.hpp"
#include "poolscaler/api/price_catalogs.hpp"
#include "poolscaler/json/members.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

PriceRow row_from(const json& row) {
  PriceRow made{.provider = row["provider"].get<std::string>(),
                .region = row["region"].get<std::string>(),
                .zone = text_at(row, "zone"),
                .instance_type = row["instanceType"].get<std::string>(),
                .resource = text_at(row, "resource"),
                .count = row.contains("count") ? row["count"].get<std::int32_t>() : 0,
                .on_demand = rate_if_there(row, "onDemand"),
                .spot = rate_if_there(row, "spot")};
  if (row.contains("commitments"))
    for (const auto& one : row["commitments"])
      made.commitments.push_back({one["term"].get<std::string>(), checked_rate(one["price"])});
  return made;
}

PriceCatalog catalog_from(const json& object, const json& spec) {
  PriceCatalog catalog{.name = object["metadata"]["name"].get<std::string>(),
                       .currency = Currency::parse(spec["currency"].get<std::string>()).value(),
                       .as_of = parse_rfc3339(spec["asOf"].get<std::string>()).value(),
                       .source = spec["source"].get<std::string>(),
                       .max_age = Seconds(spec["maxAgeSeconds"].get<std::int64_t>())};
  for (const auto& row : spec["rows"]) catalog.rows.push_back(row_from(row));
  return catalog;
}

/// CEL could not look for them within what it may cost.
std::vector<FieldError> twins_in(const PriceCatalog& catalog) {
  using Place = std::tuple<std::string_view, std::string_view, std::string_view, std::string_view>;
  std::map<Place, std::size_t> seen;
  std::vector<FieldError> errors;
  for (std::size_t i = 0; i < catalog.rows.size() && errors.size() < field_errors_max; ++i) {
    const auto& row = catalog.rows[i];
    const auto [first, is_new] =
        seen.try_emplace({row.provider, row.region, row.zone, row.instance_type}, i);
    if (is_new) continue;
    errors.push_back({.path = fmt::format("spec.rows[{}]", i),
                      .value = row.instance_type,
                      .problem = fmt::format("is in this place already in row {}", first->second),
                      .remedy = "keep one of the two"});
  }
  return errors;
}

}  // namespace

Checked<PriceCatalog> read_price_catalog(const json& object, UnknownFields unknown) {
  auto spec = checked_spec(Kind::PriceCatalog, object, unknown);
  auto errors = spec ? std::vector<FieldError>() : std::move(spec.error());
  if (auto error = name_error(object, "aws"); error && errors.size() < field_errors_max)
    errors.push_back(std::move(*error));
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  auto catalog = catalog_from(object, *spec);
  if (auto twins = twins_in(catalog); !twins.empty()) return tl::unexpected(std::move(twins));
  return catalog;
}

json price_catalog_object(const PriceCatalog& catalog) {
  json rows = json::array();
  for (const auto& row : catalog.rows) {
    json made{{"provider", row.provider},
              {"region", row.region},
              {"instanceType", row.instance_type}};
    if (!row.zone.empty()) made["zone"] = row.zone;
    if (!row.resource.empty() && row.count > 0) {
      made["resource"] = row.resource;
      made["count"] = row.count;
    }
    if (row.on_demand) made["onDemand"] = exact_text(*row.on_demand);
    if (row.spot) made["spot"] = exact_text(*row.spot);
    for (const auto& one : row.commitments)
      made["commitments"].push_back({{"term", one.term}, {"price", exact_text(one.rate)}});
    rows.push_back(std::move(made));
  }
  return {{"apiVersion", api_version},
          {"kind", names_of(Kind::PriceCatalog).kind},
          {"metadata", {{"name", catalog.name}}},
          {"spec",
           {{"asOf", to_rfc3339(catalog.as_of)},
            {"source", catalog.source},
            {"maxAgeSeconds", catalog.max_age.count()},
            {"currency", catalog.currency.code()},
            {"rows", std::move(rows)}}}};
}

}  // namespace poolscaler::api
