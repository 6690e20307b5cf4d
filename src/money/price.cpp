#include "poolscaler/money/price.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "wide.hpp"

namespace poolscaler::money {
namespace {

std::string_view in_words(CapacityType type) {
  switch (type) {
    case CapacityType::OnDemand: return "on demand";
    case CapacityType::Spot: return "as spot";
    case CapacityType::Reserved: return "as committed";
  }
  return {};
}

std::string day_of(Instant instant) { return to_rfc3339(instant).substr(0, 10); }

/// "p5.48xlarge in us-east-1".
std::string what(const PricedThing& thing) {
  return fmt::format("{} in {}", thing.instance_type,
                     thing.zone.empty() ? thing.region : thing.zone);
}

PriceQuote refusal(PriceState state, std::string words, std::string remedy) {
  return {.state = state, .words = std::move(words), .remedy = std::move(remedy)};
}

const Commitment* commitment_of(const PriceRow& row, std::string_view term) {
  const Commitment* chosen = nullptr;
  for (const auto& one : row.commitments) {
    if (!term.empty() && one.term != term) continue;
    if (!chosen || one.rate > chosen->rate) chosen = &one;
  }
  return chosen;
}

std::optional<HourlyRate> price_in(const PriceRow& row, const PriceQuestion& question) {
  switch (question.thing.capacity) {
    case CapacityType::OnDemand: return row.on_demand;
    case CapacityType::Spot: return row.spot;
    case CapacityType::Reserved: {
      const auto* commitment = commitment_of(row, question.commitment);
      return commitment ? std::optional(commitment->rate) : std::nullopt;
    }
  }
  return std::nullopt;
}

PriceState state_of(const PriceCatalog& catalog, HourlyRate rate, Currency currency, Instant now) {
  if (catalog.currency != currency) return PriceState::OtherCurrency;
  if (catalog.as_of > now + future_tolerance) return PriceState::FromTheFuture;
  if (rate <= HourlyRate()) return PriceState::Zero;
  return now - catalog.as_of > catalog.max_age ? PriceState::Stale : PriceState::Known;
}

/// The lower, the better.
int rank_of(PriceState state) {
  if (state == PriceState::Known) return 0;
  return state == PriceState::Stale ? 1 : 2;
}

bool names_zone(const PriceRow& row, const PricedThing& thing) {
  return row.zone == thing.zone || row.zone == thing.zone_id;
}

bool fits(const PriceRow& row, const PricedThing& thing) {
  return (thing.provider.empty() || row.provider == thing.provider) &&
         row.region == thing.region && (row.zone.empty() || names_zone(row, thing));
}

HourlyRate bounded(HourlyRate rate) {
  const Wide raised = Wide{rate.nano()} * (1000 + stale_bound_thousandths);
  return HourlyRate::of(narrowed((raised + 999) / 1000));
}

HourlyRate marginal_of(CapacityType capacity, HourlyRate rate) {
  return capacity == CapacityType::Reserved ? HourlyRate() : rate;
}

std::string each_of(const PriceRow& row, HourlyRate rate) {
  if (row.count <= 1) return {};
  return fmt::format(", {} x {}: {} each", row.count, row.resource,
                     shown(HourlyRate::of(rate.nano() / row.count)));
}

PriceQuote own_quote(const PriceQuestion& question) {
  if (*question.own_price <= HourlyRate())
    return refusal(PriceState::Zero, "the node group's own price is 0",
                   "leave it out, or say capacityType Reserved for capacity that is paid anyway");
  return {.state = PriceState::Known,
          .rate = question.own_price,
          .marginal = marginal_of(question.thing.capacity, *question.own_price),
          .from = "the node group's own price",
          .words = fmt::format("{} {} an hour {}, the node group's own price",
                               shown(*question.own_price), question.currency.code(),
                               in_words(question.thing.capacity))};
}

std::optional<PriceQuote> fault_of(const PricedThing& thing) {
  if (!thing.contradiction.empty())
    return refusal(PriceState::Contradictory, thing.contradiction,
                   "correct the labels, or give the node group a price of its own");
  const auto* const missing = thing.instance_type.empty() ? "node.kubernetes.io/instance-type"
                              : thing.region.empty()      ? "topology.kubernetes.io/region"
                                                          : nullptr;
  if (!missing) return std::nullopt;
  return refusal(PriceState::Unknown, fmt::format("the node has no label {}", missing),
                 "label the node, or give the node group a price of its own");
}

/// A price that was found, and how good it is.
struct Found {
  const PriceCatalog* catalog;
  const PriceRow* row;
  HourlyRate rate;
  PriceState state;
};

bool is_better(const Found& a, const Found& b) {
  const auto key = [](const Found& found) {
    return std::tuple(rank_of(found.state), found.row->zone.empty() ? 1 : 0,
                      -found.catalog->as_of.time_since_epoch().count(),
                      std::string_view(found.catalog->name), found.state);
  };
  return key(a) < key(b);
}

PriceQuote known(const Found& found, const PriceQuestion& question) {
  const auto capacity = question.thing.capacity;
  PriceQuote quote{.state = PriceState::Known,
                   .rate = found.rate,
                   .marginal = marginal_of(capacity, found.rate),
                   .from = fmt::format("PriceCatalog {}", found.catalog->name)};
  quote.words = fmt::format(
      "{}: {} {} an hour {}, from PriceCatalog {} of {} ({}){}", what(question.thing),
      shown(found.rate), question.currency.code(), in_words(capacity), found.catalog->name,
      day_of(found.catalog->as_of), found.catalog->source, each_of(*found.row, found.rate));
  if (capacity == CapacityType::Reserved)
    quote.words += "; paid anyway, so one more hour costs 0";
  return quote;
}

PriceQuote stale(const Found& found, const PriceQuestion& question) {
  const auto rate = bounded(found.rate);
  auto quote = refusal(
      PriceState::Stale,
      fmt::format("{}: PriceCatalog {} is of {}, older than its maximum age of {} h; nodes that "
                  "exist count with {} {} an hour, the last price and 5.5 %",
                  what(question.thing), found.catalog->name, day_of(found.catalog->as_of),
                  found.catalog->max_age / std::chrono::hours(1), shown(rate),
                  question.currency.code()),
      "import prices again; nothing grows until then");
  quote.rate = rate;
  quote.marginal = marginal_of(question.thing.capacity, rate);
  quote.from = fmt::format("PriceCatalog {}", found.catalog->name);
  return quote;
}

PriceQuote quote_of(const Found& found, const PriceQuestion& question) {
  const auto& catalog = *found.catalog;
  switch (found.state) {
    case PriceState::Known: return known(found, question);
    case PriceState::Stale: return stale(found, question);
    case PriceState::Zero:
      return refusal(PriceState::Zero,
                     fmt::format("{}: the price {} in PriceCatalog {} is 0", what(question.thing),
                                 in_words(question.thing.capacity), catalog.name),
                     "correct the row, or say capacityType Reserved for capacity paid anyway");
    case PriceState::FromTheFuture:
      return refusal(PriceState::FromTheFuture,
                     fmt::format("{}: PriceCatalog {} is of {}, which is still to come",
                                 what(question.thing), catalog.name, to_rfc3339(catalog.as_of)),
                     "correct its asOf, or the clock of the operator's node");
    case PriceState::OtherCurrency:
      return refusal(PriceState::OtherCurrency,
                     fmt::format("{}: PriceCatalog {} is in {}, asked for is {}",
                                 what(question.thing), catalog.name, catalog.currency.code(),
                                 question.currency.code()),
                     "declare a catalogue in that currency; amounts are not converted");
    case PriceState::Unknown:
    case PriceState::Contradictory: break;
  }
  return {};
}

}  // namespace

std::string_view name_of(PriceState state) {
  switch (state) {
    case PriceState::Known: return "Known";
    case PriceState::Unknown: return "Unknown";
    case PriceState::Stale: return "Stale";
    case PriceState::Zero: return "Zero";
    case PriceState::FromTheFuture: return "FromTheFuture";
    case PriceState::OtherCurrency: return "OtherCurrency";
    case PriceState::Contradictory: return "Contradictory";
  }
  return {};
}

PriceBook::PriceBook(std::vector<std::shared_ptr<const PriceCatalog>> catalogs)
    : catalogs_(std::move(catalogs)) {
  for (const auto& catalog : catalogs_)
    for (const auto& row : catalog->rows)
      by_type_[row.instance_type].push_back({catalog.get(), &row});
}

PriceQuote PriceBook::quote(const PriceQuestion& question, Instant now) const {
  if (question.own_price) return own_quote(question);
  const auto& thing = question.thing;
  if (auto fault = fault_of(thing)) return *std::move(fault);
  const auto entries = by_type_.find(thing.instance_type);
  if (entries == by_type_.end())
    return refusal(PriceState::Unknown,
                   fmt::format("no PriceCatalog has a row for {}", thing.instance_type),
                   "import its price, or give the node group a price of its own");
  std::optional<Found> best;
  bool has_place = false;
  for (const auto& [catalog, row] : entries->second) {
    if (!fits(*row, thing)) continue;
    has_place = true;
    const auto rate = price_in(*row, question);
    if (!rate) continue;
    const Found found{catalog, row, *rate, state_of(*catalog, *rate, question.currency, now)};
    if (!best || is_better(found, *best)) best = found;
  }
  if (best) return quote_of(*best, question);
  auto words = has_place ? fmt::format("{}: no price {}{}{}", what(thing),
                                       in_words(thing.capacity),
                                       question.commitment.empty() ? "" : " for ",
                                       question.commitment)
                         : fmt::format("no PriceCatalog has {}, only {} in other places",
                                       what(thing), thing.instance_type);
  return refusal(PriceState::Unknown, std::move(words),
                 "import its price, or give the node group a price of its own");
}

}  // namespace poolscaler::money
