#include "cluster_hand.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"
#include "writes.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

constexpr std::size_t events_max = 500;

}  // namespace

std::string name_of(const json& object) { return text_at(object, "metadata", "name"); }
std::string namespace_of(const json& object) { return text_at(object, "metadata", "namespace"); }
std::string uid_of(const json& object) { return text_at(object, "metadata", "uid"); }
bool is_deleting(const json& object) { return object.at("metadata").contains("deletionTimestamp"); }

json at_or(const json& object, MemberPath path, json otherwise) {
  const auto* found = member(object, path);
  return found == nullptr ? std::move(otherwise) : *found;
}

json owner_reference(const json& owner) {
  return {{"apiVersion", owner["apiVersion"]}, {"kind", owner["kind"]},
          {"name", name_of(owner)},            {"uid", uid_of(owner)},
          {"controller", true},                {"blockOwnerDeletion", true}};
}

json condition_of(const json& object, std::string_view type) {
  for (const auto& condition : at_or(object, {"status", "conditions"}, json::array()))
    if (condition.value("type", "") == type) return condition;
  return {};
}

bool is_ready(const json& pod) {
  const auto condition = condition_of(pod, "Ready");
  return condition.is_object() && condition.value("status", "") == "True";
}

std::vector<Object> ClusterHand::all(const std::string& storage) const {
  std::vector<Object> objects;
  for (const auto& [key, object] : world_.store.all(storage)) objects.push_back(object);
  return objects;
}

Object ClusterHand::find(const std::string& storage, const std::string& ns,
                         const std::string& name) const {
  return world_.store.find(storage, object_key(ns, name));
}

std::vector<Object> ClusterHand::owned(const std::string& storage, const std::string& uid) const {
  std::vector<Object> objects;
  for (const auto& [key, object] : world_.store.all(storage)) {
    for (const auto& owner : object->at("metadata").value("ownerReferences", json::array())) {
      if (!owner.value("controller", false) || owner.value("uid", "") != uid) continue;
      objects.push_back(object);
      break;
    }
  }
  return objects;
}

Object ClusterHand::make(const std::string& api_version, const std::string& kind, json object) {
  const auto found = world_.catalog.find_kind(api_version, kind);
  object["apiVersion"] = api_version;
  object["kind"] = kind;
  auto& metadata = object["metadata"];
  metadata["uid"] = world_.next_uid();
  metadata["creationTimestamp"] = time_text();
  if (kind != "Node" && kind != "Event" && kind != "Lease") metadata["generation"] = 1;
  return world_.store.put(found->storage(), std::move(object));
}

void ClusterHand::replace(const std::string& storage, json object) {
  const auto before = world_.store.find(storage, object_key(object));
  if (!before || *before == object) return;
  const auto desired = [](json part) {
    part.erase("metadata");
    part.erase("status");
    return part;
  };
  if (object["metadata"].contains("generation") && desired(object) != desired(*before))
    object["metadata"]["generation"] = (*before)["metadata"].value("generation", 0) + 1;
  world_.store.put(storage, std::move(object));
}

void ClusterHand::set_status(const std::string& storage, const Object& object, json status) {
  if (object->value("status", json()) == status) return;
  json changed = *object;
  changed["status"] = std::move(status);
  world_.store.put(storage, std::move(changed));
}

void ClusterHand::remove(const std::string& api_version, const Object& object,
                         std::int64_t grace_seconds) {
  const auto kind = world_.catalog.find_kind(api_version, object->value("kind", ""));
  if (kind) remove_object(world_, *kind, *object, grace_seconds);
}

void ClusterHand::erase(const std::string& storage, const Object& object) {
  if (world_.store.find(storage, object_key(*object))) world_.store.remove(storage, *object);
}

std::string ClusterHand::name_after(const std::string& prefix) {
  return prefix + world_.next_suffix();
}

void ClusterHand::note(const Object& object, const Note& note) {
  auto ns = namespace_of(*object);
  if (ns.empty()) ns = "default";
  // One event per object, reason and message: what happens again counts on.
  const auto hash =
      stable_hash(fmt::format("{}/{}/{}", uid_of(*object), note.reason, note.message));
  const auto name = fmt::format("{}.{:016x}", name_of(*object), hash);
  if (const auto before = find("events", ns, name)) {
    json event = *before;
    event["count"] = event.value("count", 1) + 1;
    event["lastTimestamp"] = time_text();
    world_.store.put("events", std::move(event));
    return;
  }
  if (world_.store.all("events").size() >= events_max) {
    const auto& events = world_.store.all("events");
    const auto oldest = std::ranges::min_element(events, {}, [](const auto& entry) {
      return entry.second->at("metadata").value("creationTimestamp", "");
    });
    world_.store.remove("events", *Object(oldest->second));
  }
  make("v1", "Event",
       {{"metadata", {{"name", name}, {"namespace", ns}}},
        {"involvedObject",
         {{"apiVersion", (*object)["apiVersion"]},
          {"kind", (*object)["kind"]},
          {"name", name_of(*object)},
          {"namespace", namespace_of(*object)},
          {"uid", uid_of(*object)},
          {"resourceVersion", (*object)["metadata"]["resourceVersion"]}}},
        {"reason", note.reason},
        {"message", note.message},
        {"type", note.warning ? "Warning" : "Normal"},
        {"source", {{"component", note.component}}},
        {"reportingComponent", note.component},
        {"reportingInstance", ""},
        {"eventTime", nullptr},
        {"count", 1},
        {"firstTimestamp", time_text()},
        {"lastTimestamp", time_text()}});
}

}  // namespace poolscaler::simulation
