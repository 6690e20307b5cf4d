// The catalogue of CostBudget.spec, what must hold between its fields, and how kubectl shows one.
#include <nlohmann/json.hpp>

#include "cost_budget.hpp"
#include "money_fields.hpp"
#include "poolscaler/api/budget_status.hpp"
#include "poolscaler/api/time_zones.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;
using enum FieldType;

constexpr std::int64_t cost_labels_max = ledger_dimensions_max - 1;  // besides the namespace

constexpr Field budget_fields[] = {
    {.path = "spec",
     .type = Object,
     .required = true,
     .doc = "What may be spent, by whom, in which time, and what happens at the limit."},
    {.path = "spec.currency",
     .type = Enum,
     .values = known_currencies,
     .default_json = "\"USD\"",
     .example = "EUR",
     .doc = "Of all amounts of this budget (ISO 4217). Amounts are not converted: a node that is "
            "priced in another currency has no known price here."},
    {.path = "spec.timeZone",
     .type = Text,
     .min = 1,
     .max = time_zone_name_max,
     .syntax = Syntax::TimeZoneName,
     .default_json = "\"UTC\"",
     .example = "Europe/Berlin",
     .doc = "The IANA time zone in which hours, days and months begin and end."},
    {.path = "spec.selector",
     .type = Object,
     .default_json = "{}",
     .doc = "Whose cost it is. All parts that are set must fit; a budget without any is about "
            "everything. Budgets nest: of several that a policy falls under, all must have room."},
    {.path = "spec.selector.namespaces",
     .type = List,
     .min = 0,
     .max = 64,
     .list = ListType::Set,
     .doc = "Policies of these namespaces. Empty: of all."},
    {.path = "spec.selector.namespaces[]",
     .type = Text,
     .min = 1,
     .max = 63,
     .syntax = Syntax::DnsLabel,
     .example = "shop",
     .doc = "Name of a namespace."},
    {.path = "spec.selector.policyLabels",
     .type = List,
     .min = 0,
     .max = 16,
     .list = ListType::Map,
     .key = "key",
     .doc = "Policies that have all of these labels. Empty: all."},
    {.path = "spec.selector.policyLabels[].key",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 317,
     .syntax = Syntax::LabelKey,
     .example = "team",
     .doc = "Key of the label."},
    {.path = "spec.selector.policyLabels[].value",
     .type = Text,
     .required = true,
     .min = 0,
     .max = 63,
     .syntax = Syntax::LabelText,
     .example = "vision",
     .doc = "Value of the label."},
    {.path = "spec.selector.pools",
     .type = List,
     .min = 0,
     .max = 64,
     .list = ListType::Set,
     .doc = "Policies that draw on these pools. Empty: on any."},
    {.path = "spec.selector.pools[]",
     .type = Text,
     .min = 1,
     .max = 253,
     .syntax = Syntax::DnsSubdomain,
     .example = "h100",
     .doc = "Name of an AcceleratorPool."},
    {.path = "spec.limits",
     .type = List,
     .required = true,
     .min = 1,
     .max = budget_limits_max,
     .list = ListType::Map,
     .key = "name",
     .doc = "The amounts. All must have room for what is added."},
    {.path = "spec.limits[].name",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 63,
     .syntax = Syntax::DnsLabel,
     .example = "daily",
     .doc = "Name of the limit, unique within the budget; status and reasons speak of it by this."},
    {.path = "spec.limits[].mode",
     .type = Enum,
     .required = true,
     .values = "Rate|Accrued",
     .example = "Accrued",
     .doc = "`Rate`: at no moment is more than `amount` an hour spent. `Accrued`: no more than "
            "`amount` in each `period`; what is added must fit to the end of it."},
    {.path = "spec.limits[].period",
     .type = Enum,
     .values = "Hour|Day|Month",
     .example = "Day",
     .doc = "Of an `Accrued` amount: the hour, day or month of `timeZone`. For hours a `Rate` is "
            "mostly the better choice: it does not switch on and off at each full hour."},
    {.path = "spec.limits[].amount",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 19,
     .syntax = Syntax::Money,
     .example = "\"500\"",
     .doc = "How much: in the period, or per hour for a `Rate`."},
    {.path = "spec.limits[].burstPercent",
     .type = Integer,
     .min = 100,
     .max = 10'000,
     .unit = "percent",
     .example = "150",
     .doc = "Of an `Accrued` amount: nothing is added that would cost more an hour than this part "
            "of `pace`, what may be spent an hour to have all of it at the end of the period; and "
            "no more than the pace itself while such periods usually end above the amount. "
            "Missing: growth is bound by the amount alone."},
    {.path = "spec.thresholds",
     .type = List,
     .min = 1,
     .max = thresholds_max,
     .list = ListType::Atomic,
     .default_json = "[50,80,100]",
     .doc = "At which parts of each limit an event tells of it, once a period."},
    {.path = "spec.thresholds[]",
     .type = Integer,
     .min = 1,
     .max = 200,
     .unit = "percent",
     .example = "80",
     .doc = "Percent of the amount."},
    {.path = "spec.onLimit",
     .type = Enum,
     .values = "Freeze|Shed|ScaleToZero|Notify",
     .default_json = "\"Freeze\"",
     .example = "Shed",
     .doc = "What happens when a limit is reached. `Freeze`: nothing grows. `Shed`: and after "
            "`graceSeconds` replicas are taken, the lowest priority first, never what is "
            "protected. `ScaleToZero`: and then also what is protected, and `minReplicas`. "
            "`Notify`: nothing but an event. Replicas are only taken on fresh prices."},
    {.path = "spec.graceSeconds",
     .type = Integer,
     .min = 0,
     .max = 86'400,
     .default_json = "120",
     .unit = "seconds",
     .example = "600",
     .doc = "A limit is exceeded for this long before `Shed` or `ScaleToZero` take anything. At "
            "least what a checkpoint takes."},
    {.path = "spec.resumeAtPercent",
     .type = Integer,
     .min = 1,
     .max = 100,
     .default_json = "95",
     .unit = "percent",
     .example = "90",
     .doc = "Growth goes on when no more than this part of the amount is used, and "
            "`coolDownSeconds` have passed; or when the next period begins."},
    {.path = "spec.coolDownSeconds",
     .type = Integer,
     .min = 0,
     .max = 86'400,
     .default_json = "600",
     .unit = "seconds",
     .example = "1800",
     .doc = "How long growth stays frozen at least."},
    {.path = "spec.maxShedReplicas",
     .type = Integer,
     .min = 1,
     .max = 1000,
     .default_json = "10",
     .unit = "replicas",
     .example = "2",
     .doc = "How many replicas `Shed` takes in one round at most; what has to go for an accrued "
            "amount to hold goes within four rounds."},
    {.path = "spec.costLabels",
     .type = List,
     .min = 0,
     .max = cost_labels_max,
     .list = ListType::Set,
     .doc = "Labels of policies by which the ledger tells apart who spent what, besides their "
            "namespace."},
    {.path = "spec.costLabels[]",
     .type = Text,
     .min = 1,
     .max = 317,
     .syntax = Syntax::LabelKey,
     .example = "team",
     .doc = "Key of a label."},
};

