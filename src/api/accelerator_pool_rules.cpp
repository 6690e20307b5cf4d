// What must hold between the fields of an AcceleratorPool, as far as CEL can say it too.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "accelerator_pool.hpp"
#include "money_fields.hpp"
#include "schedule.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

bool min_within_max(const json& one) {
  return one["minNodes"].get<std::int64_t>() <= one["maxNodes"].get<std::int64_t>();
}

bool tells_its_nodes(const json& one) {
  return one.contains("backendRef") ||
         (one.contains("nodeSelector") && !one["nodeSelector"].empty());
}

bool paths_of_a_backend(const json& one) {
  return !one.contains("paths") || one.contains("backendRef");
}

bool commitment_of_reserved(const json& one) {
  return !one.contains("commitment") || one["capacityType"] == "Reserved";
}

bool nothing_asked_of_nobody(const json& one) {
  return one.contains("backendRef") || one["minNodes"] == 0;
}

bool nothing_asked_of_pods(const json& one) {
  return !one.contains("growth") || one["minNodes"] == 0;
}

bool is_below_spec(const json& path) {
  return path.get_ref<const std::string&>().starts_with("spec.");
}

bool backends_differ(const json& groups) {
  for (std::size_t i = 0; i < groups.size(); ++i)
    for (std::size_t k = i + 1; k < groups.size(); ++k)
      if (groups[i].contains("backendRef") && groups[k].contains("backendRef") &&
          groups[i]["backendRef"] == groups[k]["backendRef"])
        return false;
  return true;
}

bool limit_above_minima(const json& spec) {
  if (!spec["limits"].contains("maxNodes")) return true;
  const auto& groups = spec["nodeGroups"];
  const auto minima = std::accumulate(
      groups.begin(), groups.end(), std::int64_t{0},
      [](std::int64_t sum, const json& one) { return sum + one["minNodes"].get<int>(); });
  return minima <= spec["limits"]["maxNodes"].get<std::int64_t>();
}

bool on_demand_where_asked_for(const json& spec) {
  return spec["mix"]["minOnDemandNodes"] == 0 ||
         std::ranges::any_of(spec["nodeGroups"], [](const json& one) {
           return one["capacityType"] == "OnDemand" &&
                  (one.contains("backendRef") || one.contains("growth"));
         });
}

constexpr Rule own_rules[] = {
    above_zero("spec.nodeGroups[].price"),
    above_zero("spec.limits.maxHourly"),
    {.at = "spec.nodeGroups[]",
     .cel = "self.minNodes <= self.maxNodes",
     .problem = "must be at most `maxNodes`",
     .remedy = "lower `minNodes` or raise `maxNodes`",
     .child = "minNodes",
     .holds = min_within_max},
    {.at = "spec.nodeGroups[]",
     .cel = "has(self.backendRef) || (has(self.nodeSelector) && size(self.nodeSelector) > 0)",
     .problem = "must have `backendRef` or `nodeSelector`",
     .remedy = "name the object that makes its nodes, or the labels that they have",
     .holds = tells_its_nodes},
    {.at = "spec.nodeGroups[]",
     .cel = "has(self.backendRef) || self.minNodes == 0",
     .problem = "must be 0 without `backendRef`",
     .remedy = "name the object that makes its nodes: nobody else can be asked for them",
     .child = "minNodes",
     .holds = nothing_asked_of_nobody},
    {.at = "spec.nodeGroups[]",
     .cel = "!has(self.growth) || self.minNodes == 0",
     .problem = "must be 0 with `growth: PendingPods`",
     .remedy = "leave it out: nodes come for pods, and nobody is asked for them",
     .child = "minNodes",
     .holds = nothing_asked_of_pods},
    {.at = "spec.nodeGroups[]",
     .cel = "!has(self.paths) || has(self.backendRef)",
     .problem = "must come with `backendRef`",
     .remedy = "name the object whose fields they are",
     .child = "paths",
     .holds = paths_of_a_backend},
    {.at = "spec.nodeGroups[]",
     .cel = "!has(self.commitment) || self.capacityType == 'Reserved'",
     .problem = "must come with `capacityType: Reserved`",
     .remedy = "leave it out: other capacity is paid by the hour",
     .child = "commitment",
     .holds = commitment_of_reserved},
    {.at = "spec.nodeGroups[].paths.desired",
     .cel = "self.startsWith('spec.')",
     .problem = "must lie below `spec`",
     .remedy = "for example spec.scaling.desiredSize",
     .holds = is_below_spec},
    {.at = "spec.nodeGroups",
     .cel = "self.all(g, !has(g.backendRef) || self.exists_one(h, has(h.backendRef) && "
            "h.backendRef == g.backendRef))",
     .problem = "must have a `backendRef` of its own in each group",
     .remedy = "name another object in one of them, or leave it out",
     .holds = backends_differ},
    {.at = "spec",
     .cel = "!has(self.limits.maxNodes) || "
            "self.nodeGroups.map(g, g.minNodes).sum() <= self.limits.maxNodes",
     .problem = "must be at least the sum of `minNodes`",
     .remedy = "raise `limits.maxNodes` or lower `minNodes` of a group",
     .child = "limits.maxNodes",
     .holds = limit_above_minima},
    {.at = "spec",
     .cel = "self.mix.minOnDemandNodes == 0 || self.nodeGroups.exists(g, "
            "g.capacityType == 'OnDemand' && (has(g.backendRef) || has(g.growth)))",
     .problem = "must be 0 where no group can give a node on demand",
     .remedy = "add a group of `capacityType: OnDemand` with a `backendRef` or `growth`",
     .child = "mix.minOnDemandNodes",
     .holds = on_demand_where_asked_for},
};

}  // namespace

std::span<const Rule> accelerator_pool_rules() {
  static const auto all = [] {
    std::vector<Rule> rules(std::begin(own_rules), std::end(own_rules));
    const auto window = window_rules_of_nodes();
    rules.insert(rules.end(), window.begin(), window.end());
    return rules;
  }();
  return all;
}

}  // namespace poolscaler::api
