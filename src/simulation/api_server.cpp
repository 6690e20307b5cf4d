#include "poolscaler/simulation/api_server.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "api_request.hpp"
#include "discovery.hpp"
#include "evictions.hpp"
#include "pod_usage.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/base/text.hpp"
#include "reads.hpp"
#include "scale_subresource.hpp"
#include "world.hpp"
#include "writes.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

constexpr std::string_view version_text = "v1.37.2";

ServerResponse plain(int status, std::string text) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(text)};
}

std::string_view warning_safe(std::string& text) {
  std::erase_if(text, [](char c) { return c == '\\' || c == '\n' || c == '\r'; });
  std::string quoted;
  for (const char c : text) quoted += c == '"' ? std::string("\\\"") : std::string(1, c);
  text = std::move(quoted);
  return text;
}

ServerResponse answer_of(const Kind& kind, const ApiRequest& request, const Written& written,
                         Instant now) {
  ServerResponse response;
  if (written.removed) {
    const auto& metadata = written.object->at("metadata");
    json details = {{"name", metadata.value("name", "")},
                    {"kind", kind.plural},
                    {"uid", metadata.value("uid", "")}};
    if (!kind.group.empty()) details["group"] = kind.group;
    response = json_response(200, {{"kind", "Status"},
                                   {"apiVersion", "v1"},
                                   {"metadata", json::object()},
                                   {"status", "Success"},
                                   {"details", std::move(details)}});
  } else {
    response = json_response(written.code, shown(kind, request, *written.object, now));
  }
  std::string warnings;
  for (auto text : written.warnings)
    warnings += fmt::format("{}299 - \"{}\"", warnings.empty() ? "" : ", ", warning_safe(text));
  if (!warnings.empty()) response.headers["Warning"] = warnings;
  return response;
}

Outcome<ServerResponse> removed_list(WorldParts& world, const Kind& kind,
                                     const ApiRequest& request) {
  const auto removed = remove_all(world, kind, request);
  if (!removed) return refuse(removed.error());
  json list = {{"apiVersion", kind.api_version()},
               {"kind", kind.kind + "List"},
               {"metadata", {{"resourceVersion", std::to_string(world.store.revision())}}},
               {"items", json::array()}};
  for (const auto& object : *removed) list["items"].push_back(wire_form(kind, *object));
  return json_response(200, list);
}

/// What changes something, and scales: under the lock as a whole.
Outcome<ServerResponse> serve_locked(WorldParts& world, const Kind& kind,
                                     const ApiRequest& request) {
  const auto& sub = request.subresource;
  if (sub == "scale" && kind.scale) return serve_scale(world, kind, request);
  if (sub == "eviction" && kind.kind == "Pod") return serve_eviction(world, kind, request);
  const bool known = sub.empty() || (sub == "status" && kind.has_status) ||
                     (sub == "finalize" && kind.kind == "Namespace");
  if (!known && kind.custom) return refuse(not_found(kind, request.name));
  if (!known && kind.kind == "Pod")
    return refuse(bad_request(
        fmt::format("the sandbox has no containers, so a pod has no '{}'; what the operator does "
                    "is in `kubectl get events` and in the sandbox's own log",
                    sub)));
  if (!known)
    return refuse({.code = 404,
                   .reason = "NotFound",
                   .message = "the server could not find the requested resource"});
  const auto written = [&](Outcome<Written> outcome) -> Outcome<ServerResponse> {
    if (!outcome) return refuse(outcome.error());
    return answer_of(kind, request, *outcome, world.clock.now());
  };
  switch (request.verb) {
    case Verb::Create:
      if (!request.name.empty()) return refuse(method_not_allowed());
      return written(create(world, kind, request));
    case Verb::Update:
    case Verb::Patch:
      if (request.name.empty()) return refuse(method_not_allowed());
      return written(update(world, kind, request));
    case Verb::Delete:
      if (!sub.empty()) return refuse(method_not_allowed());
      return written(remove(world, kind, request));
    case Verb::DeleteCollection: return removed_list(world, kind, request);
    case Verb::Get:
    case Verb::List:
    case Verb::Watch: break;
  }
  return refuse(method_not_allowed());
}

bool matches(const Fault& fault, const ApiRequest& request) {
  return (fault.verb.empty() || fault.verb == name_of(request.verb)) &&
         (fault.resource.empty() || fault.resource == request.resource_path());
}

ServerResponse fault_response(const Fault& fault) {
  const bool throttled = fault.status == 429;
  return response_of({.code = fault.status,
                      .reason = throttled ? "TooManyRequests" : "InternalError",
                      .message = throttled ? "Too many requests, please try again later."
                                           : "injected fault",
                      .retry_after_seconds = fault.retry_after_seconds});
}

class Dispatcher {
 public:
  explicit Dispatcher(WorldParts& world) : world_(world) {}

  ServerResponse serve(const ServerRequest& request) {
    if (auto simple = serve_simple(request)) return std::move(*simple);
    if (!authenticated(request)) {
      return response_of({.code = 401, .reason = "Unauthorized", .message = "Unauthorized"});
    }
    const auto parsed = read_api_request(request);
    if (!parsed || !*parsed || (*parsed)->resource.empty()) return serve_document(request, parsed);
    return serve_resource(request, **parsed);
  }

 private:
  static std::optional<ServerResponse> serve_simple(const ServerRequest& request) {
    const auto& path = request.path;
    for (const auto* probe : {"/healthz", "/livez", "/readyz"})
      if (path == probe) return plain(200, "ok");
    if (path != "/version") return std::nullopt;
    return json_response(200, {{"major", "1"},
                               {"minor", "37"},
                               {"gitVersion", version_text},
                               {"gitCommit", "sandbox"},
                               {"gitTreeState", "clean"},
                               {"buildDate", "1970-01-01T00:00:00Z"},
                               {"goVersion", "none"},
                               {"compiler", "none"},
                               {"platform", "linux/amd64"}});
  }