bool burst_of_accrued(const json& limit) {
  return limit["mode"] == "Accrued" || !limit.contains("burstPercent");
}
bool period_of_accrued(const json& limit) {
  return limit["mode"] != "Accrued" || limit.contains("period");
}

bool rate_is_per_hour(const json& limit) {
  return limit["mode"] != "Rate" || !limit.contains("period") || limit["period"] == "Hour";
}

bool ascending(const json& thresholds) {
  for (std::size_t i = 1; i < thresholds.size(); ++i)
    if (thresholds[i - 1].get<int>() >= thresholds[i].get<int>()) return false;
  return true;
}

constexpr Rule budget_rules[] = {
    above_zero("spec.limits[].amount"),
    {.at = "spec.limits[]",
     .cel = "self.mode == 'Accrued' || !has(self.burstPercent)",
     .problem = "must be left out for `mode: Rate`",
     .remedy = "a rate has no pace: its `amount` is what holds at every moment",
     .child = "burstPercent",
     .holds = burst_of_accrued},
    {.at = "spec.limits[]",
     .cel = "self.mode != 'Accrued' || has(self.period)",
     .problem = "must be set for `mode: Accrued`",
     .remedy = "choose Hour, Day or Month",
     .child = "period",
     .holds = period_of_accrued},
    {.at = "spec.limits[]",
     .cel = "self.mode != 'Rate' || !has(self.period) || self.period == 'Hour'",
     .problem = "must be 'Hour' or left out for `mode: Rate`",
     .remedy = "a rate is per hour; use `mode: Accrued` for what a day or a month may cost",
     .child = "period",
     .holds = rate_is_per_hour},
    {.at = "spec.thresholds",
     .cel = "self.isSorted() && self.all(a, self.exists_one(b, b == a))",
     .problem = "must be ascending, each once",
     .remedy = "for example [50, 80, 100]",
     .holds = ascending},
};

