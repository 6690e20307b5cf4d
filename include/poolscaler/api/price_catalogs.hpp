// PriceCatalog on the wire: read from an object, written as one.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/domain/price_catalog.hpp"

namespace poolscaler::api {

/// Reads .spec and .metadata.name. Two rows for one instance type in one place are an error.
[[nodiscard]] Checked<PriceCatalog> read_price_catalog(
    const nlohmann::json& object, UnknownFields unknown = UnknownFields::Tolerate);

/// The object that read_price_catalog() reads as `catalog`.
[[nodiscard]] nlohmann::json price_catalog_object(const PriceCatalog& catalog);

}  // namespace poolscaler::api