  bool authenticated(const ServerRequest& request) const {
    const std::scoped_lock lock(world_.mutex);
    const auto& token = world_.options.bearer_token;
    if (token.empty()) return true;
    const auto header = request.headers.find("authorization");
    return header != request.headers.end() && header->second == "Bearer " + token;
  }

  ServerResponse serve_document(const ServerRequest& request,
                                const std::optional<Outcome<ApiRequest>>& parsed) const {
    if (parsed && !*parsed) return response_of(parsed->error());
    const std::scoped_lock lock(world_.mutex);
    if (request.method == "GET" || request.method == "HEAD")
      if (auto document = serve_discovery(world_.catalog, request)) return std::move(*document);
    return serve_nothing(world_.catalog, request);
  }

  std::optional<Fault> next_fault(const ApiRequest& request) {
    const std::scoped_lock lock(world_.mutex);
    ++world_.counts[fmt::format("{} {}", name_of(request.verb), request.resource_path())];
    auto& faults = world_.faults;
    const auto found = std::ranges::find_if(
        faults, [&](const Fault& fault) { return matches(fault, request); });
    if (found == faults.end()) return std::nullopt;
    auto fault = *found;
    if (--found->times <= 0) faults.erase(found);
    return fault;
  }

  ServerResponse serve_resource(const ServerRequest& sent, const ApiRequest& request) {
    KindRef kind;
    {
      const std::scoped_lock lock(world_.mutex);
      kind = world_.catalog.find(request.group, request.version, request.resource);
      if (!kind) return serve_nothing(world_.catalog, sent);
    }
    const auto fault = next_fault(request);
    if (fault && fault->delay.count() > 0) world_.clock.sleep_for(fault->delay, {});
    const bool fails = fault && fault->status != 0;
    if (fails && !fault->after_execution) return fault_response(*fault);
    auto response = execute(kind, request);
    return fails ? fault_response(*fault) : response;
  }

  ServerResponse execute(const KindRef& kind, const ApiRequest& request) {
    const auto outcome = [&]() -> Outcome<ServerResponse> {
      try {
        if (kind->read_only) return serve_pod_metrics(world_, kind, request);
        if (request.verb == Verb::List) return list_objects(world_, kind, request);
        if (request.verb == Verb::Watch) return watch_objects(world_, kind, request);
        const bool is_plain = request.subresource.empty() || request.subresource == "status";
        if (request.verb == Verb::Get && is_plain) return get_object(world_, *kind, request);
        const std::scoped_lock lock(world_.mutex);
        const auto before = world_.store.revision();
        auto served = serve_locked(world_, *kind, request);
        if (world_.store.revision() != before) world_.changed.notify_all();
        return served;
      } catch (const json::exception& problem) {
        // A field of another type than a client ever sends.
        return refuse(bad_request(
            fmt::format("the object cannot be handled: {}", escaped(capped(problem.what(), 300)))));
      }
    }();
    return outcome ? *outcome : response_of(outcome.error());
  }

  WorldParts& world_;
};

void add_namespace(WorldParts& world, const char* name) {
  ServerRequest request{.method = "POST", .path = "/api/v1/namespaces"};
  request.body = json{{"metadata", {{"name", name}}}}.dump();
  (void)Dispatcher(world).serve(request);
}

void add_definition(WorldParts& world, api::Kind kind) {
  ServerRequest request{.method = "POST",
                        .path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"};
  request.body = api::crd_json(kind).dump();
  (void)Dispatcher(world).serve(request);
}

}  // namespace

ApiServer::ApiServer(ApiServerOptions options, const Clock& clock)
    : parts_(std::make_unique<WorldParts>(ApiServerOptions(options), clock)) {
  parts_->options.bearer_token.clear();
  for (const auto* name : {"default", "kube-node-lease", "kube-public", "kube-system"})
    add_namespace(*parts_, name);
  if (options.install_crds)
    for (const auto kind : api::all_kinds)
      add_definition(*parts_, kind);
  parts_->options.bearer_token = options.bearer_token;
  parts_->counts.clear();
}

ApiServer::~ApiServer() = default;

ServerResponse ApiServer::handle(const ServerRequest& request) {
  return Dispatcher(*parts_).serve(request);
}

HttpHandler ApiServer::handler() {
  return [this](const ServerRequest& request) { return handle(request); };
}

void ApiServer::inject(Fault fault) {
  const std::scoped_lock lock(parts_->mutex);
  if (fault.times > 0) parts_->faults.push_back(std::move(fault));
}

void ApiServer::clear_faults() {
  const std::scoped_lock lock(parts_->mutex);
  parts_->faults.clear();
}

void ApiServer::drop_watches(bool properly) {
  {
    const std::scoped_lock lock(parts_->mutex);
    ++parts_->watch_epoch;
    parts_->watches_end_properly = properly;
  }
  parts_->changed.notify_all();
}

void ApiServer::compact() {
  {
    const std::scoped_lock lock(parts_->mutex);
    parts_->store.compact();
  }
  parts_->changed.notify_all();
}

void ApiServer::use_token(std::string bearer_token) {
  const std::scoped_lock lock(parts_->mutex);
  parts_->options.bearer_token = std::move(bearer_token);
}

std::map<std::string, std::uint64_t> ApiServer::request_counts() const {
  const std::scoped_lock lock(parts_->mutex);
  return parts_->counts;
}

}  // namespace poolscaler::simulation
