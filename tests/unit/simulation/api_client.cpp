#include "unit/simulation/api_client.hpp"

namespace poolscaler::simulation {

using nlohmann::json;

namespace {

/// Takes what a watch writes, and has enough after some lines.
class Lines final : public ResponseStream {
 public:
  explicit Lines(std::size_t wanted) : wanted_(wanted) {}
  bool write(std::string_view piece) override {
    text_ += piece;
    for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
      events.push_back(json::parse(text_.substr(0, end)));
      text_.erase(0, end + 1);
    }
    return events.size() < wanted_;
  }
  bool wait(std::chrono::milliseconds) override { return events.size() < wanted_; }

  std::vector<json> events;

 private:
  std::size_t wanted_;
  std::string text_;
};

}  // namespace

ServerRequest ApiClient::request(const std::string& method, const std::string& target) const {
  const auto mark = target.find('?');
  ServerRequest made{.method = method, .path = target.substr(0, mark)};
  if (mark != std::string::npos) made.query = target.substr(mark + 1);
  made.headers["user-agent"] = agent + "/1.0";
  if (!token.empty()) made.headers["authorization"] = "Bearer " + token;
  return made;
}

Answer ApiClient::send(const ServerRequest& sent) {
  const auto response = server_.handle(sent);
  auto body = json::parse(response.body, nullptr, false);
  if (body.is_discarded()) body = json(response.body);
  return {.status = response.status, .body = std::move(body), .headers = response.headers};
}

Answer ApiClient::get(const std::string& target, const std::string& accept) {
  auto sent = request("GET", target);
  if (!accept.empty()) sent.headers["accept"] = accept;
  return send(sent);
}

Answer ApiClient::post(const std::string& target, const json& body) {
  auto sent = request("POST", target);
  sent.headers["content-type"] = "application/json";
  sent.body = body.dump();
  return send(sent);
}

Answer ApiClient::put(const std::string& target, const json& body) {
  auto sent = request("PUT", target);
  sent.headers["content-type"] = "application/json";
  sent.body = body.dump();
  return send(sent);
}

Answer ApiClient::patch(const std::string& target, const json& body, const std::string& type) {
  auto sent = request("PATCH", target);
  sent.headers["content-type"] = type;
  sent.body = body.dump();
  return send(sent);
}

Answer ApiClient::merge(const std::string& target, const json& body) {
  return patch(target, body, "application/merge-patch+json");
}

Answer ApiClient::strategic(const std::string& target, const json& body) {
  return patch(target, body, "application/strategic-merge-patch+json");
}

Answer ApiClient::apply(const std::string& target, const std::string& manager, const json& object,
                        bool force) {
  return patch(target + "?fieldManager=" + manager + (force ? "&force=true" : ""), object,
               "application/apply-patch+yaml");
}

Answer ApiClient::remove(const std::string& target, const json& options) {
  auto sent = request("DELETE", target);
  if (!options.is_null()) sent.body = options.dump();
  return send(sent);
}

std::vector<json> ApiClient::watch(const std::string& target, std::size_t count) {
  const auto response = server_.handle(request("GET", target));
  if (!response.stream) return {json::parse(response.body)};
  Lines lines(count);
  response.stream(lines);
  return lines.events;
}

json a_deployment(const std::string& name, int replicas, int accelerators) {
  json container = {{"name", "main"}, {"image", "web:1"}};
  if (accelerators > 0)
    container["resources"]["limits"]["nvidia.com/gpu"] = std::to_string(accelerators);
  const json labels = {{"app", name}};
  return {{"metadata", {{"name", name}}},
          {"spec",
           {{"replicas", replicas},
            {"selector", {{"matchLabels", labels}}},
            {"template",
             {{"metadata", {{"labels", labels}}},
              {"spec", {{"containers", json::array({container})}}}}}}}};
}

json a_policy(const std::string& name) {
  const json signal = {{"name", "queue"},
                       {"metricSourceRef", {{"name", "prometheus"}}},
                       {"metric", {{"name", "queue_depth"}}},
                       {"target", {{"type", "PerReplica"}, {"value", 10}}}};
  return {{"apiVersion", "poolscaler.dev/v1alpha1"},
          {"kind", "ScalingPolicy"},
          {"metadata", {{"name", name}}},
          {"spec",
           {{"scaleTargetRef", {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", name}}},
            {"maxReplicas", 5},
            {"signals", json::array({signal})}}}};
}

}  // namespace poolscaler::simulation
