#include "evictions.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster_hand.hpp"
#include "preparation.hpp"
#include "reads.hpp"
#include "selectors.hpp"
#include "writes.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

constexpr const char* budgets = "poddisruptionbudgets.policy";

bool covers(const json& budget, const json& pod) {
  return namespace_of(budget) == namespace_of(pod) && budget["spec"].contains("selector") &&
         LabelSelector::of(budget["spec"]["selector"]).matches_object(pod);
}

/// What has not begun, has ended or is ending disturbs nobody.
bool needs_no_budget(const json& pod) {
  const auto phase = at_or(pod, {"status", "phase"}, "Pending");
  return is_deleting(pod) || phase == "Pending" || phase == "Succeeded" || phase == "Failed";
}

ApiError against_budget(std::string why, int retry_after_seconds = 0) {
  return {.code = 429,
          .reason = "TooManyRequests",
          .message = "Cannot evict pod as it would violate the pod's disruption budget.",
          .causes = {{.reason = "DisruptionBudget", .message = std::move(why), .field = {}}},
          .retry_after_seconds = retry_after_seconds};
}

/// One disruption less is allowed from then on; refused when there is none to spend.
Outcome<void> spend_disruption(WorldParts& world, const Object& budget, const json& pod) {
  const auto generation = (*budget)["metadata"].value("generation", std::int64_t{1});
  if (at_or(*budget, {"status", "observedGeneration"}, 0) < generation)
    return refuse(against_budget(
        fmt::format("The disruption budget {} is still being processed by the server.",
                    name_of(*budget)),
        10));
  const auto allowed = at_or(*budget, {"status", "disruptionsAllowed"}, 0).get<std::int64_t>();
  if (allowed < 1) {
    const auto healthy = at_or(*budget, {"status", "currentHealthy"}, 0).get<std::int64_t>();
    const auto needed = at_or(*budget, {"status", "desiredHealthy"}, 0).get<std::int64_t>();
    return refuse(
        against_budget(fmt::format("The disruption budget {} needs {} healthy pods and has {} "
                                   "currently",
                                   name_of(*budget), needed, healthy)));
  }
  json spent = *budget;
  spent["status"]["disruptionsAllowed"] = allowed - 1;
  spent["status"]["disruptedPods"][name_of(pod)] = to_rfc3339(world.clock.now());
  world.store.put(budgets, std::move(spent));
  return {};
}

Outcome<void> ask_budgets(WorldParts& world, const json& pod) {
  if (needs_no_budget(pod)) return {};
  std::vector<Object> found;
  for (const auto& [key, budget] : world.store.all(budgets))
    if (covers(*budget, pod)) found.push_back(budget);
  if (found.empty()) return {};
  if (found.size() > 1)
    return refuse({.code = 500,
                   .reason = "",
                   .message = "This pod has more than one PodDisruptionBudget, which the eviction "
                              "subresource does not support."});
  return spend_disruption(world, found.front(), pod);
}

/// "2" or "50%" of `total`, which is rounded up.
std::int64_t amount_of(const json& written, std::int64_t total) {
  if (written.is_number_integer()) return written.get<std::int64_t>();
  const auto text = written.is_string() ? written.get<std::string>() : std::string();
  if (!text.ends_with('%')) return 0;
  const auto percent = std::atoll(text.c_str());
  return (std::clamp<std::int64_t>(percent, 0, 100) * total + 99) / 100;
}

std::int64_t needed_of(const json& budget, std::int64_t expected) {
  const auto& spec = budget["spec"];
  if (spec.contains("minAvailable")) return amount_of(spec["minAvailable"], expected);
  return std::max<std::int64_t>(
      expected - amount_of(spec.value("maxUnavailable", json(1)), expected), 0);
}

}  // namespace

Outcome<ServerResponse> serve_eviction(WorldParts& world, const Kind& pods,
                                       const ApiRequest& request) {
  if (request.verb != Verb::Create) return refuse(method_not_allowed());
  const auto body = read_body(request);
  if (!body) return refuse(body.error());
  if (!body->is_object()) return refuse(bad_request("the body must be an Eviction object"));
  const auto pod = existing(world, pods, request);
  if (!pod) return refuse(pod.error());
  const auto name = at_or(*body, {"metadata", "name"}, request.name);
  if (name != request.name)
    return refuse(bad_request("name in URL does not match name in Eviction object"));
  if (auto allowed = ask_budgets(world, **pod); !allowed) return refuse(allowed.error());
  ApiRequest end = request;
  end.verb = Verb::Delete;
  end.subresource.clear();
  const auto options = body->value("deleteOptions", json::object()).dump();
  end.body = options;
  if (const auto ended = remove(world, pods, end); !ended) return refuse(ended.error());
  return json_response(201, {{"kind", "Status"},
                             {"apiVersion", "v1"},
                             {"metadata", json::object()},
                             {"status", "Success"},
                             {"code", 201}});
}

void reconcile_budgets(ClusterHand& hand) {
  for (const auto& budget : hand.all(budgets)) {
    std::int64_t expected = 0;
    std::int64_t healthy = 0;
    auto disrupted = at_or(*budget, {"status", "disruptedPods"}, json::object());
    for (const auto& pod : hand.all("pods")) {
      if (!covers(*budget, *pod) || is_deleting(*pod)) continue;
      ++expected;
      if (is_ready(*pod)) ++healthy;
    }
    // A pod that is gone, or going, disturbs no longer.
    for (auto entry = disrupted.begin(); entry != disrupted.end();) {
      const auto pod = hand.find("pods", namespace_of(*budget), entry.key());
      entry = pod && !is_deleting(*pod) ? std::next(entry) : disrupted.erase(entry);
    }
    const auto needed = needed_of(*budget, expected);
    json status = {
        {"observedGeneration", (*budget)["metadata"].value("generation", std::int64_t{1})},
        {"expectedPods", expected},
        {"currentHealthy", healthy},
        {"desiredHealthy", needed},
        {"disruptionsAllowed", std::max<std::int64_t>(healthy - needed, 0)}};
    if (!disrupted.empty()) status["disruptedPods"] = std::move(disrupted);
    hand.set_status(budgets, budget, std::move(status));
  }
}

}  // namespace poolscaler::simulation
