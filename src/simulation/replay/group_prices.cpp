#include "group_prices.hpp"

#include <algorithm>
#include <set>

namespace poolscaler::replay {
namespace {

/// The catalogues as if they had been made when the run begins.
std::vector<std::shared_ptr<const PriceCatalog>> refreshed(const Estate& estate) {
  constexpr auto for_ever = std::chrono::years(10);
  std::vector<std::shared_ptr<const PriceCatalog>> catalogs;
  for (const auto& given : estate.catalogs) {
    auto catalog = std::make_shared<PriceCatalog>(*given);
    catalog->as_of = estate.start;
    catalog->max_age = for_ever;
    catalogs.push_back(std::move(catalog));
  }
  return catalogs;
}

bool fits(const NodeGroup& group, const SpotSeries& series) {
  return group.capacity_type == CapacityType::Spot && !group.price &&
         group.instance_type == series.instance_type &&
         (group.region.empty() || group.region == series.region) &&
         (group.zone.empty() || group.zone == series.zone);
}

HourlyRate price_at(const SpotSeries& series, Instant at) {
  const auto later = std::ranges::upper_bound(series.points, at, {}, &SpotPoint::at);
  return later == series.points.begin() ? series.points.front().price : std::prev(later)->price;
}

/// Of zones that are not told apart the dearest counts.
HourlyRate dearest_at(const std::vector<const SpotSeries*>& series, Instant at) {
  HourlyRate dearest;
  for (const auto* one : series) dearest = std::max(dearest, price_at(*one, at));
  return dearest;
}

}  // namespace

GroupPrices::GroupPrices(const Estate& estate)
    : start_(estate.start),
      pool_(estate.pool),
      book_(refreshed(estate)),
      quotes_(pool_.node_groups.size()) {
  // What it would do is the question, so it does it; and its nodes are made here.
  pool_.mode = PoolMode::Automatic;
  for (auto& group : pool_.node_groups) group.node_selector.clear();
  plan_changes(estate);
  pass_to(Micros(0));
  for (std::size_t i = 0; i < quotes_.size(); ++i) ask(i);
}

void GroupPrices::plan_changes(const Estate& estate) {
  std::vector<std::vector<const SpotSeries*>> of_group(pool_.node_groups.size());
  std::optional<Instant> first;
  std::optional<Instant> last;
  for (std::size_t i = 0; i < pool_.node_groups.size(); ++i)
    for (const auto& series : estate.spot) {
      if (!fits(pool_.node_groups[i], series)) continue;
      of_group[i].push_back(&series);
      first = std::min(first.value_or(series.points.front().at), series.points.front().at);
      last = std::max(last.value_or(series.points.back().at), series.points.back().at);
    }
  if (!first) return;
  const bool within = *first <= start_ && start_ <= *last;
  const auto moved = within ? Millis(0) : start_ - *first;
  for (std::size_t i = 0; i < of_group.size(); ++i) {
    std::set<Instant> times;
    for (const auto* series : of_group[i]) {
      times.insert(std::max(series->points.front().at, *first));
      for (const auto& point : series->points) times.insert(point.at);
    }
    if (!times.empty()) times.insert(start_ - moved);
    for (const auto at : times) {
      const auto price = dearest_at(of_group[i], at);
      changes_.push_back({std::max<Micros>(at + moved - start_, Micros(-1)), i, price});
    }
  }
  std::ranges::stable_sort(changes_, {}, &Change::at);
}

void GroupPrices::ask(std::size_t group) {
  const auto& one = pool_.node_groups[group];
  quotes_[group] = book_.quote({.thing = {.provider = one.provider,
                                          .instance_type = one.instance_type,
                                          .region = one.region,
                                          .zone = one.zone,
                                          .zone_id = one.zone,
                                          .capacity = one.capacity_type},
                                .own_price = one.price,
                                .commitment = one.commitment,
                                .currency = pool_.currency},
                               start_);
}

std::optional<Micros> GroupPrices::next_change() const {
  if (next_ == changes_.size()) return std::nullopt;
  return changes_[next_].at;
}

void GroupPrices::pass_to(Micros now) {
  for (; next_ < changes_.size() && changes_[next_].at <= now; ++next_) {
    const auto& change = changes_[next_];
    auto& price = pool_.node_groups[change.group].price;
    if (price == change.price) continue;
    price = change.price;
    ask(change.group);
  }
}

}  // namespace poolscaler::replay
