#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"
#include "reads.hpp"
#include "selectors.hpp"
#include "tables.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

/// What a page of a list starts from; in the continue token as "revision.key".
struct Position {
  std::uint64_t revision = 0;
  std::string after{};  // the last key of the page before
  bool newest = false;  // an inconsistent continuation
};

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string token_of(const Position& position) {
  return fmt::format("{}.{}", position.newest ? 0 : position.revision,
                     percent_encoded(position.after));
}

Outcome<Position> read_token(std::string_view token) {
  const auto dot = token.find('.');
  const auto revision = read_number(token.substr(0, dot));
  if (dot == std::string_view::npos || !revision)
    return refuse(bad_request("continue key is not valid: it is not one of this server's"));
  return Position{.revision = *revision,
                  .after = percent_decoded(token.substr(dot + 1)),
                  .newest = *revision == 0};
}

ApiError malformed_version(std::string_view version) {
  return bad_request(fmt::format("invalid resource version {0}: strconv.ParseUint: parsing {0}: "
                                 "invalid syntax",
                                 json(std::string(version)).dump()));
}

/// Waits until the store has reached `version`. Errors: 504 when it does not.
Outcome<void> reach(WorldParts& world, std::unique_lock<std::mutex>& lock, std::uint64_t version) {
  const auto reached = world.changed.wait_for(lock, world.options.future_version_wait,
                                              [&] { return world.store.revision() >= version; });
  if (!reached) return refuse(version_too_large(version, world.store.revision()));
  return {};
}

struct ListOptions {
  std::size_t limit = 0;  // 0: all
  std::optional<Position> from{};
  std::optional<std::uint64_t> version{};
  bool exact = false;
  LabelSelector labels;
  FieldSelector fields;
};

Outcome<void> read_version(const ApiRequest& request, ListOptions& options) {
  const auto version = request.parameter("resourceVersion");
  const auto match = request.parameter("resourceVersionMatch");
  const auto wrong = [](const Cause& cause) {
    return refuse(invalid_list_options(cause));
  };
  if (!match.empty() && version.empty())
    return wrong(forbidden_value("resourceVersionMatch", "resourceVersionMatch is forbidden unless "
                                                         "resourceVersion is provided"));
  if (!match.empty() && options.from)
    return wrong(forbidden_value("resourceVersionMatch",
                                 "resourceVersionMatch is forbidden when continue is provided"));
  if (!match.empty() && match != "Exact" && match != "NotOlderThan")
    return wrong({.reason = "FieldValueNotSupported",
                  .message = fmt::format("Unsupported value: \"{}\": supported values: \"Exact\", "
                                         "\"NotOlderThan\", \"\"",
                                         match),
                  .field = "resourceVersionMatch"});
  if (match == "Exact" && version == "0")
    return wrong(forbidden_value("resourceVersionMatch",
                                 "resourceVersionMatch \"exact\" is forbidden for resourceVersion "
                                 "\"0\""));
  if (version.empty()) return {};
  options.version = read_number(version);
  if (!options.version) return refuse(malformed_version(version));
  if (options.from && *options.version != 0)
    return refuse(bad_request("specifying resource version is not allowed when using continue"));
  options.exact = match == "Exact" || (match.empty() && options.limit > 0 && *options.version > 0);
  return {};
}

Outcome<ListOptions> read_options(const ApiRequest& request, const Kind& kind) {
  ListOptions options;
  const auto limit = read_number(request.parameter("limit"));
  if (limit) options.limit = static_cast<std::size_t>(std::min<std::uint64_t>(*limit, 1'000'000));
  if (!request.parameter("continue").empty()) {
    const auto position = read_token(request.parameter("continue"));
    if (!position) return refuse(position.error());
    options.from = *position;
  }
  if (const auto read = read_version(request, options); !read) return refuse(read.error());
  auto labels = LabelSelector::parse(request.parameter("labelSelector"));
  if (!labels) return refuse(labels.error());
  options.labels = std::move(*labels);
  auto fields = FieldSelector::parse(request.parameter("fieldSelector"), kind);
  if (!fields) return refuse(fields.error());
  options.fields = std::move(*fields);
  return options;
}

/// A token of an older revision than the history: the client may go on with the newest objects.
ApiError expired_token(const Position& position) {
  auto error = expired(
      "The provided continue parameter is too old to display a consistent list result. You can "
      "start a new list without the continue parameter, or use the continue token in this response "
      "to retrieve the remainder of the results. Continuing with the provided token results in an "
      "inconsistent list - objects that were created, modified, or deleted between the time the "
      "first chunk was returned and now may show up in the list.");
  error.name = token_of({.after = position.after, .newest = true});
  return error;
}

