#include "poolscaler/simulation/sandbox.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster_hand.hpp"
#include "examples.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"
#include "poolscaler/money/integral.hpp"
#include "story_plan.hpp"
#include "world.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

constexpr Millis sample_period{1000};
constexpr unsigned connections_max = 256;
constexpr std::size_t request_bytes_max = 4u << 20;

SeriesLabels series(std::string_view metric) {
  return {{"__name__", std::string(metric)},
          {"namespace", std::string(example_namespace)},
          {std::string(model_label), std::string(example_name)}};
}

std::string origin_of(const HttpServer& server) {
  return fmt::format("http://127.0.0.1:{}", server.port());
}

int count_if_pod(const WorldParts& world, bool (*counts)(const json&)) {
  const auto prefix = std::string(example_namespace) + "/" + std::string(example_name) + "-";
  int count = 0;
  for (const auto& [key, pod] : world.store.all("pods"))
    if (key.starts_with(prefix) && counts(*pod)) ++count;
  return count;
}

/// Of the node group.
bool is_of_group(const json& node) {
  return member(node, "metadata", "annotations", "cluster.x-k8s.io/machine") != nullptr;
}

int count_nodes(const WorldParts& world) {
  int count = 0;
  for (const auto& [name, node] : world.store.all("nodes")) count += is_of_group(*node) ? 1 : 0;
  return count;
}

/// What the signals ask for, and whether a budget has no room for it, as the policy's status says.
void read_wish(const json& policy, SandboxView& view) {
  for (const auto& signal : at_or(policy, {"status", "signals"}, json::array()))
    view.wanted = std::max(view.wanted, signal.value("replicas", 0));
  const auto limited = condition_of(policy, "Limited");
  view.capped = limited.is_object() && limited.value("status", "") == "True" &&
                limited.value("reason", "") == "CappedByBudget";
}

void read_nodes(const WorldParts& world, SandboxView& view) {
  const auto key = object_key(std::string(example_clusters), std::string(example_group));
  if (const auto group = world.store.find("machinedeployments.cluster.x-k8s.io", key))
    view.nodes_asked = at_or(*group, {"spec", "replicas"}, 0).get<int>();
  view.nodes = count_nodes(world);
  for (const auto& [name, node] : world.store.all("nodes"))
    if (is_of_group(*node) && is_ready(*node)) ++view.nodes_ready;
  view.hourly = example_node_price * view.nodes;
  view.cap = example_cap;
}

}  // namespace

struct Sandbox::Parts {
  Parts(SandboxOptions options, const Clock& the_clock)
      : clock(the_clock),
        start(the_clock.now()),
        api(options.api, the_clock),
        metrics(the_clock),
        cluster(options.cluster, api, start),
        load(options.load, start) {}

  Result<void> serve(const SandboxOptions& options, const StartServer& start_server) {
    auto metrics_up = start_server({.port = options.metrics_port}, metrics.handler());
    if (!metrics_up) return fail(metrics_up.error().context("serving the metrics"));
    metrics_server = std::move(*metrics_up);
    if (auto made = make_examples(options.api.bearer_token); !made) return made;
    auto api_up = start_server({.port = options.api_port,
                                .connections_max = connections_max,
                                .connections_per_peer_max = connections_max,
                                .idle_limit = Seconds(60),
                                .body_bytes_max = request_bytes_max},
                               api.handler());
    if (!api_up) return fail(api_up.error().context("serving the API"));
    api_server = std::move(*api_up);
    return {};
  }

  Result<void> make_examples(const std::string& token) {
    for (const auto& [path, object] : examples(origin_of(*metrics_server))) {
      ServerRequest request{.method = "POST", .path = path};
      request.headers["user-agent"] = "sandbox";
      request.headers["authorization"] = "Bearer " + token;
      request.body = object;
      const auto response = api.handle(request);
      if (response.status != 201)
        return fail(ErrorKind::Internal, fmt::format("making the examples at {}: {}", path,
                                                     capped(response.body, 500)));
    }
    return {};
  }

  /// A scrape: what the exporter of the model server would say now.
  void sample(Instant now) {
    if (last_sample && now - *last_sample < sample_period) return;
    last_sample = now;
    const auto guard = std::scoped_lock(mutex);
    metrics.put(series(waiting_metric), now, std::ceil(load.waiting()));
    metrics.put(series(running_metric), now,
                std::round(load.busy_replicas() * slots_per_replica));
  }

