#include "writes.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "managed_fields.hpp"
#include "patches.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"
#include "preparation.hpp"
#include "selectors.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

constexpr std::size_t object_bytes_max = 1'500'000;
constexpr std::string_view apply_type = "application/apply-patch+yaml";

Writer writer_of(const WorldParts& world, const ApiRequest& request) {
  const auto named = request.parameter("fieldManager");
  return {.manager = named.empty() ? request.agent : std::string(named),
          .subresource = request.subresource,
          .now = world.clock.now()};
}

bool counts_generations(const Kind& kind) {
  return kind.custom || kind.group == "apps" || kind.group == "apiextensions.k8s.io" ||
         kind.group == "policy" || kind.kind == "Pod" || kind.kind == "Job";
}

/// What a rise of the generation is about.
json desired_part(const Kind& kind, json object) {
  object.erase("metadata");
  if (kind.has_status) object.erase("status");
  return object;
}

json without_bookkeeping(json object) {
  for (const auto* name : {"managedFields", "resourceVersion", "generation"})
    object["metadata"].erase(name);
  return object;
}

/// A namespaced object needs a namespace that is there to stay.
Outcome<void> check_namespace(const WorldParts& world, const Kind& kind, const ApiRequest& request,
                              const std::string& name) {
  if (!kind.namespaced) return {};
  const auto space = world.store.find("namespaces", object_key("", request.ns));
  if (!space) {
    const auto namespaces = world.catalog.find("", "v1", "namespaces");
    return refuse(not_found(*namespaces, request.ns));
  }
  if (space->at("metadata").contains("deletionTimestamp")) {
    return refuse(forbidden(kind, name,
                            fmt::format("unable to create new content in namespace {} because it "
                                        "is being terminated",
                                        request.ns)));
  }
  return {};
}

Outcome<void> check_size(const json& object) {
  if (object.dump().size() <= object_bytes_max) return {};
  return refuse({.code = 413,
                 .reason = "RequestEntityTooLarge",
                 .message = "Request entity too large: limit is 1500000"});
}

void name_it(WorldParts& world, json& metadata) {
  const auto prefix = text_at(metadata, "generateName");
  if (text_at(metadata, "name").empty() && !prefix.empty())
    metadata["name"] = prefix.substr(0, 248) + world.next_suffix();
}

/// What the server alone decides about a new object.
void stamp_new(WorldParts& world, const Kind& kind, json& object) {
  auto& metadata = object["metadata"];
  for (const auto* name : {"resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds",
                           "selfLink", "generation"})
    metadata.erase(name);
  metadata["uid"] = world.next_uid();
  metadata["creationTimestamp"] = to_rfc3339(world.clock.now());
  if (counts_generations(kind)) metadata["generation"] = 1;
}

bool keeps_status_on_create(const Kind& kind) {
  return !kind.has_status || kind.kind == "Node" || kind.kind == "Namespace" ||
         kind.kind == "Pod" || kind.kind == "CustomResourceDefinition";
}

Outcome<Written> store_new(WorldParts& world, const Kind& kind, const ApiRequest& request,
                           json object, std::vector<std::string> warnings) {
  const auto key = object_key(object);
  const auto name = object["metadata"].value("name", "");
  if (world.store.find(kind.storage(), key)) return refuse(already_exists(kind, name));
  if (world.store.size() >= world.options.objects_max) {
    return refuse({.code = 507,
                   .reason = "InsufficientStorage",
                   .message = "the sandbox is full: delete objects first"});
  }
  if (const auto fits = check_size(object); !fits) return refuse(fits.error());
  if (kind.kind == "CustomResourceDefinition" && !request.dry_run()) {
    if (auto causes = world.catalog.install(object); !causes.empty())
      return refuse(invalid(kind, name, std::move(causes)));
  }
  if (request.dry_run())
    return Written{.code = 201,
                   .object = std::make_shared<const json>(std::move(object)),
                   .warnings = std::move(warnings)};
  return Written{.code = 201,
                 .object = world.store.put(kind.storage(), std::move(object)),
                 .warnings = std::move(warnings)};
}

Outcome<Written> create_from(WorldParts& world, const Kind& kind, const ApiRequest& request,
                             json object) {
  if (const auto settled = settle_identity(kind, request, object); !settled)
    return refuse(settled.error());
  object = stored_form(kind, std::move(object));
  auto& metadata = object["metadata"];
  if (!text_at(metadata, "resourceVersion").empty())
    return refuse(bad_request("resourceVersion should not be set on objects to be created"));
  name_it(world, metadata);
  if (const auto there = check_namespace(world, kind, request, text_at(metadata, "name")); !there)
    return refuse(there.error());
  if (!keeps_status_on_create(kind)) object.erase("status");
  stamp_new(world, kind, object);
  auto warnings = prepare(kind, request, object, json());
  if (!warnings) return refuse(warnings.error());
  if (request.content_type != apply_type) {
    object["metadata"].erase("managedFields");
    note_update(kind, writer_of(world, request), json(), object);
  }
  return store_new(world, kind, request, std::move(object), std::move(*warnings));
}

