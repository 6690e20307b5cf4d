// A client of the API server without sockets: requests as values, watches read to where they are.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "poolscaler/simulation/api_server.hpp"

namespace poolscaler::simulation {

struct Answer {
  int status;
  nlohmann::json body;
  std::map<std::string, std::string> headers{};
};

class ApiClient {
 public:
  explicit ApiClient(ApiServer& server) : server_(server) {}

  Answer get(const std::string& target, const std::string& accept = {});
  Answer post(const std::string& target, const nlohmann::json& body);
  Answer put(const std::string& target, const nlohmann::json& body);
  Answer merge(const std::string& target, const nlohmann::json& patch);
  Answer strategic(const std::string& target, const nlohmann::json& patch);
  Answer patch(const std::string& target, const nlohmann::json& patch, const std::string& type);
  /// Server-side apply.
  Answer apply(const std::string& target, const std::string& manager, const nlohmann::json& object,
               bool force = false);
  Answer remove(const std::string& target, const nlohmann::json& options = {});
  /// The first `count` events; fewer when the watch ends before.
  std::vector<nlohmann::json> watch(const std::string& target, std::size_t count);

  std::string token{};
  std::string agent = "test";

 private:
  ServerRequest request(const std::string& method, const std::string& target) const;
  Answer send(const ServerRequest& request);

  ApiServer& server_;
};

/// A Deployment of one container that asks for `accelerators`.
[[nodiscard]] nlohmann::json a_deployment(const std::string& name, int replicas,
                                          int accelerators = 0);
[[nodiscard]] nlohmann::json a_policy(const std::string& name);

inline const std::string deployments = "/apis/apps/v1/namespaces/default/deployments";
inline const std::string pods = "/api/v1/namespaces/default/pods";
inline const std::string configmaps = "/api/v1/namespaces/default/configmaps";
inline const std::string policies =
    "/apis/poolscaler.dev/v1alpha1/namespaces/default/scalingpolicies";

}  // namespace poolscaler::simulation