Outcome<Objects> objects_at(const WorldParts& world, const Kind& kind, const ListOptions& options,
                            std::uint64_t& revision) {
  revision = world.store.revision();
  if (options.from && !options.from->newest) {
    revision = options.from->revision;
    auto objects = world.store.as_of(kind.storage(), revision);
    if (!objects) return refuse(expired_token(*options.from));
    return *objects;
  }
  if (options.exact && options.version) {
    revision = *options.version;
    auto objects = world.store.as_of(kind.storage(), revision);
    if (!objects)
      return refuse(expired(fmt::format("The resourceVersion for the provided list is too old.")));
    return *objects;
  }
  return world.store.all(kind.storage());
}

bool selected(const Kind& kind, const ApiRequest& request, const ListOptions& options,
              const std::string& key, const json& object) {
  if (kind.namespaced && !request.ns.empty() && !key.starts_with(request.ns + "/")) return false;
  return options.labels.matches_object(object) && options.fields.matches(object);
}

struct Page {
  std::vector<Object> objects{};
  std::size_t remaining = 0;
  std::string last_key{};
};

Page page_of(const Objects& objects, const Kind& kind, const ApiRequest& request,
             const ListOptions& options) {
  Page page;
  auto at = options.from ? objects.upper_bound(options.from->after) : objects.begin();
  for (; at != objects.end(); ++at) {
    if (!selected(kind, request, options, at->first, *at->second)) continue;
    if (options.limit > 0 && page.objects.size() == options.limit) {
      ++page.remaining;
      continue;
    }
    page.objects.push_back(at->second);
    page.last_key = at->first;
  }
  return page;
}

json list_metadata(const Page& page, const ListOptions& options, std::uint64_t revision) {
  json metadata = {{"resourceVersion", std::to_string(revision)}};
  if (page.remaining == 0) return metadata;
  metadata["continue"] = token_of({.revision = revision, .after = page.last_key});
  if (options.labels.empty() && options.fields.empty())
    metadata["remainingItemCount"] = page.remaining;
  return metadata;
}

}  // namespace

Outcome<ServerResponse> list_objects(WorldParts& world, const KindRef& kind,
                                     const ApiRequest& request) {
  const auto options = read_options(request, *kind);
  if (!options) return refuse(options.error());
  std::unique_lock lock(world.mutex);
  if (options->version)
    if (const auto there = reach(world, lock, *options->version); !there)
      return refuse(there.error());
  std::uint64_t revision = 0;
  const auto objects = objects_at(world, *kind, *options, revision);
  if (!objects) {
    auto error = objects.error();
    auto status = status_of(error);
    if (!error.name.empty()) {
      // The way on is in the metadata of the Status.
      status["metadata"]["continue"] = error.name;
      status.erase("details");
    }
    return json_response(error.code, status);
  }
  const auto page = page_of(*objects, *kind, request, *options);
  const auto now = world.clock.now();
  lock.unlock();
  const auto metadata = list_metadata(page, *options, revision);
  if (request.view == View::Table) {
    auto table = table_of(*kind, request, page.objects, now);
    table["metadata"] = metadata;
    return json_response(200, table);
  }
  const bool partial = request.view == View::MetadataOnly;
  json list = {{"apiVersion", partial ? "meta.k8s.io/v1" : kind->api_version()},
               {"kind", partial ? "PartialObjectMetadataList" : kind->kind + "List"},
               {"metadata", metadata},
               {"items", json::array()}};
  for (const auto& object : page.objects) {
    auto item = shown(*kind, request, *object, now);
    // The typed lists of the built-in kinds say what they hold once.
    if (!kind->custom && !partial) {
      item.erase("kind");
      item.erase("apiVersion");
    }
    list["items"].push_back(std::move(item));
  }
  return json_response(200, list);
}

Outcome<ServerResponse> get_object(WorldParts& world, const Kind& kind, const ApiRequest& request) {
  std::unique_lock lock(world.mutex);
  const auto version = request.parameter("resourceVersion");
  if (!version.empty()) {
    const auto number = read_number(version);
    if (!number) return refuse(malformed_version(version));
    if (const auto there = reach(world, lock, *number); !there) return refuse(there.error());
  }
  const auto object = world.store.find(kind.storage(), object_key(request.ns, request.name));
  if (!object) return refuse(not_found(kind, request.name));
  return json_response(200, shown(kind, request, *object, world.clock.now()));
}

json shown(const Kind& kind, const ApiRequest& request, const json& stored, Instant now) {
  switch (request.view) {
    case View::Whole: return wire_form(kind, stored);
    case View::MetadataOnly:
      return {{"apiVersion", "meta.k8s.io/v1"},
              {"kind", "PartialObjectMetadata"},
              {"metadata", stored.at("metadata")}};
    case View::Table: break;
  }
  auto table = table_of(kind, request, {std::make_shared<const json>(stored)}, now);
  table["metadata"] = {{"resourceVersion", stored["metadata"].value("resourceVersion", "")}};
  return table;
}

ServerResponse json_response(int status, const json& body) {
  return {.status = status,
          .body = body.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"};
}

}  // namespace poolscaler::simulation
