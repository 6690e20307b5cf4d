#include "poolscaler/api/pool_status.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "accelerator_pool.hpp"
#include "enum_words.hpp"
#include "ledger_status.hpp"
#include "poolscaler/json/members.hpp"
#include "status_bounds.hpp"
#include "status_fields.hpp"
#include "status_json.hpp"

namespace poolscaler::api {
namespace {

using enum FieldType;
using nlohmann::json;

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t node_name_max = 253;

/// A row that counts nodes.
constexpr Field nodes_row(std::string_view path, std::string_view doc) {
  return {.path = path, .type = Integer, .max = int32_max, .unit = "nodes", .doc = doc};
}
constexpr Field accelerators_row(std::string_view path, std::string_view doc) {
  return {.path = path, .type = Integer, .max = generation_max, .doc = doc};
}
constexpr Field amount_row(std::string_view path, std::string_view doc) {
  return {.path = path, .type = Text, .max = amount_text_max, .doc = doc};
}

constexpr Field pool_status_rows[] = {
    {.path = "status",
     .type = Object,
     .doc = "What there is, what is asked for and what it costs. Written by the operator alone."},
    {.path = "status.groups",
     .type = List,
     .max = node_groups_max,
     .list = ListType::Map,
     .key = "name",
     .doc = "The groups of nodes, in the order of spec."},
    {.path = "status.groups[].name",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 63,
     .doc = "Name of the group."},
    {.path = "status.groups[].capacityType",
     .type = Enum,
     .values = "OnDemand|Spot|Reserved",
     .doc = "As in spec."},
    nodes_row("status.groups[].desired", "What is wanted; absent where it is only observed."),
    nodes_row("status.groups[].declared", "What its object asks for."),
    nodes_row("status.groups[].observed", "What exists."),
    nodes_row("status.groups[].ready", "Those that can take pods."),
    nodes_row("status.groups[].busy", "Those with a pod that has an accelerator."),
    nodes_row("status.groups[].starting", "Those that are not ready yet."),
    nodes_row("status.groups[].draining", "Those that are being emptied or deleted."),
    {.path = "status.groups[].price",
     .type = Text,
     .max = amount_text_max,
     .unit = "per hour",
     .doc = "Of one node; absent where nobody knows it."},
    {.path = "status.groups[].hourly",
     .type = Text,
     .max = amount_text_max,
     .unit = "per hour",
     .doc = "Of all nodes that have a price."},
    {.path = "status.groups[].fill",
     .type = List,
     .max = fill_levels_max,
     .list = ListType::Atomic,
     .doc = "How full the nodes are that are ready."},
    accelerators_row("status.groups[].fill[].allocated", "So many accelerators are in use ..."),
    nodes_row("status.groups[].fill[].nodes", "... on so many nodes."),
    {.path = "status.groups[].waitingSince",
     .type = Time,
     .doc = "Since when nodes are waited for, of which none has come."},
    {.path = "status.groups[].refusals",
     .type = Integer,
     .max = int32_max,
     .doc = "How often in a row it gave no node."},
    {.path = "status.groups[].interruptions",
     .type = List,
     .max = interruptions_told_max,
     .list = ListType::Atomic,
     .doc = "When its nodes were taken away, of the last hours."},
    {.path = "status.groups[].interruptions[].time",
     .type = Time,
     .required = true,
     .doc = "When it was seen."},
    {.path = "status.groups[].retryTime",
     .type = Time,
     .doc = "When the group is asked again, after it gave no node."},
    {.path = "status.groups[].reason",
     .type = Text,
     .max = 128,
     .doc = "What is with it, as one CamelCase word of the catalogue of reasons."},
    {.path = "status.groups[].message",
     .type = Text,
     .max = condition_message_max,
     .doc = "The same in a sentence."},
    {.path = "status.nodes", .type = Object, .doc = "Nodes of all groups."},
    nodes_row("status.nodes.total", "Those that exist."),
    nodes_row("status.nodes.ready", "Those that can take pods."),
    nodes_row("status.nodes.busy", "Those with a pod that has an accelerator."),
    nodes_row("status.nodes.starting", "Those that are not ready yet."),
    nodes_row("status.nodes.draining", "Those that are being emptied or deleted."),
    nodes_row("status.nodes.unpriced", "Those of which nobody knows the price."),
    {.path = "status.accelerators", .type = Object, .doc = "In units of the resource."},
    accelerators_row("status.accelerators.capacity", "Those of nodes that are ready."),
    accelerators_row("status.accelerators.allocated", "Those of pods that are bound."),
    accelerators_row("status.accelerators.pending", "What pods ask for that are not."),
    {.path = "status.cost", .type = Object, .doc = "What the nodes cost."},
    {.path = "status.cost.currency",
     .type = Enum,
     .values = known_currencies,
     .doc = "Of all amounts."},
    amount_row("status.cost.hourly", "An hour, now."),
    amount_row("status.cost.committed", "The part of `hourly` that is paid anyway."),
    amount_row("status.cost.idle", "The part of `hourly` that nobody uses."),
    amount_row("status.cost.today", "Since midnight (UTC), as far as it was counted."),
    amount_row("status.cost.month", "Since the first of the month (UTC), the same."),
    amount_row("status.cost.idleToday", "What of `today` nobody has used."),
    {.path = "status.drains",
     .type = List,
     .max = drains_max,
     .list = ListType::Map,
     .key = "node",
     .doc = "Nodes that are being emptied."},
    {.path = "status.drains[].node",
     .type = Text,
     .required = true,
     .min = 1,
     .max = node_name_max,
     .doc = "Name of the node."},
    {.path = "status.drains[].group", .type = Text, .max = 63, .doc = "Its group."},
    {.path = "status.drains[].since", .type = Time, .required = true, .doc = "Since when."},
    {.path = "status.drains[].message",
     .type = Text,
     .max = condition_message_max,
     .doc = "What keeps it busy."},
    {.path = "status.idleNodes",
     .type = List,
     .max = idle_nodes_max,
     .list = ListType::Map,
     .key = "node",
     .doc = "Nodes without a pod that has an accelerator, the longest idle first."},
    {.path = "status.idleNodes[].node",
     .type = Text,
     .required = true,
     .min = 1,
     .max = node_name_max,
     .doc = "Name of the node."},
    {.path = "status.idleNodes[].since", .type = Time, .required = true, .doc = "Since when."},
};

json group_json(const NodeGroupStatus& one) {
  json out{{"name", fitted(one.name, 63)},
           {"capacityType", name_of(one.capacity_type)},
           {"observed", count(one.observed)},
           {"ready", count(one.ready)},
           {"busy", count(one.busy)},
           {"starting", count(one.starting)},
           {"draining", count(one.draining)},
           {"hourly", exact_text(one.hourly)}};
  if (one.desired) out["desired"] = count(*one.desired);
  if (one.declared) out["declared"] = count(*one.declared);
  if (one.price) out["price"] = exact_text(*one.price);
  for (std::size_t i = 0; i < one.fill.size() && i < fill_levels_max; ++i)
    out["fill"].push_back({{"allocated", count(one.fill[i].allocated)},
                           {"nodes", count(one.fill[i].nodes)}});
  if (one.waiting_since) out["waitingSince"] = to_rfc3339(*one.waiting_since);
  if (one.refusals > 0) out["refusals"] = count(one.refusals);
  if (one.retry_at) out["retryTime"] = to_rfc3339(*one.retry_at);
  for (std::size_t i = 0; i < one.interruptions.size() && i < interruptions_told_max; ++i)
    out["interruptions"].push_back({{"time", to_rfc3339(one.interruptions[i])}});
  if (one.reason) out["reason"] = name_of(*one.reason);
  put_text(out, "message", one.message, condition_message_max);
  return out;
}

/// The first of each key, as many as there may be; items without one are left out.
template <class Item, class Key, class Render>
json keyed_json(const std::vector<Item>& items, std::size_t items_max, Key key, Render render) {
  json list = json::array();
  std::set<std::string_view> seen;
  for (const auto& item : items)
    if (const std::string& name = item.*key;
        list.size() < items_max && !name.empty() && seen.insert(name).second)
      list.push_back(render(item));
  return list;
}

json drain_json(const DrainStatus& drain) {
  json out{{"node", fitted(drain.node, node_name_max)}, {"since", to_rfc3339(drain.since)}};
  put_text(out, "group", drain.group, 63);
  put_text(out, "message", drain.message, condition_message_max);
  return out;
}

json idle_json(const IdleNode& idle) {
  return {{"node", fitted(idle.node, node_name_max)}, {"since", to_rfc3339(idle.since)}};
}

json nodes_json(const NodeCounts& nodes) {
  return {{"total", count(nodes.total)},       {"ready", count(nodes.ready)},
          {"busy", count(nodes.busy)},         {"starting", count(nodes.starting)},
          {"draining", count(nodes.draining)}, {"unpriced", count(nodes.unpriced)}};
}

json accelerators_json(const AcceleratorCounts& accelerators) {
  const auto within = [](std::int64_t units) {
    return std::clamp<std::int64_t>(units, 0, generation_max);
  };
  return {{"capacity", within(accelerators.capacity)},
          {"allocated", within(accelerators.allocated)},
          {"pending", within(accelerators.pending)}};
}

/// For people, from the ledger beside it.
void put_sums(json& cost, const LedgerStatus& ledger) {
  for (const auto& period : ledger.periods) {
    if (period.kind == BudgetPeriod::Month) cost["month"] = exact_text(period.bill.amount);
    if (period.kind != BudgetPeriod::Day) continue;
    cost["today"] = exact_text(period.bill.amount);
    cost["idleToday"] = exact_text(period.idle.amount);
  }
}

json cost_json(const PoolStatus& status) {
  json cost{{"currency", status.currency.code()},
            {"hourly", exact_text(status.hourly)},
            {"committed", exact_text(status.committed)},
            {"idle", exact_text(status.idle)}};
  if (!status.ledger) return cost;
  put_sums(cost, *status.ledger);
  cost["ledger"] = ledger_json(*status.ledger);
  return cost;
}

std::optional<std::int32_t> count_at(const json& from, const char* name) {
  if (!at_path(from, name).is_number_integer()) return std::nullopt;
  return replicas_at(from, name);
}

NodeGroupStatus read_group(const json& from) {
  NodeGroupStatus one{.name = text_at(from, "name"),
                      .desired = count_at(from, "desired"),
                      .declared = count_at(from, "declared"),
                      .observed = replicas_at(from, "observed"),
                      .ready = replicas_at(from, "ready"),
                      .busy = replicas_at(from, "busy"),
                      .starting = replicas_at(from, "starting"),
                      .draining = replicas_at(from, "draining"),
                      .price = rate_at(from, "price"),
                      .hourly = rate_at(from, "hourly").value_or(HourlyRate()),
                      .waiting_since = time_at(from, "waitingSince"),
                      .refusals = replicas_at(from, "refusals"),
                      .retry_at = time_at(from, "retryTime"),
                      .reason = reason_at(from),
                      .message = text_at(from, "message")};
  if (const auto& type = at_path(from, "capacityType"); type.is_string())
    one.capacity_type = word_to(capacity_type_words, type);
  each(at_path(from, "interruptions"), interruptions_told_max, [&](const json& interruption) {
    if (const auto at = time_at(interruption, "time")) one.interruptions.push_back(*at);
  });
  each(at_path(from, "fill"), fill_levels_max, [&](const json& level) {
    one.fill.push_back({.allocated = replicas_at(level, "allocated"),
                          .nodes = replicas_at(level, "nodes")});
  });
  return one;
}

NodeCounts read_nodes(const json& from) {
  return {.total = replicas_at(from, "total"),
          .ready = replicas_at(from, "ready"),
          .busy = replicas_at(from, "busy"),
          .starting = replicas_at(from, "starting"),
          .draining = replicas_at(from, "draining"),
          .unpriced = replicas_at(from, "unpriced")};
}

AcceleratorCounts read_accelerators(const json& from) {
  return {.capacity = integer_at(from, "capacity", generation_max),
          .allocated = integer_at(from, "allocated", generation_max),
          .pending = integer_at(from, "pending", generation_max)};
}

}  // namespace

std::span<const Field> pool_status_fields() {
  static const LedgerRows ledger("status.cost.ledger");
  static const auto all = [] {
    std::vector<Field> rows(std::begin(pool_status_rows), std::end(pool_status_rows));
    for (const auto more :
         {std::span<const Field>(ledger.fields()), condition_status_fields()})
      rows.insert(rows.end(), more.begin(), more.end());
    return rows;
  }();
  return all;
}

std::string render_pool_status(const PoolStatus& status) {
  return dumped(
      {{"observedGeneration", generation(status.observed_generation)},
       {"conditions", conditions_json(status.conditions)},
       {"groups",
        keyed_json(status.groups, node_groups_max, &NodeGroupStatus::name, group_json)},
       {"nodes", nodes_json(status.nodes)},
       {"accelerators", accelerators_json(status.accelerators)},
       {"cost", cost_json(status)},
       {"drains", keyed_json(status.drains, drains_max, &DrainStatus::node, drain_json)},
       {"idleNodes",
        keyed_json(status.idle_nodes, idle_nodes_max, &IdleNode::node, idle_json)}});
}

PoolStatus read_pool_status(const json& object) {
  const auto& from = at_path(object, "status");
  const auto& cost = at_path(from, "cost");
  PoolStatus status{
      .observed_generation = generation_at(from),
      .conditions = read_conditions(at_path(from, "conditions")),
      .nodes = read_nodes(at_path(from, "nodes")),
      .accelerators = read_accelerators(at_path(from, "accelerators")),
      .currency = Currency::parse(text_at(cost, "currency")).value_or(Currency()),
      .hourly = rate_at(cost, "hourly").value_or(HourlyRate()),
      .committed = rate_at(cost, "committed").value_or(HourlyRate()),
      .idle = rate_at(cost, "idle").value_or(HourlyRate()),
      .ledger = read_ledger(at_path(cost, "ledger"))};
  each(at_path(from, "groups"), node_groups_max, [&](const json& one) {
    if (!text_at(one, "name").empty()) status.groups.push_back(read_group(one));
  });
  each(at_path(from, "idleNodes"), idle_nodes_max, [&](const json& idle) {
    const auto since = time_at(idle, "since");
    if (auto node = text_at(idle, "node"); since && !node.empty())
      status.idle_nodes.push_back({.node = std::move(node), .since = *since});
  });
  each(at_path(from, "drains"), drains_max, [&](const json& drain) {
    const auto since = time_at(drain, "since");
    if (auto node = text_at(drain, "node"); since && !node.empty())
      status.drains.push_back({.node = std::move(node),
                               .group = text_at(drain, "group"),
                               .since = *since,
                               .message = text_at(drain, "message")});
  });
  return status;
}

}  // namespace poolscaler::api
