#include "node_prices.hpp"

#include <fmt/format.h>

namespace poolscaler::capacity {
namespace {

void fill(std::string& part, const std::string& from) {
  if (part.empty()) part = from;
}

/// What the group says counts where labels say nothing. Committed capacity looks like on-demand
/// capacity to most clouds; every other difference is one of the two being wrong.
void settle_capacity(money::PricedThing& thing, const NodeGroup& group) {
  const bool committed = group.capacity_type == CapacityType::Reserved &&
                         thing.capacity == CapacityType::OnDemand;
  if (thing.capacity_from.empty() || committed) {
    thing.capacity = group.capacity_type;
  } else if (thing.capacity != group.capacity_type && thing.contradiction.empty()) {
    thing.contradiction =
        fmt::format("node group {} is {}, but label {} says {}", group.name,
                    name_of(group.capacity_type), thing.capacity_from, name_of(thing.capacity));
  }
}

money::PriceQuestion question_of(const NodeGroup& group, money::PricedThing thing,
                                 Currency currency) {
  fill(thing.provider, group.provider);
  fill(thing.instance_type, group.instance_type);
  fill(thing.region, group.region);
  fill(thing.zone, group.zone);
  settle_capacity(thing, group);
  return {.thing = std::move(thing),
          .own_price = group.price,
          .commitment = group.commitment,
          .currency = currency};
}

/// What is declared of the group; the rest from a node that it has.
money::PricedThing next_thing(const NodeGroup& group, const Node* sample) {
  money::PricedThing thing{.provider = group.provider,
                           .instance_type = group.instance_type,
                           .region = group.region,
                           .zone = group.zone};
  if (sample == nullptr) return thing;
  auto of_sample = money::priced_thing(sample->labels, sample->provider_id);
  if (!thing.instance_type.empty() && thing.instance_type != of_sample.instance_type)
    return thing;  // the group has moved on to another type
  of_sample.capacity = group.capacity_type;
  of_sample.capacity_from.clear();
  return of_sample;
}

}  // namespace

std::shared_ptr<const money::PriceQuote> NodePrices::of_node(const NodeGroup& group,
                                                             const Node& node) {
  auto thing = money::priced_thing(node.labels, node.provider_id);
  auto& quote = known_[fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", group.name, thing.provider,
                                   thing.instance_type, thing.region, thing.zone, thing.zone_id,
                                   thing.capacity_from)];
  if (!quote)
    quote = std::make_shared<const money::PriceQuote>(
        prices_.quote(question_of(group, std::move(thing), currency_), now_));
  return quote;
}

money::PriceQuote NodePrices::of_next(const NodeGroup& group, const Node* sample) const {
  return prices_.quote(question_of(group, next_thing(group, sample), currency_), now_);
}

}  // namespace poolscaler::capacity
