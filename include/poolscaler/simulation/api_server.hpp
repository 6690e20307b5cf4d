// ApiServer: a Kubernetes-like API server in memory, spoken to over real HTTP by kubectl, by this
// operator and by tests.
//
// It keeps what clients build on: one global revision, optimistic concurrency, UID and
// resourceVersion preconditions, generation, status and scale subresources, lists in consistent
// pages, watches with bookmarks and 410, field validation, patches of all four kinds, finalizers,
// discovery, OpenAPI and tables. It refuses what it does not know with the Status a real server
// would send. It has no TLS, no RBAC, no webhooks, and no CEL: object-level rules are those of the
// api room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/ports/http_server.hpp"

namespace poolscaler::simulation {

struct ApiServerOptions {
  /// When set, a request without "Authorization: Bearer <token>" gets 401.
  std::string bearer_token{};
  std::size_t objects_max = 20'000;
  /// Watch events kept per resource; a watch from before them gets 410.
  std::size_t history_max = 1000;
  /// How long a list from a future resourceVersion waits before its 504.
  Millis future_version_wait{3000};
  /// Between bookmarks of a watch that allows them.
  Millis bookmark_period{60'000};
  /// False: sendInitialEvents gets 200 and an ERROR in the stream, as with an old etcd.
  bool watch_lists = true;
  /// True: our CRDs are there from the start.
  bool install_crds = true;
  /// UIDs and generated names follow from it.
  std::uint64_t seed = 1;
};

/// Something that goes wrong on purpose, for tests. Empty strings match everything.
struct Fault {
  std::string verb{};      // get, list, watch, create, update, patch, delete
  std::string resource{};  // "deployments", "deployments/scale", "scalingpolicies/status"
  int times = 1;
  int status = 500;        // 0: the request is only delayed
  int retry_after_seconds = 0;
  Millis delay{0};
  bool after_execution = false;  // the request is executed, its answer is lost
};

struct WorldParts;

/// Thread-safe.
class ApiServer {
 public:
  ApiServer(ApiServerOptions options, const Clock& clock);
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;
  ~ApiServer();

  [[nodiscard]] ServerResponse handle(const ServerRequest& request);
  /// handle() as a handler; the server must outlive it.
  [[nodiscard]] HttpHandler handler();

  /// Takes effect for the requests that come next; faults are used up in the order of injection.
  void inject(Fault fault);
  void clear_faults();
  /// Ends every open watch; `properly` or by cutting the body.
  void drop_watches(bool properly);
  /// Forgets the history: every watch from before now gets 410, in the stream where one is open.
  void compact();
  void use_token(std::string bearer_token);

  /// Requests so far by "verb resource", such as "patch deployments/scale".
  [[nodiscard]] std::map<std::string, std::uint64_t> request_counts() const;

  /// For the other parts of this room.
  [[nodiscard]] WorldParts& parts() { return *parts_; }

 private:
  std::unique_ptr<WorldParts> parts_;
};

}  // namespace poolscaler::simulation
