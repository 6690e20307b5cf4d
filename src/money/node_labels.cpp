// Which labels say what about the price of a node. One row each; sources: Karpenter, EKS, GKE, AKS
// and Cluster API documentation (node-pools.md, "Capacity type and reservations").
#include <array>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/money/price.hpp"

namespace poolscaler::money {
namespace {

constexpr std::size_t value_bytes_max = 63;  // of a label's value

struct CapacityLabel {
  std::string_view key;
  std::string_view value;  // "*": any
  CapacityType type;
};

constexpr std::array capacity_labels = {
    CapacityLabel{"karpenter.sh/capacity-type", "on-demand", CapacityType::OnDemand},
    CapacityLabel{"karpenter.sh/capacity-type", "spot", CapacityType::Spot},
    CapacityLabel{"karpenter.sh/capacity-type", "reserved", CapacityType::Reserved},
    CapacityLabel{"eks.amazonaws.com/capacityType", "ON_DEMAND", CapacityType::OnDemand},
    CapacityLabel{"eks.amazonaws.com/capacityType", "SPOT", CapacityType::Spot},
    CapacityLabel{"eks.amazonaws.com/capacityType", "CAPACITY_BLOCK", CapacityType::Reserved},
    CapacityLabel{"cloud.google.com/gke-spot", "true", CapacityType::Spot},
    CapacityLabel{"cloud.google.com/gke-preemptible", "true", CapacityType::Spot},
    CapacityLabel{"cloud.google.com/gke-provisioning", "standard", CapacityType::OnDemand},
    CapacityLabel{"cloud.google.com/gke-provisioning", "spot", CapacityType::Spot},
    CapacityLabel{"cloud.google.com/gke-provisioning", "preemptible", CapacityType::Spot},
    CapacityLabel{"kubernetes.azure.com/scalesetpriority", "regular", CapacityType::OnDemand},
    CapacityLabel{"kubernetes.azure.com/scalesetpriority", "spot", CapacityType::Spot},
    CapacityLabel{"cluster.x-k8s.io/interruptible", "*", CapacityType::Spot},
};

std::string_view value_of(const Labels& labels, std::string_view key) {
  const auto found = labels.find(key);
  return found == labels.end() ? std::string_view() : std::string_view(found->second);
}

std::string first_of(const Labels& labels, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys)
    if (const auto value = value_of(labels, key); !value.empty())
      return capped(escaped(value), value_bytes_max);
  return {};
}

/// "aws:///us-east-1a/i-0123" is of aws; "gce://..." of gcp.
std::string provider_of(std::string_view provider_id) {
  const auto end = provider_id.find("://");
  if (end == std::string_view::npos) return {};
  const auto scheme = provider_id.substr(0, end);
  if (scheme == "gce") return "gcp";
  return scheme == "aws" || scheme == "azure" ? std::string(scheme) : std::string();
}

void take_capacity(const Labels& labels, PricedThing& thing) {
  for (const auto& known : capacity_labels) {
    const auto found = labels.find(known.key);
    if (found == labels.end() || (known.value != "*" && known.value != found->second)) continue;
    if (thing.capacity_from.empty()) {
      thing.capacity = known.type;
      thing.capacity_from = fmt::format("{}={}", known.key, capped(found->second, value_bytes_max));
    } else if (thing.capacity != known.type && thing.contradiction.empty()) {
      thing.contradiction = fmt::format("label {} says {}, but {}={} says {}", thing.capacity_from,
                                        name_of(thing.capacity), known.key,
                                        capped(found->second, value_bytes_max),
                                        name_of(known.type));
    }
  }
}

}  // namespace

PricedThing priced_thing(const Labels& labels, std::string_view provider_id) {
  PricedThing thing{
      .provider = provider_of(provider_id),
      .instance_type = first_of(
          labels, {"node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"}),
      .region = first_of(labels, {"topology.kubernetes.io/region",
                                  "failure-domain.beta.kubernetes.io/region"}),
      .zone = first_of(labels, {"topology.kubernetes.io/zone",
                                "failure-domain.beta.kubernetes.io/zone"}),
      .zone_id = first_of(labels, {"topology.k8s.aws/zone-id"})};
  take_capacity(labels, thing);
  return thing;
}

}  // namespace poolscaler::money
