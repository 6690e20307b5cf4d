#include "admin.hpp"

#include <fmt/format.h>

namespace poolscaler::app {
namespace {

ServerResponse text_page(int status, std::string body) {
  ServerResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

ServerResponse metrics_page(const std::string& text) {
  auto response = text_page(200, text);
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

ServerResponse readiness(const std::vector<controllers::SyncState>& states,
                         const std::string& lease_trouble) {
  std::string missing;
  if (!lease_trouble.empty()) missing = fmt::format("lease: {}\n", lease_trouble);
  for (const auto& state : states) {
    // A kind of target that cannot be listed is trouble of its policies, not of the operator.
    if (state.is_target_kind || (state.synced && !state.not_installed)) continue;
    missing += fmt::format("{}: {}\n", state.resource,
                           state.error.empty() ? "not listed yet" : state.error);
  }
  if (states.empty()) missing += "nothing is watched yet\n";
  return missing.empty() ? text_page(200, "ok\n") : text_page(503, "not ready\n" + missing);
}

ServerResponse health(const std::string& trouble) {
  return trouble.empty() ? text_page(200, "ok\n") : text_page(503, trouble + "\n");
}

}  // namespace

HttpHandler admin_handler(AdminPages pages) {
  return [pages = std::move(pages)](const ServerRequest& request) {
    if (request.method != "GET" && request.method != "HEAD")
      return text_page(405, "only GET is served here\n");
    if (request.path == "/metrics") return metrics_page(pages.metrics());
    if (request.path == "/readyz")
      return readiness(pages.sync_states(), pages.lease_trouble());
    if (request.path == "/healthz") return health(pages.trouble());
    return text_page(404, "there are /metrics, /healthz and /readyz\n");
  };
}

}  // namespace poolscaler::app