constexpr Column budget_columns[] = {
    {.name = "Rate",
     .type = "string",
     .json_path = ".status.rate",
     .doc = "What is spent an hour now, in the budget's currency."},
    {.name = "Used",
     .type = "string",
     .json_path = ".status.usedText",
     .doc = "How much of each limit is used."},
    {.name = "On limit",
     .type = "string",
     .json_path = ".spec.onLimit",
     .doc = "What happens when a limit is reached."},
    {.name = "Exceeded",
     .type = "string",
     .json_path = ".status.conditions[?(@.type==\"BudgetExceeded\")].status",
     .doc = "Whether a limit is reached."},
    {.name = "Ready",
     .type = "string",
     .json_path = ".status.conditions[?(@.type==\"Ready\")].status",
     .doc = "Whether the budget works."},
    {.name = "Age",
     .type = "date",
     .json_path = ".metadata.creationTimestamp",
     .doc = "Time since the budget was created."},
    {.name = "Currency",
     .type = "string",
     .json_path = ".spec.currency",
     .priority = 1,
     .doc = "Of all amounts."},
    {.name = "Unpriced",
     .type = "integer",
     .json_path = ".status.unpricedNodes",
     .priority = 1,
     .doc = "Nodes of which nobody knows the price."},
    {.name = "Message",
     .type = "string",
     .json_path = ".status.conditions[?(@.type==\"BudgetExceeded\")].message",
     .priority = 1,
     .doc = "Where the limits stand, in one sentence."},
};

constexpr std::string_view budget_example = R"(apiVersion: poolscaler.dev/v1alpha1
kind: CostBudget
metadata:
  name: shop
spec:
  timeZone: Europe/Berlin
  selector:
    namespaces:
      - shop
  limits:
    - name: rate
      mode: Rate
      amount: "200"
    - name: monthly
      mode: Accrued
      period: Month
      amount: "60000"
  onLimit: Shed
  graceSeconds: 600
  costLabels:
    - team
)";

}  // namespace

const KindTable& cost_budget_table() {
  static const KindTable table{
      .names = {.kind = "CostBudget",
                .plural = "costbudgets",
                .singular = "costbudget",
                .short_name = "cbudget",
                .page = "cost-budget",
                .namespaced = false},
      .doc = "CostBudget says how much the accelerators of some policies may cost, an hour or in "
             "an hour, a day or a month, and what happens at the limit. The platform team "
             "declares it; its status is the ledger of what was spent.",
      .example = budget_example,
      .spec = budget_fields,
      .status = budget_status_fields(),
      .rules = budget_rules,
      .columns = budget_columns};
  return table;
}

}  // namespace poolscaler::api
