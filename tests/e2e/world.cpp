#include "e2e/world.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "support/checkout.hpp"

namespace poolscaler::e2e {
namespace {

std::unique_ptr<World> the_world;

// Ended before static objects go, so that every child process is waited for.
class RealParts : public ::testing::Environment {
 public:
  void TearDown() override { the_world.reset(); }
};
const auto* const real_parts = ::testing::AddGlobalTestEnvironment(new RealParts);

rig::fs::path source(const std::string& path) {
  return in_checkout(path);
}

rig::Command command_of(const OperatorOptions& options, std::uint16_t port,
                        const rig::fs::path& log) {
  auto& world = World::get();
  const auto server = options.server.empty() ? world.api_proxy().url() : options.server;
  const auto kubeconfig =
      options.kubeconfig.empty()
          ? world.cluster().service_account_kubeconfig(system_ns, "poolscaler", server)
          : options.kubeconfig;
  rig::Command command{.argv = {POOLSCALER_BINARY, "run", "--kubeconfig", kubeconfig.string(),
                                "--listen-address", "127.0.0.1:" + std::to_string(port),
                                "--lease-namespace", options.lease_ns,
                                "--identity", options.identity,
                                "--leader-elect", options.leader_elect ? "true" : "false",
                                "--credentials-dir", world.cluster().folder().string(),
                                "--log-format", "json"},
                       .output = log};
  command.argv.insert(command.argv.end(), options.flags.begin(), options.flags.end());
  return command;
}

rig::fs::path next_log() {
  static int number = 0;
  return World::get().cluster().folder() / ("operator-" + std::to_string(++number) + ".log");
}

json node(int number) {
  return {{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata", {{"name", "gpu-" + std::to_string(number)}, {"labels", {{"type", "kwok"}}}}},
          {"status",
           {{"capacity",
             {{"cpu", "64"}, {"memory", "512Gi"}, {"pods", "110"}, {"nvidia.com/gpu", "8"}}},
            {"allocatable",
             {{"cpu", "64"}, {"memory", "512Gi"}, {"pods", "110"}, {"nvidia.com/gpu", "8"}}}}}};
}

}  // namespace

std::string World::why_unavailable() {
  for (const auto& why : {rig::ControlPlane::why_unavailable(
                              {"kube-controller-manager", "kube-scheduler", "kwok"}),
                          rig::PrometheusServer::why_unavailable()})
    if (!why.empty()) return why;
  return {};
}

World& World::get() {
  if (the_world == nullptr) the_world.reset(new World);
  return *the_world;
}

void World::end() { the_world.reset(); }

World::World()
    : cluster_({.controller_manager = true, .scheduler = true, .kwok = true}),
      prometheus_(load_.port()),
      metrics_proxy_(prometheus_.endpoint()),
      api_proxy_(cluster_.endpoint()) {
  for (int i = 1; i <= 4; ++i) cluster_.apply(node(i).dump());
  cluster_.apply(rig::read_file(source("deploy/poolscaler.yaml")));
  const bool is_served = rig::eventually(Ms{20'000}, [&] {
    return cluster_.request("GET", "/apis/poolscaler.dev/v1alpha1/metricsources").status == 200;
  });
  if (!is_served) throw std::runtime_error("the API server does not serve our kinds");
  make_source();
}

void World::make_source() {
  cluster_.apply(json{{"apiVersion", "poolscaler.dev/v1alpha1"},
                      {"kind", "MetricSource"},
                      {"metadata", {{"name", "rig"}}},
                      {"spec", {{"url", metrics_proxy_.url()}, {"timeoutSeconds", 2}}}}
                     .dump());
}

Operator::Operator(const OperatorOptions& options)
    : port_(rig::free_port()), log_(next_log()), process_(command_of(options, port_, log_)) {}

bool Operator::ready() const { return page("/readyz").status == 200; }

rig::RawResponse Operator::page(const std::string& path) const {
  return rig::exchange({.port = port_}, {.target = path}, Ms{1000});
}

std::string Operator::metrics_page() const {
  return rig::exchange({.port = port_}, {.target = "/metrics"}, Ms{2000}).body;
}

double Operator::metric(const std::string& series) const {
  std::istringstream lines(metrics_page());
  for (std::string line; std::getline(lines, line);)
    if (line.rfind(series, 0) == 0) return std::stod(line.substr(line.rfind(' ') + 1));
  return 0;
}

void Case::SetUp() {
  if (const auto why = World::why_unavailable(); !why.empty()) {
    ASSERT_NE(rig::environment("CI"), "true") << why;
    GTEST_SKIP() << why;
  }
  static int number = 0;
  ns_ = "case-" + std::to_string(++number);
  make({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", ns_}}}});
  world().api_proxy().forget_requests();
}

void Case::TearDown() {
  if (ns_.empty()) return;
  if (HasFailure())
    for (const auto& each : operators_)
      std::cerr << "--- log of the operator\n" << each->log() << "---\n";
  operators_.clear();
  world().api_proxy().set_rule(nullptr);
  world().metrics_proxy().set_rule(nullptr);
  world().load().clear();
  cluster().request("DELETE", policies());
  for (const auto* kind : {"deployments", "statefulsets"}) cluster().request("DELETE", apps(kind));
}

rig::Finished Case::poolscaler(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), POOLSCALER_BINARY);
  return rig::run(arguments);
}

Operator& Case::launch_operator(const OperatorOptions& options) {
  operators_.push_back(std::make_unique<Operator>(options));
  return *operators_.back();
}

Operator& Case::start_operator(const OperatorOptions& options) {
  launch_operator(options);
  EXPECT_TRUE(rig::eventually(Ms{20'000}, [&] { return the_operator().ready(); }))
      << "the operator does not become ready";
  return the_operator();
}

std::string Case::apps(const std::string& kind, const std::string& name) const {
  return "/apis/apps/v1/namespaces/" + ns_ + "/" + kind + (name.empty() ? "" : "/" + name);
}

std::string Case::policies(const std::string& name) const {
  return "/apis/poolscaler.dev/v1alpha1/namespaces/" + ns_ + "/scalingpolicies" +
         (name.empty() ? "" : "/" + name);
}

void Case::make(const json& object) {
  const auto kind = object["kind"].get<std::string>();
  const auto target = kind == "Namespace"     ? "/api/v1/namespaces"
                      : kind == "Deployment"  ? apps("deployments")
                      : kind == "StatefulSet" ? apps("statefulsets")
                                              : policies();
  const auto answer = cluster().request("POST", target, object.dump());
  ASSERT_EQ(answer.status, 201) << answer.body;
}

void Case::make_deployment(const std::string& name, int replicas, const json& container) {
  json main{{"name", "main"}, {"image", "model"}};
  main.update(container);
  make({{"apiVersion", "apps/v1"},
        {"kind", "Deployment"},
        {"metadata", {{"name", name}}},
        {"spec",
         {{"replicas", replicas},
          {"selector", {{"matchLabels", {{"app", name}}}}},
          {"template",
           {{"metadata", {{"labels", {{"app", name}}}}},
            {"spec", {{"containers", json::array({main})}}}}}}}});
}

json Case::policy(const std::string& name, const json& changes) const {
  json object{
      {"apiVersion", "poolscaler.dev/v1alpha1"},
      {"kind", "ScalingPolicy"},
      {"metadata", {{"name", name}}},
      {"spec",
       {{"scaleTargetRef", {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", name}}},
        {"intervalSeconds", 5},
        {"minReplicas", 0},
        {"maxReplicas", 10},
        {"scaleToZero", {{"idleAfterSeconds", 5}}},
        {"signals",
         {{{"name", "queue"},
           {"metricSourceRef", {{"name", "rig"}}},
           {"metric",
            {{"name", "queue_depth"}, {"matchers", {{{"label", "queue"}, {"value", name}}}}}},
           {"target", {{"type", "PerReplica"}, {"value", 10}}},
           {"maxAgeSeconds", 10}}}},
        {"behavior",
         {{"scaleUp", {{"policies", {{{"type", "Pods"}, {"value", 100}, {"periodSeconds", 1}}}}}},
          {"scaleDown",
           {{"stabilizationWindowSeconds", 0},
            {"policies", {{{"type", "Percent"}, {"value", 100}, {"periodSeconds", 1}}}}}}}}}}};
  object["spec"].merge_patch(changes);
  return object;
}

void Case::make_policy(const std::string& name, const json& changes) {
  make(policy(name, changes));
}

void Case::change_policy(const std::string& name, const json& spec) {
  const auto answer = cluster().request("PATCH", policies(name), json{{"spec", spec}}.dump(),
                                        "application/merge-patch+json");
  ASSERT_EQ(answer.status, 200) << answer.body;
}

void Case::set_load(const std::string& name, double value) {
  const auto labels = "namespace=\"" + ns_ + "\",queue=\"" + name + "\"";
  world().load().set("queue_depth", labels, value);
  ASSERT_TRUE(world().prometheus().shows("queue_depth{" + labels + "}", value));
}

void Case::remove_load(const std::string& name) {
  world().load().remove("queue_depth", "namespace=\"" + ns_ + "\",queue=\"" + name + "\"");
}

int Case::replicas(const std::string& name, const std::string& kind) {
  const auto scale = cluster().get(apps(kind, name) + "/scale");
  if (scale.is_null()) return -1;
  return scale["spec"].value("replicas", 0);
}

json Case::policy_object(const std::string& name) { return cluster().get(policies(name)); }

std::string Case::condition(const std::string& name, const std::string& type) {
  const auto object = policy_object(name);
  if (object.is_null() || !object.contains("status")) return {};
  for (const auto& each : object["status"].value("conditions", json::array()))
    if (each["type"] == type)
      return each["status"].get<std::string>() + " " + each["reason"].get<std::string>();
  return {};
}

std::string Case::last_reason(const std::string& name) {
  const auto object = policy_object(name);
  if (object.is_null()) return {};
  return object.value(json::json_pointer("/status/lastDecision/reason"), "");
}

std::vector<int> Case::scale_writes(const std::string& name) {
  std::vector<int> written;
  for (const auto& request : world().api_proxy().requests()) {
    if (request.method != "PATCH" && request.method != "PUT") continue;
    if (request.target.rfind(apps("deployments", name) + "/scale", 0) != 0) continue;
    const auto body = json::parse(request.body, nullptr, false);
    const auto asked = body.value(json::json_pointer("/spec/replicas"), json());
    written.push_back(asked.is_number_integer() ? asked.get<int>() : -1);
  }
  return written;
}

json Case::items(const std::string& target) {
  const auto list = cluster().get(target);
  return list.is_null() ? json::array() : list.value("items", json::array());
}

std::string Case::story(const std::string& name) {
  const auto object = policy_object(name);
  return (object.is_null() ? std::string("no policy") : object.value("status", json()).dump(1));
}

::testing::AssertionResult Case::reaches(const std::string& name, int wanted, Ms limit) {
  if (rig::eventually(limit, [&] { return replicas(name) == wanted; }))
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << name << " has " << replicas(name) << " replicas, not "
                                       << wanted << "; " << story(name);
}

::testing::AssertionResult Case::holds(const std::string& name, int wanted, Ms duration) {
  if (rig::stays(duration, [&] { return replicas(name) == wanted; }))
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << name << " went to " << replicas(name) << " from "
                                       << wanted << "; " << story(name);
}

::testing::AssertionResult Case::condition_becomes(const std::string& name, const std::string& type,
                                                   const std::string& wanted, Ms limit) {
  if (rig::eventually(limit, [&] { return condition(name, type).rfind(wanted, 0) == 0; }))
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << type << " of " << name << " is '"
                                       << condition(name, type) << "', not '" << wanted << "'; "
                                       << story(name);
}

}  // namespace poolscaler::e2e
