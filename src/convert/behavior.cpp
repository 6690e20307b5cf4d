// HPA v2's behavior, which ScalingPolicy has under the same names and with the same meaning.
#include "draft.hpp"

#include <fmt/format.h>

namespace poolscaler::convert {
namespace {

using nlohmann::json;

json default_rules(bool up) {
  auto policies = json::array();
  if (up) policies.push_back({{"type", "Pods"}, {"value", 4}, {"periodSeconds", 15}});
  policies.push_back({{"type", "Percent"}, {"value", 100}, {"periodSeconds", 15}});
  return {{"stabilizationWindowSeconds", up ? 0 : 300},
          {"policies", std::move(policies)},
          {"selectPolicy", "Max"}};
}

json read_policy(ObjectReader& policy, Draft& draft) {
  json out{{"type", policy.required_text("type", "Percent")},
           {"value", policy.integer("value").value_or(0)},
           {"periodSeconds", policy.integer("periodSeconds").value_or(0)}};
  for (const auto* name : {"value", "periodSeconds"})
    if (!policy.has(name))
      draft.say(Severity::Invalid, policy.path_of(name), "is required", "for example 60");
    else if (out[name] <= 0)
      policy.refuse(name, "must be above 0");
  if (out["value"] > replicas_max) {
    policy.note(Severity::Differs, "value", "is above the largest number here, 100000");
    out["value"] = replicas_max;
  }
  policy.finish();
  return out;
}

void read_rules(ObjectReader rules, bool up, Draft& draft) {
  auto& out = draft.spec["behavior"][up ? "scaleUp" : "scaleDown"];
  out = default_rules(up);
  if (const auto window = rules.integer("stabilizationWindowSeconds"))
    out["stabilizationWindowSeconds"] = *window;
  if (const auto select = rules.text("selectPolicy")) out["selectPolicy"] = *select;
  if (auto policies = rules.list("policies"); !policies.empty()) {
    out["policies"] = json::array();
    for (auto& policy : policies) out["policies"].push_back(read_policy(policy, draft));
  }
  if (const auto tolerance = rules.quantity("tolerance")) out["tolerance"] = *tolerance;
  rules.finish();
}

}  // namespace

void read_behavior(ObjectReader behavior, Draft& draft) {
  draft.remember("spec.behavior", behavior.path(), true);
  read_rules(behavior.object("scaleUp"), true, draft);
  read_rules(behavior.object("scaleDown"), false, draft);
  behavior.finish();
}

}  // namespace poolscaler::convert
