#include "contract/sandbox_server.hpp"

#include "poolscaler/adapters/http/server.hpp"
#include "poolscaler/base/clock.hpp"
#include "poolscaler/simulation/api_server.hpp"

namespace poolscaler::contract {
namespace {

constexpr const char* token = "contract-token";

// The recordings are of a server whose etcd cannot stream lists; bookmarks come when they come.
simulation::ApiServerOptions options() {
  return {.bearer_token = token, .bookmark_period = Millis(500), .watch_lists = false};
}

}  // namespace

struct SandboxServer::Parts {
  simulation::ApiServer api{options(), system_clock()};
  std::unique_ptr<HttpServer> listener{};
};

SandboxServer::SandboxServer() : parts_(std::make_unique<Parts>()) {
  auto listener = adapters::start_http_server({.body_bytes_max = 4u << 20}, parts_->api.handler());
  if (listener) parts_->listener = std::move(*listener);
}

SandboxServer::~SandboxServer() { parts_->listener.reset(); }

Server SandboxServer::server() {
  return {.endpoint = {.port = parts_->listener ? parts_->listener->port() : std::uint16_t{0}},
          .token = token,
          .compact = [this] { parts_->api.compact(); }};
}

}  // namespace poolscaler::contract