Outcome<Written> apply_new(WorldParts& world, const Kind& kind, const ApiRequest& request,
                           const json& wanted) {
  auto object = applied(kind, writer_of(world, request), json(), wanted, false);
  if (!object) return refuse(object.error());
  return create_from(world, kind, request, std::move(*object));
}

Outcome<json> patched(const WorldParts& world, const Kind& kind, const ApiRequest& request,
                      const json& before, const json& patch) {
  const auto shown = wire_form(kind, before);
  if (request.content_type == "application/json-patch+json") return json_patched(shown, patch);
  if (!patch.is_object()) return refuse(bad_request("the patch must be a JSON object"));
  if (request.content_type == "application/merge-patch+json") return merge_patched(shown, patch);
  if (request.content_type == "application/strategic-merge-patch+json" && !kind.custom)
    return strategically_patched(shown, patch, *kind.schema);
  if (request.content_type == apply_type) {
    if (patch.value("/metadata/managedFields"_json_pointer, json::array()).size() > 0)
      return refuse(bad_request("metadata.managedFields must be nil"));
    return applied(kind, writer_of(world, request), shown, patch, request.flag("force"));
  }
  return refuse(unsupported_media_type(
      kind.custom ? "application/json-patch+json, application/merge-patch+json, "
                    "application/apply-patch+yaml"
                  : "application/json-patch+json, application/merge-patch+json, "
                    "application/strategic-merge-patch+json, application/apply-patch+yaml"));
}

/// resourceVersion and UID that the client sent must be those of the object.
Outcome<void> check_preconditions(const Kind& kind, const ApiRequest& request, const json& before,
                                  const json& object) {
  const auto& metadata = object.at("metadata");
  const auto& current = before.at("metadata");
  const auto name = text_at(current, "name");
  const auto uid = text_at(metadata, "uid");
  const bool is_patch = request.verb == Verb::Patch && request.subresource != "scale";
  // The status of a custom object takes nothing of the metadata that a patch brings.
  const bool ignored = is_patch && kind.custom && request.subresource == "status";
  if (!uid.empty() && uid != text_at(current, "uid") && !ignored) {
    if (is_patch) {
      return refuse(invalid(kind, name, {invalid_value("metadata.uid", json(uid).dump(),
                                                       "field is immutable")}));
    }
    return refuse(conflict(
        {.group = kind.group, .resource = request.resource_path()}, name,
        fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: {}", uid,
                    text_at(current, "uid"))));
  }
  const auto version = text_at(metadata, "resourceVersion");
  if (version.empty() && request.verb == Verb::Update && !kind.unconditional_update) {
    auto error = invalid(kind, name,
                         {invalid_value("metadata.resourceVersion", "0",
                                        "must be specified for an update")});
    error.kind = kind.plural;
    return refuse(std::move(error));
  }
  if (!version.empty() && version != text_at(current, "resourceVersion"))
    return refuse(conflict({.group = kind.group, .resource = kind.plural}, name, object_modified));
  return {};
}

/// What an update cannot change is as it was.
void carry_over(const Kind& kind, const ApiRequest& request, const json& before, json& object) {
  if (request.subresource == "status") {
    json status = object.value("status", json());
    json managed = object["metadata"].value("managedFields", json());
    object = before;
    if (status.is_null()) {
      object.erase("status");
    } else {
      object["status"] = std::move(status);
    }
    if (!managed.is_null()) object["metadata"]["managedFields"] = std::move(managed);
    return;
  }
  auto& metadata = object["metadata"];
  const auto& current = before.at("metadata");
  for (const auto* name : {"uid", "creationTimestamp", "generation", "deletionTimestamp",
                           "deletionGracePeriodSeconds", "resourceVersion", "generateName"}) {
    metadata.erase(name);
    if (current.contains(name)) metadata[name] = current[name];
  }
  if (!kind.has_status) return;
  object.erase("status");
  if (before.contains("status")) object["status"] = before["status"];
}

/// An empty map is as good as none.
void drop_empty_maps(json& metadata) {
  for (const auto* name : {"annotations", "labels"}) {
    const auto found = metadata.find(name);
    if (found != metadata.end() && found->is_object() && found->empty()) metadata.erase(found);
  }
}

