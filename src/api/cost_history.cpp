#include "cost_history.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "ledger_status.hpp"
#include "poolscaler/json/members.hpp"
#include "status_bounds.hpp"
#include "status_json.hpp"

namespace poolscaler::api {
namespace {

using enum FieldType;
using nlohmann::json;

constexpr std::size_t group_name_max = 128;
constexpr auto hour = std::chrono::hours(1);
constexpr std::int64_t hours_max = history_hours_max;
constexpr std::int64_t prices_max = history_prices_max;

constexpr Field history_fields[] = {
    {.path = "status.history",
     .type = Object,
     .doc = "What past hours have cost, which an hour that costs unusually much is told from."},
    {.path = "status.history.prices",
     .type = List,
     .max = prices_max,
     .list = ListType::Atomic,
     .doc = "Kinds of nodes and what one of them cost."},
    {.path = "status.history.prices[].group",
     .type = Text,
     .required = true,
     .max = group_name_max,
     .doc = "The kind of node."},
    {.path = "status.history.prices[].price",
     .type = Text,
     .required = true,
     .max = amount_text_max,
     .unit = "per hour",
     .doc = "Of one."},
    {.path = "status.history.hours",
     .type = List,
     .max = hours_max,
     .list = ListType::Atomic,
     .doc = "Hours that were alike, oldest first."},
    {.path = "status.history.hours[].begin",
     .type = Time,
     .required = true,
     .doc = "When the first of them began."},
    {.path = "status.history.hours[].count",
     .type = Integer,
     .max = hours_max,
     .unit = "hours",
     .doc = "How many they are; 1 where it is missing."},
    {.path = "status.history.hours[].excluded",
     .type = Boolean,
     .doc = "True when they were unusual, so that nothing is compared with them."},
    {.path = "status.history.hours[].nodes",
     .type = List,
     .max = history_groups_max,
     .list = ListType::Atomic,
     .doc = "The nodes of such an hour."},
    {.path = "status.history.hours[].nodes[].price",
     .type = Integer,
     .required = true,
     .max = prices_max,
     .doc = "Kind and price, as the place in `prices`, from 0."},
    {.path = "status.history.hours[].nodes[].milli",
     .type = Integer,
     .required = true,
     .max = generation_max,
     .doc = "Thousandths of a node over the whole hour."},
    {.path = "status.openHour", .type = Object, .doc = "The hour that is not over yet."},
    {.path = "status.openHour.begin", .type = Time, .required = true, .doc = "When it began."},
    {.path = "status.openHour.groups",
     .type = List,
     .max = history_groups_max,
     .list = ListType::Atomic,
     .doc = "Its nodes, by their kind."},
    {.path = "status.openHour.groups[].group",
     .type = Text,
     .required = true,
     .max = group_name_max,
     .doc = "The kind of node."},
    {.path = "status.openHour.groups[].nodeMicros",
     .type = Integer,
     .required = true,
     .max = generation_max,
     .doc = "Nodes times microseconds."},
    {.path = "status.openHour.groups[].cost",
     .type = Text,
     .required = true,
     .max = amount_text_max,
     .doc = "What they have cost in it."},
    {.path = "status.openHour.groups[].costRest",
     .type = Integer,
     .max = rest_max,
     .doc = "Rest of `cost`."},
};

/// Kinds and prices, each once, in the order in which they came.
class PriceList {
 public:
  /// Its place, or nothing where the list is full.
  std::optional<std::int64_t> place_of(const GroupHourStatus& one) {
    const auto key = std::pair(one.group, one.price);
    if (const auto found = places_.find(key); found != places_.end()) return found->second;
    if (list_.size() == history_prices_max) return std::nullopt;
    const auto place = static_cast<std::int64_t>(list_.size());
    list_.push_back(
        {{"group", fitted(one.group, group_name_max)}, {"price", exact_text(one.price)}});
    places_.emplace(key, place);
    return place;
  }

  json take() { return std::move(list_); }

