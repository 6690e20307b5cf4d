#include "poolscaler/kube/discovery.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"
#include "poolscaler/domain/suspendable.hpp"
#include "poolscaler/json/members.hpp"

namespace poolscaler::kube {
namespace {

constexpr Millis fresh_for = std::chrono::minutes(10);
constexpr Millis pause_between_questions = Seconds(10);
constexpr std::size_t group_versions_max = 256;

Request group_version_request(const std::string& group, const std::string& version) {
  return {.path = group.empty() ? fmt::format("/api/{}", version)
                                : fmt::format("/apis/{}/{}", group, version)};
}

std::map<std::string, KindInfo, std::less<>> kinds_of(const nlohmann::json& list,
                                                      const std::string& group,
                                                      const std::string& version) {
  std::map<std::string, KindInfo, std::less<>> kinds;
  const auto* resources = member(list, "resources");
  if (!resources || !resources->is_array()) return kinds;
  for (const auto& entry : *resources) {
    const auto name = text_at(entry, "name");
    const auto kind = text_at(entry, "kind");
    const auto* namespaced = member(entry, "namespaced");
    if (name.empty() || kind.empty() || name.find('/') != std::string::npos) continue;
    kinds[kind] = {.resource = {.group = group,
                                .version = version,
                                .plural = name,
                                .kind = kind,
                                .namespaced = !namespaced || *namespaced == true}};
  }
  for (const auto& entry : *resources) {
    const auto name = text_at(entry, "name");
    for (auto& [kind, info] : kinds) {
      info.has_scale = info.has_scale || name == info.resource.plural + "/scale";
      info.has_status = info.has_status || name == info.resource.plural + "/status";
    }
  }
  return kinds;
}

}  // namespace

Discovery::Discovery(const Client& client, const Clock& clock) : client_(client), clock_(clock) {}

void Discovery::refresh(const std::string& api_version, GroupVersion& cached,
                        std::stop_token stop) {
  cached.asked = clock_.monotonic();
  const auto parts = split_api_version(api_version);
  const auto list = client_.call(group_version_request(parts->first, parts->second), stop);
  if (list) {
    cached.kinds = kinds_of(*list, parts->first, parts->second);
    cached.error.reset();
    cached.answered = true;
  } else if (list.error().kind == ErrorKind::NotFound) {
    cached.kinds.clear();
    cached.error.reset();
    cached.answered = true;
  } else {
    // What was known stays: a server in trouble does not take a kind away.
    cached.error = list.error().context(fmt::format("looking up {}", api_version));
    if (list.error().kind == ErrorKind::Cancelled) cached.asked = Millis::min() / 2;
  }
}

Result<KindInfo> Discovery::find(std::string_view api_version, std::string_view kind,
                                 std::stop_token stop) {
  if (const auto parts = split_api_version(api_version); !parts) return fail(parts.error());
  const std::scoped_lock lock(mutex_);
  if (cache_.size() > group_versions_max) cache_.clear();
  const auto [entry, inserted] = cache_.try_emplace(std::string(api_version));
  auto& cached = entry->second;
  const auto age = clock_.monotonic() - cached.asked;
  const bool known = cached.kinds.contains(kind);
  if (inserted || age >= fresh_for || (!known && age >= pause_between_questions))
    refresh(entry->first, cached, stop);
  if (const auto found = cached.kinds.find(kind); found != cached.kinds.end())
    return found->second;
  if (cached.error) return fail(*cached.error);
  return fail(ErrorKind::NotFound,
              fmt::format("the API server serves no kind '{}' in {}: check apiVersion and kind, "
                          "and that its CustomResourceDefinition is installed",
                          escaped(capped(kind, 100)), escaped(capped(api_version, 100))));
}

Result<Resource> Discovery::find_scalable(std::string_view api_version, std::string_view kind,
                                          std::stop_token stop) {
  auto info = find(api_version, kind, stop);
  if (!info) return fail(info.error());
  if (info->has_scale || suspendable_kind(api_version, kind) != nullptr) return info->resource;
  return fail(ErrorKind::InvalidInput,
              fmt::format("{} has no scale subresource, and is no job that can be suspended: "
                          "choose a kind like Deployment, or Job, JobSet or TrainJob",
                          info->resource.text()));
}

}  // namespace poolscaler::kube