bool may_go(const json& object) {
  const auto& metadata = object.at("metadata");
  return metadata.contains("deletionTimestamp") &&
         metadata.value("deletionGracePeriodSeconds", 0) == 0 &&
         metadata.value("finalizers", json::array()).empty() &&
         object.value("kind", "") != "Namespace";
}

struct DeleteOptions {
  std::int64_t grace_seconds = -1;  // -1: not said
  std::string propagation;
  std::string uid;
  std::string resource_version;
};

Outcome<DeleteOptions> read_delete_options(const ApiRequest& request) {
  DeleteOptions options{.propagation = std::string(request.parameter("propagationPolicy")),
                        .uid = {},
                        .resource_version = {}};
  const std::string grace(request.parameter("gracePeriodSeconds"));
  if (!grace.empty()) options.grace_seconds = std::atoll(grace.c_str());
  if (request.body.empty()) return options;
  auto body = read_body(request);
  if (!body) return refuse(body.error());
  if (!body->is_object()) return refuse(bad_request("DeleteOptions must be an object"));
  options.grace_seconds = body->value("gracePeriodSeconds", options.grace_seconds);
  options.propagation = body->value("propagationPolicy", options.propagation);
  const auto preconditions = body->value("preconditions", json::object());
  options.uid = text_at(preconditions, "uid");
  options.resource_version = text_at(preconditions, "resourceVersion");
  return options;
}

Outcome<void> check_delete(const Kind& kind, const json& object, const DeleteOptions& options) {
  const auto& metadata = object.at("metadata");
  const auto differs = [&](const char* what, const std::string& wanted, const std::string& has,
                           const char* then) -> Outcome<void> {
    if (wanted.empty() || wanted == has) return {};
    // A real server names the kind here where it names the resource elsewhere.
    return refuse(conflict(
        {.group = kind.group, .resource = kind.kind}, text_at(metadata, "name"),
        fmt::format("the {0} in the precondition ({1}) does not match the {0} in record ({2}). "
                    "The object might have been {3}",
                    what, wanted, has, then)));
  };
  auto same = differs("UID", options.uid, text_at(metadata, "uid"), "deleted and then recreated");
  if (!same) return same;
  return differs("ResourceVersion", options.resource_version,
                 text_at(metadata, "resourceVersion"), "modified");
}

/// Dependents stay, without their owner.
void orphan_dependents(WorldParts& world, const std::string& uid) {
  for (const auto& storage : world.store.storages()) {
    const auto objects = world.store.all(storage);
    for (const auto& [key, object] : objects) {
      auto owners = object->at("metadata").value("ownerReferences", json::array());
      const auto removed = std::erase_if(owners.get_ref<json::array_t&>(), [&](const json& owner) {
        return owner.value("uid", "") == uid;
      });
      if (removed == 0) continue;
      json freed = *object;
      freed["metadata"]["ownerReferences"] = std::move(owners);
      world.store.put(storage, std::move(freed));
    }
  }
}

/// A definition takes its objects along.
void uninstall(WorldParts& world, const json& definition) {
  const auto storage = definition["spec"]["names"].value("plural", "") + "." +
                       definition["spec"].value("group", "");
  const auto objects = world.store.all(storage);
  for (const auto& [key, object] : objects) world.store.remove(storage, *object);
  world.catalog.uninstall(definition);
}

}  // namespace

Outcome<Written> create(WorldParts& world, const Kind& kind, const ApiRequest& request) {
  if (kind.namespaced && request.ns.empty())
    return refuse(bad_request("an empty namespace may not be set during creation"));
  auto body = read_body(request);
  if (!body) return refuse(body.error());
  return create_from(world, kind, request, std::move(*body));
}

Outcome<Object> existing(const WorldParts& world, const Kind& kind, const ApiRequest& request) {
  auto object = world.store.find(kind.storage(), object_key(request.ns, request.name));
  if (!object) return refuse(not_found(kind, request.name));
  return object;
}

Outcome<Written> update(WorldParts& world, const Kind& kind, const ApiRequest& request) {
  auto body = read_body(request);
  if (!body) return refuse(body.error());
  auto before = existing(world, kind, request);
  const bool applies = request.verb == Verb::Patch && request.content_type == apply_type;
  if (!before && applies && request.subresource.empty())
    return apply_new(world, kind, request, *body);
  if (!before) return refuse(before.error());
  if (request.verb == Verb::Patch) {
    body = patched(world, kind, request, **before, *body);
    if (!body) return refuse(body.error());
  }
  if (const auto settled = settle_identity(kind, request, *body); !settled)
    return refuse(settled.error());
  return store_update(world, kind, request, *before, stored_form(kind, std::move(*body)));
}

