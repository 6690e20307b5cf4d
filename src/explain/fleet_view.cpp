#include "poolscaler/explain/fleet_view.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fleet_words.hpp"
#include "poolscaler/json/members.hpp"
#include "text_table.hpp"

namespace poolscaler::explain {
namespace {

using nlohmann::json;

constexpr std::int32_t drawn_per_node_max = 16;  // more accelerators of a node are told as numbers
constexpr std::size_t policies_shown_max = 30;

std::int32_t count_at(const json& object, MemberPath path) {
  return static_cast<std::int32_t>(integer_at(object, path).value_or(0));
}

/// "[######..]", or "[6/64]" where there are too many to be drawn.
std::string node_of(std::int32_t per_node, std::int32_t allocated) {
  if (per_node > drawn_per_node_max) return fmt::format("[{}/{}]", allocated, per_node);
  const auto used = static_cast<std::size_t>(std::clamp(allocated, 0, per_node));
  return fmt::format("[{}{}]", std::string(used, '#'),
                     std::string(static_cast<std::size_t>(per_node) - used, '.'));
}

std::string whole_node_of(std::int32_t per_node, char sign) {
  return fmt::format("[{}]", std::string(static_cast<std::size_t>(
                                             std::clamp(per_node, 1, drawn_per_node_max)),
                                         sign));
}

/// As many nodes as fit, then how many there are besides.
class Slots {
 public:
  Slots(std::size_t columns, bool colour) : columns_(columns), colour_(colour) {}

  void draw(const std::string& node, Paint paint, std::int32_t count) {
    for (std::int32_t i = 0; i < count; ++i) {
      if (taken_ + node.size() + 1 > columns_) {
        left_out_ += count - i;
        return;
      }
      text_ += (text_.empty() ? "" : " ") + painted(node, paint, colour_);
      taken_ += node.size() + 1;
    }
  }

  [[nodiscard]] std::string text() const {
    return left_out_ == 0 ? text_ : fmt::format("{} +{}", text_, left_out_);
  }