  const Clock& clock;
  const Instant start;
  ApiServer api;
  MetricStore metrics;
  SimulatedCluster cluster;
  std::mutex mutex;  // guards the load and what follows from it
  Load load;
  std::optional<Instant> last_sample{};
  Instant metered_to = start;
  money::Integral spent{};
  std::unique_ptr<HttpServer> metrics_server{};
  std::unique_ptr<HttpServer> api_server{};
};

Sandbox::Sandbox(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Sandbox::~Sandbox() {
  parts_->api_server.reset();
  parts_->metrics_server.reset();
}

Result<std::unique_ptr<Sandbox>> Sandbox::create(SandboxOptions options, const StartServer& start,
                                                 const Clock& clock) {
  auto parts = std::make_unique<Parts>(options, clock);
  if (auto served = parts->serve(options, start); !served) return fail(served.error());
  std::unique_ptr<Sandbox> sandbox(new Sandbox(std::move(parts)));
  sandbox->advance();
  return sandbox;
}

std::string Sandbox::api_origin() const { return origin_of(*parts_->api_server); }
std::string Sandbox::metrics_origin() const { return origin_of(*parts_->metrics_server); }
ApiServer& Sandbox::api() { return parts_->api; }
MetricStore& Sandbox::metrics() { return parts_->metrics; }

std::string Sandbox::kubeconfig() const {
  const auto token = parts_->api.parts().options.bearer_token;
  return fmt::format(
      "apiVersion: v1\n"
      "kind: Config\n"
      "clusters:\n"
      "- name: sandbox\n"
      "  cluster:\n"
      "    server: {}\n"
      "users:\n"
      "- name: sandbox\n"
      "  user: {}\n"
      "contexts:\n"
      "- name: sandbox\n"
      "  context:\n"
      "    cluster: sandbox\n"
      "    user: sandbox\n"
      "    namespace: {}\n"
      "current-context: sandbox\n",
      api_origin(), token.empty() ? "{}" : fmt::format("{{token: \"{}\"}}", token),
      example_namespace);
}

void Sandbox::advance() {
  const auto now = parts_->clock.now();
  parts_->cluster.advance(now);
  int ready = 0;
  int nodes = 0;
  {
    auto& world = parts_->api.parts();
    const std::scoped_lock lock(world.mutex);
    nodes = count_nodes(world);
    ready = count_if_pod(world, [](const json& pod) { return is_ready(pod) && !is_deleting(pod); });
  }
  double busy = 0;
  {
    const std::scoped_lock lock(parts_->mutex);
    parts_->spent.add(example_node_price * nodes,
                      std::max(now - parts_->metered_to, Millis{0}));
    parts_->metered_to = now;
    parts_->load.advance(now, ready);
    busy = parts_->load.busy_replicas() / std::max(ready, 1);
  }
  {
    auto& world = parts_->api.parts();
    const std::scoped_lock lock(world.mutex);
    world.busy[object_key(std::string(example_namespace), std::string(example_name))] =
        std::min(busy, 1.0);
  }
  parts_->sample(now);
}

void Sandbox::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    advance();
    parts_->clock.sleep_for(step_period, stop);
  }
}

SandboxView Sandbox::view() const {
  SandboxView view;
  const auto now = parts_->clock.now();
  view.since_start = now - parts_->start;
  {
    const std::scoped_lock lock(parts_->mutex);
    view.arriving_per_second = parts_->load.rate_at(now);
    view.waiting = parts_->load.waiting();
    view.load_ended = parts_->load.ended(now);
    view.spent = parts_->spent.rounded_down();
  }
  const auto& world = parts_->api.parts();
  const std::scoped_lock lock(world.mutex);
  const auto key = object_key(std::string(example_namespace), std::string(example_name));
  if (const auto deployment = world.store.find("deployments.apps", key))
    view.asked = at_or(*deployment, {"spec", "replicas"}, 1).get<int>();
  if (const auto policy = world.store.find("scalingpolicies.poolscaler.dev", key)) {
    view.reason = at_or(*policy, {"status", "lastDecision", "reason"}, "").get<std::string>();
    view.message = at_or(*policy, {"status", "lastDecision", "message"}, "").get<std::string>();
    read_wish(*policy, view);
  }
  read_nodes(world, view);
  view.pods = count_if_pod(world, [](const json& pod) { return !is_deleting(pod); });
  view.ready =
      count_if_pod(world, [](const json& pod) { return is_ready(pod) && !is_deleting(pod); });
  return view;
}

}  // namespace poolscaler::simulation
