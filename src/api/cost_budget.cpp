#include "cost_budget.hpp"

#include <nlohmann/json.hpp>

#include "accelerator_pool.hpp"
#include "checked_reader.hpp"
#include "enum_words.hpp"
#include "money_fields.hpp"
#include "object_name.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/api/time_zones.hpp"

// Everything here reads a spec that checked_spec has passed.
namespace poolscaler::api {
namespace {

using nlohmann::json;

std::vector<std::string> texts_of(const json& object, const char* name) {
  return object.contains(name) ? object[name].get<std::vector<std::string>>()
                               : std::vector<std::string>();
}

BudgetLimit limit_from(const json& from) {
  return {.name = from["name"].get<std::string>(),
          .mode = word_to(limit_mode_words, from["mode"]),
          .period = from.contains("period") ? word_to(budget_period_words, from["period"])
                                            : BudgetPeriod::Hour,
          .amount = checked_amount(from["amount"]),
          .burst_percent = from.contains("burstPercent")
                               ? std::optional(from["burstPercent"].get<int>())
                               : std::nullopt};
}

CostBudget budget_from(const json& object, const json& spec,
                       std::shared_ptr<const TimeZone> zone) {
  CostBudget budget{
      .name = object["metadata"]["name"].get<std::string>(),
      .currency = Currency::parse(spec["currency"].get<std::string>()).value(),
      .selector = {.namespaces = texts_of(spec["selector"], "namespaces"),
                   .policy_labels = labels_from(spec["selector"], "policyLabels"),
                   .pools = texts_of(spec["selector"], "pools")},
      .limits = {},
      .zone = std::move(zone),
      .thresholds = spec["thresholds"].get<std::vector<int>>(),
      .on_limit = word_to(on_budget_limit_words, spec["onLimit"]),
      .grace_seconds = spec["graceSeconds"].get<int>(),
      .resume_at_percent = spec["resumeAtPercent"].get<int>(),
      .cool_down_seconds = spec["coolDownSeconds"].get<int>(),
      .shed_step_max = spec["maxShedReplicas"].get<int>(),
      .cost_labels = texts_of(spec, "costLabels")};
  for (const auto& limit : spec["limits"]) budget.limits.push_back(limit_from(limit));
  return budget;
}

}  // namespace

Checked<CostBudget> read_cost_budget(const json& object, UnknownFields unknown) {
  auto spec = checked_spec(Kind::CostBudget, object, unknown);
  auto errors = spec ? std::vector<FieldError>() : std::move(spec.error());
  if (auto error = name_error(object, "shop"); error && errors.size() < field_errors_max)
    errors.push_back(std::move(*error));
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  auto zone = time_zone_named((*spec)["timeZone"].get<std::string>());
  if (!zone)
    return tl::unexpected(std::vector{FieldError{.path = "spec.timeZone",
                                                 .value = shown((*spec)["timeZone"]),
                                                 .problem = std::move(zone.error().message)}});
  return budget_from(object, *spec, *std::move(zone));
}

}  // namespace poolscaler::api
