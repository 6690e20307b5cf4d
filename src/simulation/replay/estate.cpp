#include "poolscaler/simulation/replay/estate.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "group_prices.hpp"
#include "poolscaler/base/text.hpp"
#include "trace_lines.hpp"

namespace poolscaler::replay {
namespace {

struct SpotColumns {
  std::size_t at;
  std::size_t region;
  std::size_t zone;
  std::size_t type;
  std::size_t price;
};

std::optional<std::size_t> place_of(const TraceLines& lines, std::string_view name) {
  const auto found = std::ranges::find(lines.header(), name);
  if (found == lines.header().end()) return std::nullopt;
  return static_cast<std::size_t>(found - lines.header().begin());
}

Result<SpotColumns> spot_columns(const TraceLines& lines) {
  const auto at = place_of(lines, "ts");
  const auto region = place_of(lines, "region");
  const auto zone = place_of(lines, "zone");
  const auto type = place_of(lines, "instance_type");
  const auto price = place_of(lines, "spot_price");
  if (!at || !region || !zone || !type || !price)
    return fail(lines.bad("a spot series begins with ts,region,zone,instance_type,spot_price"));
  return SpotColumns{*at, *region, *zone, *type, *price};
}

Result<SpotPoint> spot_point(const TraceLines& lines, const std::vector<std::string_view>& fields,
                             const SpotColumns& columns) {
  const auto at = parse_rfc3339(fields[columns.at]);
  if (!at) return fail(lines.bad(at.error().message));
  const auto price = parse_hourly_rate(fields[columns.price], Precision::RoundedUp);
  if (!price) return fail(lines.bad(price.error().message));
  if (*price <= HourlyRate()) return fail(lines.bad("spot_price must be above 0"));
  return SpotPoint{*at, *price};
}

}  // namespace

Result<std::vector<SpotSeries>> read_spot_series(std::string_view name, std::string_view text) {
  TraceLines lines(name, text);
  const auto columns = spot_columns(lines);
  if (!columns) return fail(columns.error());
  using Key = std::tuple<std::string, std::string, std::string>;
  std::map<Key, SpotSeries> all;
  std::size_t count = 0;
  while (const auto* fields = lines.next()) {
    if (fields->size() != lines.header().size())
      return fail(lines.bad(fmt::format("the line has {} fields, expected {}", fields->size(),
                                        lines.header().size())));
    const auto point = spot_point(lines, *fields, *columns);
    if (!point) return fail(point.error());
    const auto text_of = [&](std::size_t i) { return std::string((*fields)[i]); };
    const Key key(text_of(columns->region), text_of(columns->zone), text_of(columns->type));
    auto& series = all[key];
    std::tie(series.region, series.zone, series.instance_type) = key;
    if (!series.points.empty() && point->at < series.points.back().at)
      return fail(lines.bad("the time is before that of the line above it in its series"));
    series.points.push_back(*point);
    if (++count > spot_points_max)
      return fail(lines.bad(fmt::format("a file has at most {} prices", spot_points_max)));
  }
  if (all.empty()) return fail(lines.bad("there is no price in the file"));
  std::vector<SpotSeries> result;
  for (auto& [key, series] : all) result.push_back(std::move(series));
  return result;
}

Result<void> check(const Estate& estate) {
  const auto& pool = estate.pool;
  const auto refused = [&](const std::string& problem) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("pool '{}' and policy '{}': {}", pool.name, estate.drawing.policy,
                            problem));
  };
  if (estate.drawing.accelerators > pool.accelerator.per_node)
    return refused(fmt::format("a replica takes {} accelerators and a node has {}; replicas that "
                               "span nodes are not played",
                               estate.drawing.accelerators, pool.accelerator.per_node));
  for (const auto& budget : estate.budgets)
    if (budget->currency != pool.currency)
      return refused(fmt::format("budget '{}' is in {}, and the pool in {}", budget->name,
                                 budget->currency.code(), pool.currency.code()));
  const GroupPrices prices(estate);
  std::string why;
  for (std::size_t i = 0; i < pool.node_groups.size(); ++i) {
    const auto& quote = prices.quote(i);
    if (quote.allows_growth()) return {};
    why += fmt::format("; node group {}: {}", pool.node_groups[i].name, quote.words);
  }
  return refused("no node has a price, and nothing grows without one" + why);
}

HourlyRate replica_price(const Estate& estate) {
  const GroupPrices prices(estate);
  std::optional<HourlyRate> cheapest;
  for (std::size_t i = 0; i < estate.pool.node_groups.size(); ++i)
    if (const auto& quote = prices.quote(i); quote.allows_growth() && quote.rate)
      cheapest = std::min(cheapest.value_or(*quote.rate), *quote.rate);
  const auto per_node = std::int64_t{estate.pool.accelerator.per_node};
  const auto whole = cheapest.value_or(HourlyRate()) * std::int64_t{estate.drawing.accelerators};
  return HourlyRate::of((whole.nano() + per_node - 1) / per_node);
}

void Spending::add(const Spending& other) {
  for (std::size_t i = 0; i < capacity_type_count; ++i) {
    node_micros[i] += other.node_micros[i];
    cost[i] += other.cost[i];
  }
  idle += other.idle;
  nodes_started += other.nodes_started;
  nodes_interrupted += other.nodes_interrupted;
  most_nodes = std::max(most_nodes, other.most_nodes);
  most_rate = std::max(most_rate, other.most_rate);
  for (std::size_t i = 0; i < capped.size(); ++i) capped[i] += other.capped[i];
  for (const auto& use : other.limits) {
    const auto same = std::ranges::find_if(limits, [&](const LimitUse& own) {
      return own.owner == use.owner && own.name == use.name && own.limit == use.limit;
    });
    if (same == limits.end())
      limits.push_back(use);
    else
      same->most_basis_points = std::max(same->most_basis_points, use.most_basis_points);
  }
}

Amount Spending::total() const {
  Amount sum;
  for (const auto part : cost) sum += part;
  return sum;
}

}  // namespace poolscaler::replay