 private:
  std::map<std::pair<std::string, HourlyRate>, std::int64_t> places_;
  json list_ = json::array();
};

std::optional<json> nodes_json(const CostHourStatus& of, PriceList& prices) {
  json nodes = json::array();
  for (const auto& one : of.groups) {
    if (nodes.size() == history_groups_max) break;
    const auto place = prices.place_of(one);
    if (!place) return std::nullopt;
    nodes.push_back(
        {{"price", *place},
         {"milli", std::clamp<std::int64_t>(one.milli_nodes, 0, generation_max)}});
  }
  return nodes;
}

bool is_next(const CostHourStatus& before, const CostHourStatus& after) {
  return before.begin + hour == after.begin && before.groups == after.groups &&
         before.excluded == after.excluded;
}

std::vector<GroupHourStatus> read_nodes(const json& list,
                                        const std::vector<GroupHourStatus>& prices) {
  std::vector<GroupHourStatus> groups;
  each(list, history_groups_max, [&](const json& from) {
    const auto place = static_cast<std::size_t>(integer_at(from, "price", prices_max));
    if (place >= prices.size() || !from.contains("price")) return;
    auto one = prices[place];
    one.milli_nodes = integer_at(from, "milli", generation_max);
    groups.push_back(std::move(one));
  });
  return groups;
}

}  // namespace

std::span<const Field> history_status_fields() { return history_fields; }

json history_json(const std::vector<CostHourStatus>& hours) {
  PriceList prices;
  json runs = json::array();  // newest first, so that the oldest are what is left out
  std::size_t told = 0;
  for (auto at = hours.rbegin(); at != hours.rend() && told < history_hours_max; ++at, ++told) {
    if (told > 0 && is_next(*at, *std::prev(at))) {
      runs.back()["begin"] = to_rfc3339(at->begin);
      runs.back()["count"] = runs.back().value("count", 1) + 1;
      continue;
    }
    auto nodes = nodes_json(*at, prices);
    if (!nodes) break;
    json run{{"begin", to_rfc3339(at->begin)}, {"nodes", *std::move(nodes)}};
    if (at->excluded) run["excluded"] = true;
    runs.push_back(std::move(run));
  }
  std::reverse(runs.begin(), runs.end());
  return {{"prices", prices.take()}, {"hours", std::move(runs)}};
}

std::vector<CostHourStatus> read_history(const json& from) {
  std::vector<GroupHourStatus> prices;
  each(at_path(from, "prices"), history_prices_max, [&](const json& one) {
    prices.push_back({.group = text_at(one, "group"),
                      .milli_nodes = 0,
                      .price = rate_at(one, "price").value_or(HourlyRate())});
  });
  std::vector<CostHourStatus> hours;
  each(at_path(from, "hours"), history_hours_max, [&](const json& run) {
    const auto begin = time_at(run, "begin");
    if (!begin) return;
    const auto count = std::max<std::int64_t>(integer_at(run, "count", hours_max), 1);
    const CostHourStatus one{.begin = *begin,
                             .groups = read_nodes(at_path(run, "nodes"), prices),
                             .excluded = at_path(run, "excluded") == true};
    for (std::int64_t i = 0; i < count && hours.size() < history_hours_max; ++i) {
      hours.push_back(one);
      hours.back().begin += i * hour;
    }
  });
  return hours;
}

json open_hour_json(const OpenHourStatus& open) {
  json out{{"begin", to_rfc3339(open.begin)}, {"groups", json::array()}};
  for (const auto& one : open.groups) {
    if (out["groups"].size() == history_groups_max) break;
    json entry{{"group", fitted(one.group, group_name_max)},
               {"nodeMicros", std::clamp<std::int64_t>(one.node_micros, 0, generation_max)}};
    put_exact(entry, "cost", "costRest", one.cost);
    out["groups"].push_back(std::move(entry));
  }
  return out;
}

std::optional<OpenHourStatus> read_open_hour(const json& from) {
  const auto begin = time_at(from, "begin");
  if (!begin) return std::nullopt;
  OpenHourStatus open{.begin = *begin};
  bool whole = true;
  each(at_path(from, "groups"), history_groups_max, [&](const json& one) {
    const auto cost = exact_at(one, "cost", "costRest");
    whole = whole && cost && one.contains("nodeMicros");
    open.groups.push_back({.group = text_at(one, "group"),
                           .node_micros = integer_at(one, "nodeMicros", generation_max),
                           .cost = cost.value_or(ExactAmount())});
  });
  if (!whole) return std::nullopt;
  return open;
}

}  // namespace poolscaler::api
