// PriceCatalog: what instances cost, as the platform team declares it. A catalogue is dated and has
// a source and a maximum age; a price that is not in it is unknown, never 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/amount.hpp"

namespace poolscaler {

/// How a node is paid for.
enum class CapacityType { OnDemand, Spot, Reserved };
[[nodiscard]] constexpr std::string_view name_of(CapacityType type) {
  switch (type) {
    case CapacityType::OnDemand: return "OnDemand";
    case CapacityType::Spot: return "Spot";
    case CapacityType::Reserved: return "Reserved";
  }
  return {};
}

/// Capacity that is paid whether it is used or not, amortised to an hour.
struct Commitment {
  std::string term;  // "1y"
  HourlyRate rate;
  bool operator==(const Commitment&) const = default;
};

/// The prices of one instance type in one place.
struct PriceRow {
  std::string provider;  // "aws"
  std::string region;
  std::string zone{};  // name or id; empty: every zone of the region
  std::string instance_type;
  std::string resource{};  // "nvidia.com/gpu"; empty: not said
  std::int32_t count = 0;  // of `resource` on one node
  std::optional<HourlyRate> on_demand{};
  std::optional<HourlyRate> spot{};
  std::vector<Commitment> commitments{};
  bool operator==(const PriceRow&) const = default;
};

struct PriceCatalog {
  std::string name;
  Currency currency{};
  Instant as_of;
  std::string source;
  Seconds max_age;
  std::vector<PriceRow> rows{};
  bool operator==(const PriceCatalog&) const = default;
};

}  // namespace poolscaler
