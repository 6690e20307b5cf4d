#include "policy_cost.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>

#include "enum_words.hpp"
#include "ledger_status.hpp"
#include "money_fields.hpp"
#include "poolscaler/json/members.hpp"
#include "status_json.hpp"

namespace poolscaler::api {
namespace {

using enum FieldType;
using nlohmann::json;

constexpr std::int64_t per_replica_max = 4096;

constexpr Field cost_fields[] = {
    {.path = "spec.poolRef",
     .type = Object,
     .doc = "The AcceleratorPool that the replicas draw on. With it, replicas are added as its "
            "accelerators, its nodes and what may be spent allow, and nodes are asked for at the "
            "same time as the replicas that need them."},
    {.path = "spec.poolRef.name",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 253,
     .syntax = Syntax::DnsSubdomain,
     .example = "h100",
     .doc = "Name of the AcceleratorPool."},
    {.path = "spec.acceleratorsPerReplica",
     .type = Integer,
     .min = 1,
     .max = per_replica_max,
     .example = "8",
     .doc = "How many accelerators of the pool one replica takes; more than a node has: whole "
            "nodes. Missing: what the pods of the target request."},
    {.path = "spec.cost",
     .type = Object,
     .doc = "What the policy may cost, and its place among those that share a pool or a budget. "
            "Budgets come on top. In the currency of the pool."},
    {.path = "spec.cost.maxHourly",
     .type = Text,
     .min = 1,
     .max = 19,
     .syntax = Syntax::Money,
     .unit = "per hour",
     .example = "\"120\"",
     .doc = "At no moment do its replicas cost more."},
    {.path = "spec.cost.maxDaily",
     .type = Text,
     .min = 1,
     .max = 19,
     .syntax = Syntax::Money,
     .example = "\"1500\"",
     .doc = "They cost no more in a day of UTC."},
    {.path = "spec.cost.maxMonthly",
     .type = Text,
     .min = 1,
     .max = 19,
     .syntax = Syntax::Money,
     .example = "\"30000\"",
     .doc = "They cost no more in a month of UTC."},
    {.path = "spec.cost.maxAddedHourly",
     .type = Text,
     .min = 1,
     .max = 19,
     .syntax = Syntax::Money,
     .unit = "per hour",
     .example = "\"60\"",
     .doc = "No single decision adds more than this."},
    {.path = "spec.cost.priority",
     .type = Integer,
     .min = -1'000'000,
     .max = 1'000'000,
     .default_json = "0",
     .example = "100",
     .doc = "The higher is served first and shed last."},
    {.path = "spec.cost.weight",
     .type = Integer,
     .min = 1,
     .max = 1000,
     .default_json = "1",
     .example = "3",
     .doc = "Among policies of one priority: how much of what there is for all of them."},
    {.path = "spec.cost.protectedReplicas",
     .type = Integer,
     .min = 0,
     .max = 100'000,
     .default_json = "0",
     .unit = "replicas",
     .example = "1",
     .doc = "So many are served before all others and never shed; only `onLimit: ScaleToZero` of a "
            "budget takes them. At most `maxReplicas`."},
    {.path = "spec.cost.spot",
     .type = Enum,
     .values = "Never|Allowed|Preferred",
     .default_json = "\"Allowed\"",
     .example = "Preferred",
     .doc = "Whether its replicas may run on nodes that the provider may take back."},
};

bool protected_within_max(const json& spec) {
  return !spec.contains("cost") || spec["cost"]["protectedReplicas"].get<std::int64_t>() <=
                                       spec["maxReplicas"].get<std::int64_t>();
}
bool cost_of_a_pool(const json& spec) {
  return !spec.contains("cost") || spec.contains("poolRef");
}
bool accelerators_of_a_pool(const json& spec) {
  return !spec.contains("acceleratorsPerReplica") || spec.contains("poolRef");
}

constexpr std::string_view needs_a_pool = "must come with `poolRef`";

constexpr Rule cost_rules[] = {
    above_zero("spec.cost.maxHourly"),
    above_zero("spec.cost.maxDaily"),
    above_zero("spec.cost.maxMonthly"),
    above_zero("spec.cost.maxAddedHourly"),
    {.at = "spec",
     .cel = "!has(self.cost) || self.cost.protectedReplicas <= self.maxReplicas",
     .problem = "must be at most `maxReplicas`",
     .remedy = "lower `cost.protectedReplicas` or raise `maxReplicas`",
     .child = "cost.protectedReplicas",
     .holds = protected_within_max},
    {.at = "spec",
     .cel = "!has(self.cost) || has(self.poolRef)",
     .problem = needs_a_pool,
     .remedy = "name the AcceleratorPool whose nodes are paid for, or leave `cost` out",
     .child = "cost",
     .holds = cost_of_a_pool},
    {.at = "spec",
     .cel = "!has(self.acceleratorsPerReplica) || has(self.poolRef)",
     .problem = needs_a_pool,
     .remedy = "name the AcceleratorPool that they are of, or leave it out",
     .child = "acceleratorsPerReplica",
     .holds = accelerators_of_a_pool},
};

constexpr Field status_fields[] = {
    {.path = "status.effectiveMaxReplicas",
     .type = Integer,
     .max = std::numeric_limits<std::int32_t>::max(),
     .unit = "replicas",
     .doc = "How many it may have at most now: `maxReplicas`, or what budgets, its own `cost` and "
            "the pool leave of them while all others stay as they are. Told when it has moved by "
            "more than a tenth, once a minute at most."},
    {.path = "status.accelerators",
     .type = Object,
     .doc = "The accelerators that its replicas take."},
    {.path = "status.accelerators.pool",
     .type = Text,
     .required = true,
     .max = 253,
     .doc = "Name of the AcceleratorPool."},
    {.path = "status.accelerators.perReplica",
     .type = Integer,
     .max = per_replica_max,
     .doc = "How many one replica takes, as declared or as its pods request."},
    {.path = "status.cost", .type = Object, .doc = "What they cost, in the pool's currency."},
    {.path = "status.cost.hourly",
     .type = Text,
     .max = amount_text_max,
     .unit = "per hour",
     .doc = "Of the replicas that there are: their share of the nodes that they are on, beyond "
            "what is paid anyway, or of the dearest that they may get while they wait; absent "
            "while a price is unknown."},
    {.path = "status.cost.hourlyDesired",
     .type = Text,
     .max = amount_text_max,
     .unit = "per hour",
     .doc = "The replicas that are wanted; absent while a price is unknown."},
};

}  // namespace

std::span<const Field> policy_cost_fields() { return cost_fields; }
std::span<const Rule> policy_cost_rules() { return cost_rules; }

void read_policy_cost(const json& spec, ScalingPolicy& policy) {
  if (spec.contains("poolRef")) policy.pool = spec["poolRef"]["name"].get<std::string>();
  if (spec.contains("acceleratorsPerReplica"))
    policy.accelerators_per_replica = spec["acceleratorsPerReplica"].get<std::int32_t>();
  if (!spec.contains("cost")) return;
  const auto& cost = spec["cost"];
  policy.cost = {.max_hourly = rate_if_there(cost, "maxHourly"),
                 .max_daily = amount_if_there(cost, "maxDaily"),
                 .max_monthly = amount_if_there(cost, "maxMonthly"),
                 .max_added_hourly = rate_if_there(cost, "maxAddedHourly"),
                 .priority = cost["priority"].get<std::int32_t>(),
                 .weight = cost["weight"].get<std::int32_t>(),
                 .protected_replicas = cost["protectedReplicas"].get<std::int32_t>(),
                 .spot = word_to(spot_use_words, cost["spot"])};
}

std::span<const Field> policy_cost_status_fields() {
  static const LedgerRows ledger("status.cost.ledger");
  static const auto all = [] {
    std::vector<Field> rows(std::begin(status_fields), std::end(status_fields));
    rows.insert(rows.end(), ledger.fields().begin(), ledger.fields().end());
    return rows;
  }();
  return all;
}

void put_policy_cost(json& status, const PolicyStatus& from) {
  if (const auto& of = from.accelerators)
    status["accelerators"] = {
        {"pool", fitted(of->pool, 253)},
        {"perReplica", std::clamp<std::int64_t>(of->per_replica, 0, per_replica_max)}};
  if (from.effective_max) status["effectiveMaxReplicas"] = std::max(*from.effective_max, 0);
  if (!from.cost) return;
  auto& cost = status["cost"] = json::object();
  if (from.cost->hourly) cost["hourly"] = exact_text(*from.cost->hourly);
  if (from.cost->hourly_desired) cost["hourlyDesired"] = exact_text(*from.cost->hourly_desired);
  if (from.cost->ledger) cost["ledger"] = ledger_json(*from.cost->ledger);
}

void read_policy_cost_status(const json& status, PolicyStatus& into) {
  const auto& accelerators = at_path(status, "accelerators");
  if (auto pool = text_at(accelerators, "pool"); !pool.empty())
    into.accelerators = PolicyAcceleratorStatus{
        .pool = std::move(pool), .per_replica = replicas_at(accelerators, "perReplica")};
  if (at_path(status, "effectiveMaxReplicas").is_number())
    into.effective_max = replicas_at(status, "effectiveMaxReplicas");
  const auto& cost = at_path(status, "cost");
  if (cost.is_object())
    into.cost = PolicyCostStatus{.hourly = rate_at(cost, "hourly"),
                                 .hourly_desired = rate_at(cost, "hourlyDesired"),
                                 .ledger = read_ledger(at_path(cost, "ledger"))};
}

}  // namespace poolscaler::api