Outcome<Written> store_update(WorldParts& world, const Kind& kind, const ApiRequest& request,
                              const Object& before, json object) {
  if (auto fine = check_preconditions(kind, request, *before, object); !fine)
    return refuse(fine.error());
  carry_over(kind, request, *before, object);
  drop_empty_maps(object["metadata"]);
  auto warnings = prepare(kind, request, object, *before);
  if (!warnings) return refuse(warnings.error());
  if (without_bookkeeping(object) == without_bookkeeping(*before) &&
      request.content_type != apply_type)
    return Written{.object = before, .warnings = std::move(*warnings)};
  if (counts_generations(kind) && desired_part(kind, object) != desired_part(kind, *before))
    object["metadata"]["generation"] = (*before)["metadata"].value("generation", 0) + 1;
  if (request.content_type != apply_type)
    note_update(kind, writer_of(world, request), *before, object);
  if (object == *before) return Written{.object = before, .warnings = std::move(*warnings)};
  if (const auto fits = check_size(object); !fits) return refuse(fits.error());
  if (request.dry_run())
    return Written{.object = std::make_shared<const json>(std::move(object)),
                   .warnings = std::move(*warnings)};
  if (kind.kind == "CustomResourceDefinition") {
    if (auto causes = world.catalog.install(object); !causes.empty())
      return refuse(invalid(kind, request.name, std::move(causes)));
  }
  // The last state that watchers see is the one before the last finalizer went.
  if (may_go(object))
    return Written{.object = world.store.remove(kind.storage(), *before),
                   .warnings = std::move(*warnings)};
  return Written{.object = world.store.put(kind.storage(), std::move(object)),
                 .warnings = std::move(*warnings)};
}

Object remove_object(WorldParts& world, const Kind& kind, const json& object,
                     std::int64_t grace_seconds) {
  json last = object;
  auto& metadata = last["metadata"];
  const bool is_pod = kind.kind == "Pod";
  const bool bound = is_pod && !last["spec"].value("nodeName", "").empty();
  const auto own_grace = is_pod ? last["spec"].value("terminationGracePeriodSeconds", 30) : 0;
  const auto grace = bound ? (grace_seconds < 0 ? own_grace : grace_seconds) : 0;
  const bool held = !metadata.value("finalizers", json::array()).empty();
  if (grace == 0 && !held && kind.kind != "Namespace") {
    if (kind.kind == "CustomResourceDefinition") uninstall(world, last);
    return world.store.remove(kind.storage(), std::move(last));
  }
  if (metadata.contains("deletionTimestamp") &&
      metadata.value("deletionGracePeriodSeconds", std::int64_t{0}) <= grace)
    return world.store.find(kind.storage(), object_key(last));
  metadata["deletionTimestamp"] = to_rfc3339(world.clock.now() + Seconds(grace));
  metadata["deletionGracePeriodSeconds"] = grace;
  if (kind.kind == "Namespace") {
    metadata.erase("deletionGracePeriodSeconds");
    last["status"]["phase"] = "Terminating";
  }
  return world.store.put(kind.storage(), std::move(last));
}

Outcome<Written> remove(WorldParts& world, const Kind& kind, const ApiRequest& request) {
  const auto options = read_delete_options(request);
  if (!options) return refuse(options.error());
  const auto object = existing(world, kind, request);
  if (!object) return refuse(object.error());
  if (auto fine = check_delete(kind, **object, *options); !fine) return refuse(fine.error());
  if (request.dry_run()) return Written{.object = *object, .removed = true};
  const auto last = remove_object(world, kind, **object, options->grace_seconds);
  const bool gone = world.store.find(kind.storage(), object_key(**object)) == nullptr;
  if (gone && options->propagation == "Orphan")
    orphan_dependents(world, text_at((*object)->at("metadata"), "uid"));
  return Written{.object = last, .removed = gone && kind.kind != "Pod"};
}

Outcome<std::vector<Object>> remove_all(WorldParts& world, const Kind& kind,
                                        const ApiRequest& request) {
  const auto options = read_delete_options(request);
  if (!options) return refuse(options.error());
  const auto labels = LabelSelector::parse(request.parameter("labelSelector"));
  if (!labels) return refuse(labels.error());
  const auto fields = FieldSelector::parse(request.parameter("fieldSelector"), kind);
  if (!fields) return refuse(fields.error());
  std::vector<Object> removed;
  const auto objects = world.store.all(kind.storage());
  for (const auto& [key, object] : objects) {
    if (kind.namespaced && !request.ns.empty() && !key.starts_with(request.ns + "/")) continue;
    if (!labels->matches_object(*object) || !fields->matches(*object)) continue;
    removed.push_back(object);
    if (!request.dry_run()) remove_object(world, kind, *object, options->grace_seconds);
  }
  return removed;
}

}  // namespace poolscaler::simulation
