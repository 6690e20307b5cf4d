#include "poolscaler/controllers/pod_facts.hpp"

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "decode.hpp"
#include "poolscaler/base/quantity.hpp"
#include "poolscaler/json/members.hpp"

namespace poolscaler::controllers {
namespace {

using nlohmann::json;

Instant time_at(const json& object, MemberPath path) {
  return parse_rfc3339(text_at(object, path)).value_or(Instant{});
}

std::optional<std::int64_t> quantity_at(const json& requests, const char* resource) {
  const auto& found = at_path(requests, {resource});
  if (found.is_string()) return milli_quantity(found.get_ref<const std::string&>());
  return found.is_number() ? milli_quantity(found.dump()) : std::nullopt;
}

ResourceRequests requests_at(const json& object) {
  const auto& requests = at_path(object, {"resources", "requests"});
  return {.cpu_milli = quantity_at(requests, "cpu"),
          .memory_milli = quantity_at(requests, "memory")};
}

void add_containers(PodRequests& out, const json& containers, bool sidecars_only) {
  if (!containers.is_array()) return;
  for (const auto& container : containers) {
    // An init container that restarts runs beside the others.
    if (sidecars_only && text_at(container, {"restartPolicy"}) != "Always") continue;
    out.containers.push_back(
        {.name = text_at(container, {"name"}), .requests = requests_at(container)});
  }
}

std::int64_t saturated_sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

}  // namespace

bool PodRequests::has(const std::string& container) const {
  return std::ranges::find(containers, container, &Container::name) != containers.end();
}

std::optional<std::int64_t> PodRequests::request(const PodResource& resource) const {
  if (resource.container.empty() && of_pod.of(resource.resource))
    return of_pod.of(resource.resource);
  std::int64_t sum = 0;
  for (const auto& container : containers) {
    if (!resource.container.empty() && container.name != resource.container) continue;
    const auto request = container.requests.of(resource.resource);
    if (!request) return std::nullopt;
    sum = saturated_sum(sum, *request);
  }
  return sum;
}

PodFacts read_pod_facts(const json& pod) {
  PodFacts facts{.started = time_at(pod, {"status", "startTime"}),
                 .pending = text_at(pod, {"status", "phase"}) == "Pending"};
  if (const auto& conditions = at_path(pod, {"status", "conditions"}); conditions.is_array())
    for (const auto& condition : conditions) {
      if (text_at(condition, {"type"}) != "Ready") continue;
      facts.ready = text_at(condition, {"status"}) == "True" ? ReadyCondition::True
                                                             : ReadyCondition::False;
      facts.ready_changed = time_at(condition, {"lastTransitionTime"});
    }
  PodRequests requests{.of_pod = requests_at(at_path(pod, {"spec"}))};
  add_containers(requests, at_path(pod, {"spec", "containers"}), false);
  add_containers(requests, at_path(pod, {"spec", "initContainers"}), true);
  facts.requests = std::make_shared<const PodRequests>(std::move(requests));
  return facts;
}

}  // namespace poolscaler::controllers
