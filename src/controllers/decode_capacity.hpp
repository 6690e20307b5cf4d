// From the JSON of nodes, and of the objects that pools are made of, to records. As lenient and as
// strict as decode.hpp.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "decode.hpp"
#include "poolscaler/controllers/pool_records.hpp"

namespace poolscaler::controllers {

[[nodiscard]] std::shared_ptr<const capacity::Node> decode_node(const nlohmann::json& object,
                                                                const ObjectMeta& meta);

/// What the containers of a pod, or of a pod template, request of extended resources together; null
/// when that is nothing.
[[nodiscard]] std::shared_ptr<const capacity::Resources> read_accelerators(
    const nlohmann::json& pod_spec);

/// The spec is not read again when `known` is of the same generation.
[[nodiscard]] PoolRecord decode_pool(const nlohmann::json& object, const ObjectMeta& meta,
                                     const PoolRecord* known);
[[nodiscard]] BudgetRecord decode_budget(const nlohmann::json& object, const ObjectMeta& meta,
                                         const BudgetRecord* known);
[[nodiscard]] CatalogRecord decode_catalog(const nlohmann::json& object, const ObjectMeta& meta);

/// Without what no reading of it needs.
[[nodiscard]] std::shared_ptr<const nlohmann::json> trimmed_group(const nlohmann::json& object);

}  // namespace poolscaler::controllers
