// What a node costs, looked up by the labels that the cluster has put on it.
//
// A price that is unknown, stale, zero, from the future or in another currency is a state with
// words, never 0: nothing grows on it. A stale price still counts for nodes that exist, raised by
// what prices move in a day (money.md, "Pitfalls": last price plus p99 24 h change, 5.5 %).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "poolscaler/domain/price_catalog.hpp"

namespace poolscaler::money {

using Labels = std::map<std::string, std::string, std::less<>>;

/// What decides the price of a node, and which labels said so.
struct PricedThing {
  std::string provider{};  // empty: not known, any matches
  std::string instance_type{};
  std::string region{};
  std::string zone{};
  std::string zone_id{};  // "use1-az2", which catalogues of AWS name instead of a zone
  CapacityType capacity = CapacityType::OnDemand;
  std::string capacity_from{};  // the label, empty when none says spot or reserved
  std::string contradiction{};  // two labels that do not agree, in words
};

/// From a node's labels and spec.providerID: the well-known ones (node.kubernetes.io/instance-type,
/// topology.kubernetes.io/region and zone, with their old names) and those of Karpenter, EKS, GKE,
/// AKS and Cluster API for the capacity type. A node of which nothing says spot or reserved is on
/// demand, which is the dearest.
[[nodiscard]] PricedThing priced_thing(const Labels& labels, std::string_view provider_id);

enum class PriceState {
  Known,
  Unknown,        // no catalogue has a row or a price for it, or a label is missing
  Stale,          // the catalogue is older than its maximum age
  Zero,           // the price is 0: committed capacity says so by its capacity type instead
  FromTheFuture,  // the catalogue is dated later than now
  OtherCurrency,  // the only prices are in another currency than asked for
  Contradictory,  // labels of the node do not agree
};
[[nodiscard]] std::string_view name_of(PriceState state);

struct PriceQuote {
  PriceState state = PriceState::Unknown;
  /// What an hour is billed with; of a stale price with its bound. Nothing: the node is unpriced.
  std::optional<HourlyRate> rate{};
  /// What one more hour costs: 0 for committed capacity, which is paid anyway.
  std::optional<HourlyRate> marginal{};
  std::string from{};   // "PriceCatalog aws" or "the group's own price"
  std::string words{};  // one sentence: the price and where it came from, or what is wrong
  std::string remedy{};

  [[nodiscard]] bool allows_growth() const { return state == PriceState::Known; }
};

struct PriceQuestion {
  PricedThing thing;
  std::optional<HourlyRate> own_price{};  // of the node group; wins over every catalogue
  std::string commitment{};               // term; empty: the dearest there is
  Currency currency{};
};

/// Catalogues, indexed. Immutable, hence safe to share between threads.
class PriceBook {
 public:
  explicit PriceBook(std::vector<std::shared_ptr<const PriceCatalog>> catalogs);

  /// Of several rows that fit: a usable one before others, one of the zone before one of the
  /// region, the newest catalogue, the first by name.
  [[nodiscard]] PriceQuote quote(const PriceQuestion& question, Instant now) const;

 private:
  struct Entry {
    const PriceCatalog* catalog;
    const PriceRow* row;
  };
  std::vector<std::shared_ptr<const PriceCatalog>> catalogs_;
  std::unordered_map<std::string_view, std::vector<Entry>> by_type_;
};

/// A clock may be this much behind the one that dated a catalogue.
inline constexpr Seconds future_tolerance{300};
/// A stale price is raised by this many thousandths.
inline constexpr std::int64_t stale_bound_thousandths = 55;

}  // namespace poolscaler::money
