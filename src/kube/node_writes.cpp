// What the Writer does to node groups, their nodes and the pods on these.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"
#include "poolscaler/kube/node_groups.hpp"
#include "poolscaler/kube/writer.hpp"

namespace poolscaler::kube {
namespace {

using json = nlohmann::json;

constexpr const char* delete_machine = "cluster.x-k8s.io/delete-machine";
constexpr const char* our_mark = "poolscaler";
constexpr std::size_t words_max = 300;

std::string annotation(const json& object, std::string_view name) {
  return text_at(object, "metadata", "annotations", name);
}

json annotations(json values) { return {{"metadata", {{"annotations", std::move(values)}}}}; }

bool is_cordoned(const json& node) {
  const auto* set = member(node, "spec", "unschedulable");
  return set != nullptr && *set == true;
}

Result<void> expect_uid(const json& object, const std::string& uid) {
  if (!uid.empty() && text_at(object, "metadata", "uid") == uid) return {};
  return fail(ErrorKind::Conflict, "it is another object of the same name");
}

}  // namespace

Result<GroupWritten> Writer::write_group(const GroupWrite& write, std::stop_token stop) {
  const auto& backend = write.backend;
  const auto where = fmt::format("asking {} {} for {} nodes", backend.kind,
                                 ObjectKey{backend.ns, backend.name}.text(), write.nodes);
  const auto info = discovery_.find(backend.api_version, backend.kind, stop);
  if (!info) return fail(info.error().context(where));
  const auto request = group_request(info->resource, write);
  if (!request) return fail(request.error().context(where));
  const auto answer =
      client_.call_once(*request, options_.write_deadline, stop, options_.may_write);
  if (!answer) return fail(answer.error().context(where));
  auto written = read_group_answer(*answer, write);
  if (!written) return fail(written.error().context(where));
  return written;
}

/// Reads the object and patches what `change` makes of it: null when nothing is to be done.
Result<void> Writer::change(const Resource& resource, const ObjectKey& key, const Change& change,
                            std::stop_token stop) {
  const auto object = client_.call_once(get_request(resource, key), options_.write_deadline, stop,
                                        options_.may_write);
  if (!object) return fail(object.error());
  auto patch = change(*object);
  if (!patch) return fail(patch.error());
  if (patch->is_null()) return {};
  // The version that was read: who changes it meanwhile is not overwritten.
  (*patch)["metadata"]["resourceVersion"] = text_at(*object, "metadata", "resourceVersion");
  const auto answer = client_.call_once(merge_patch_request(resource, key, {}, patch->dump()),
                                        options_.write_deadline, stop, options_.may_write);
  if (!answer) return fail(answer.error());
  return {};
}

Result<void> Writer::cordon(const NodeCordon& write, std::stop_token stop) {
  const auto set = [&write](const json& node) -> Result<json> {
    if (const auto same = expect_uid(node, write.uid); !same) return fail(same.error());
    if (is_cordoned(node)) return json();
    auto patch = annotations({{draining_for, capped(write.whom, 200)},
                              {draining_since, to_rfc3339(write.since)}});
    patch["spec"]["unschedulable"] = true;
    return patch;
  };
  const auto done = change(nodes(), {.ns = {}, .name = write.node}, set, stop);
  if (!done) return fail(done.error().context(fmt::format("cordoning node {}", write.node)));
  return {};
}

Result<void> Writer::uncordon(const NodeUncordon& write, std::stop_token stop) {
  const auto set = [&write](const json& node) -> Result<json> {
    if (const auto same = expect_uid(node, write.uid); !same) return fail(same.error());
    if (annotation(node, draining_for).empty()) return json();
    auto patch = annotations({{draining_for, nullptr}, {draining_since, nullptr}});
    patch["spec"]["unschedulable"] = nullptr;
    return patch;
  };
  const auto done = change(nodes(), {.ns = {}, .name = write.node}, set, stop);
  if (!done) return fail(done.error().context(fmt::format("uncordoning node {}", write.node)));
  return {};
}

Result<EvictionAnswer> Writer::evict_pod(const PodEviction& write, std::stop_token stop) {
  const auto answer = client_.call_once(eviction_request(write.pod, write.uid),
                                        options_.write_deadline, stop, options_.may_write);
  if (answer) return EvictionAnswer{.outcome = Evicted::Going};
  const auto& error = answer.error();
  const auto says = [&error](std::string_view words) {
    return error.message.find(words) != std::string::npos;
  };
  const auto words = capped(error.message, words_max);
  if (error.kind == ErrorKind::NotFound) return EvictionAnswer{Evicted::Gone, words};
  if (error.kind == ErrorKind::Conflict && says("precondition"))
    return EvictionAnswer{Evicted::Gone, words};
  if (error.kind == ErrorKind::Throttled && says("disruption budget"))
    return EvictionAnswer{Evicted::Refused, words};
  return fail(error.context(fmt::format("evicting pod {}", write.pod.text())));
}

Result<void> Writer::mark_machine(const MachineMark& write, std::stop_token stop) {
  const auto where = fmt::format("marking Machine {} of node {}", write.machine.text(), write.node);
  const auto info = discovery_.find(write.api_version, "Machine", stop);
  if (!info) return fail(info.error().context(where));
  const auto set = [&write](const json& machine) -> Result<json> {
    const auto stands_for = text_at(machine, "status", "nodeRef", "name");
    if (stands_for != write.node)
      return fail(ErrorKind::Conflict,
                  stands_for.empty() ? "the Machine names no node in status.nodeRef"
                                     : fmt::format("the Machine stands for node {}",
                                                   capped(escaped(stands_for), 253)));
    const auto* mark = member(machine, "metadata", "annotations", delete_machine);
    if (write.remove)
      return mark != nullptr ? json() : annotations({{delete_machine, our_mark}});
    return mark != nullptr && *mark == our_mark ? annotations({{delete_machine, nullptr}})
                                                : json();
  };
  const auto done = change(info->resource, write.machine, set, stop);
  if (!done) return fail(done.error().context(where));
  return {};
}

}  // namespace poolscaler::kube