 private:
  std::size_t columns_;
  bool colour_;
  std::string text_;
  std::size_t taken_ = 0;
  std::int32_t left_out_ = 0;
};

std::string slots_of(const api::NodeGroupStatus& nodes, std::int32_t per_node, std::size_t columns,
                     bool colour) {
  Slots slots(columns, colour);
  auto levels = nodes.fill;
  std::ranges::sort(levels, std::greater<>(), &api::FillLevel::allocated);
  for (const auto& level : levels)
    slots.draw(node_of(per_node, level.allocated),
               level.allocated > 0 ? Paint::Green : Paint::Dim, level.nodes);
  slots.draw(whole_node_of(per_node, '~'), Paint::Yellow, nodes.starting);
  slots.draw(whole_node_of(per_node, 'x'), Paint::Red, nodes.draining);
  return slots.text();
}

std::string wanted_of(const api::NodeGroupStatus& nodes) {
  return nodes.desired ? fmt::format("{}", *nodes.desired) : "-";
}

std::string head_of(const PoolView& pool, bool colour) {
  const auto& status = pool.status;
  auto text = fmt::format("{}  {} x {} a node", painted(pool.name, Paint::Bold, colour),
                          pool.resource, pool.per_node);
  if (!pool.product.empty()) text += fmt::format(" ({})", pool.product);
  text += fmt::format("  {} {}/h", shown(status.hourly), status.currency.code());
  if (status.committed > HourlyRate())
    text += fmt::format(" ({} paid anyway)", shown(status.committed));
  if (status.ledger)
    for (const auto& period : status.ledger->periods)
      text += fmt::format(", {} {}{}", period_words(period.kind),
                          shown(period.bill.amount), period.kind == BudgetPeriod::Day
                              ? fmt::format(" ({} idle)", shown(period.idle.amount))
                              : "");
  return text + "\n";
}

std::string counts_of(const PoolView& pool) {
  const auto& nodes = pool.status.nodes;
  const auto& accelerators = pool.status.accelerators;
  auto text = fmt::format("  {} of {} accelerators in use", accelerators.allocated,
                          accelerators.capacity);
  if (accelerators.pending > 0) text += fmt::format(", {} waited for", accelerators.pending);
  text += fmt::format("; {} of {} nodes ready", nodes.ready, nodes.total);
  if (nodes.starting > 0) text += fmt::format(", {} starting", nodes.starting);
  if (nodes.draining > 0) text += fmt::format(", {} leaving", nodes.draining);
  if (nodes.unpriced > 0) text += fmt::format(", {} without a known price", nodes.unpriced);
  return text + "\n";
}

/// What a person must know: conditions that are not as they should be, groups that say something.
std::string troubles_of(const PoolView& pool, Instant now, const TextStyle& style) {
  std::string text = conditions_text(pool.status.conditions, style);
  for (const auto& one : pool.status.groups)
    if (!one.message.empty())
      text += fmt::format("  {}: {}\n", one.name, one.message);
  for (const auto& drain : pool.status.drains)
    text += fmt::format("  {} ({}) is being emptied for {}{}\n", drain.node, drain.group,
                        time_text(now - drain.since),
                        drain.message.empty() ? "" : ": " + drain.message);
  return text;
}

std::string text_of(const PoolView& pool, Instant now, const TextStyle& style) {
  constexpr std::size_t other_columns = 62;  // of the table, besides the slots
  const auto columns = style.width > other_columns + 20 ? style.width - other_columns : 20;
  TextTable table({"GROUP", "TYPE", ">WANTED", ">NODES", ">READY", ">BUSY", ">PRICE", ">PER HOUR",
                   "ACCELERATORS"});
  for (const auto& one : pool.status.groups)
    table.add({{one.name},
               {std::string(name_of(one.capacity_type))},
               {wanted_of(one)},
               {fmt::format("{}", one.observed)},
               {fmt::format("{}", one.ready)},
               {fmt::format("{}", one.busy)},
               {one.price ? shown(*one.price) : "unknown", one.price ? Paint::Plain : Paint::Red},
               {shown(one.hourly)},
               {slots_of(one, pool.per_node, columns, style.colour)}});
  return head_of(pool, style.colour) + counts_of(pool) + table.text("  ", style.colour) +
         troubles_of(pool, now, style);
}

std::string policies_text(std::vector<DrawingView> policies, const TextStyle& style) {
  if (policies.empty()) return "";
  const auto cost = [](const DrawingView& one) { return one.hourly.value_or(HourlyRate()); };
  std::ranges::stable_sort(policies, [&](const DrawingView& a, const DrawingView& b) {
    return cost(a) != cost(b) ? cost(a) > cost(b) : a.policy < b.policy;
  });
  TextTable table({"POLICY", "POOL", ">REPLICAS", ">AT MOST", ">EACH", ">PER HOUR", "REASON"});
  for (std::size_t i = 0; i < policies.size() && i < policies_shown_max; ++i) {
    const auto& one = policies[i];
    table.add({{one.policy},
               {one.pool},
               {one.current == one.desired ? fmt::format("{}", one.current)
                                           : fmt::format("{} -> {}", one.current, one.desired)},
               {one.effective_max ? fmt::format("{}", *one.effective_max) : "-"},
               {fmt::format("{}", one.per_replica)},
               {one.hourly ? shown(*one.hourly) : "unknown",
                one.hourly ? Paint::Plain : Paint::Red},
               {one.reason, one.reason.starts_with("Capped") ? Paint::Yellow : Paint::Plain}});
  }
  auto text = "\n" + table.text("", style.colour);
  if (policies.size() > policies_shown_max)
    text += fmt::format("and {} more policies\n", policies.size() - policies_shown_max);
  return text;
}

json pool_json(const PoolView& pool) {
  return {{"name", pool.name},
          {"resource", pool.resource},
          {"product", pool.product},
          {"perNode", pool.per_node},
          {"status", json::parse(api::render_pool_status(pool.status))}};
}

json policy_json(const DrawingView& one) {
  json out{{"policy", one.policy},   {"pool", one.pool},       {"perReplica", one.per_replica},
           {"current", one.current}, {"desired", one.desired}, {"reason", one.reason},
           {"message", one.message}};
  out["effectiveMaxReplicas"] = one.effective_max ? json(*one.effective_max) : json();
  out["hourly"] = one.hourly ? json(exact_text(*one.hourly)) : json();
  return out;
}

}  // namespace

void FleetView::add_pool(const json& object) {
  pools.push_back({.name = text_at(object, "metadata", "name"),
                   .resource = text_at(object, "spec", "accelerator", "resource"),
                   .product = text_at(object, "spec", "accelerator", "product"),
                   .per_node = count_at(object, {"spec", "accelerator", "perNode"}),
                   .status = api::read_pool_status(object)});
}

void FleetView::add_budget(const json& object) {
  budgets.push_back({.name = text_at(object, "metadata", "name"),
                     .on_limit = text_at(object, "spec", "onLimit"),
                     .status = api::read_budget_status(object)});
}

void FleetView::add_policy(const json& object) {
  const auto pool = text_at(object, "spec", "poolRef", "name");
  if (pool.empty()) return;
  const auto status = api::read_status(object);
  const auto reason = status.decision_reason;
  policies.push_back(
      {.policy = fmt::format("{}/{}", text_at(object, "metadata", "namespace"),
                             text_at(object, "metadata", "name")),
       .pool = pool,
       .per_replica = status.accelerators ? status.accelerators->per_replica
                                          : count_at(object, {"spec", "acceleratorsPerReplica"}),
       .current = status.current_replicas,
       .desired = status.desired_replicas,
       .effective_max = status.effective_max,
       .hourly = status.cost ? status.cost->hourly : std::nullopt,
       .reason = reason ? std::string(name_of(*reason)) : std::string(),
       .message = status.decision_message});
}

std::string text_of(const FleetView& fleet, const TextStyle& style) {
  std::string text;
  for (const auto& pool : fleet.pools)
    text += (text.empty() ? "" : "\n") + text_of(pool, fleet.time, style);
  if (fleet.pools.empty())
    text += "No AcceleratorPool is declared: `kubectl explain acceleratorpool.spec` tells what to "
            "write.\n";
  return text + policies_text(fleet.policies, style) + budgets_text(fleet.budgets, style);
}

std::string json_of(const FleetView& fleet) {
  json out{{"time", to_rfc3339(fleet.time)},
           {"pools", json::array()},
           {"policies", json::array()},
           {"budgets", json::array()}};
  for (const auto& pool : fleet.pools) out["pools"].push_back(pool_json(pool));
  for (const auto& one : fleet.policies) out["policies"].push_back(policy_json(one));
  for (const auto& budget : fleet.budgets) out["budgets"].push_back(budget_json(budget));
  return out.dump(2) + "\n";
}

}  // namespace poolscaler::explain
