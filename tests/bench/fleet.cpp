#include "bench/fleet.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "poolscaler/base/time.hpp"
#include "support/checkout.hpp"
#include "support/raw_http.hpp"

namespace poolscaler::bench {
namespace {

using nlohmann::json;

constexpr int shapes = 5;
constexpr int namespaces = 10;
const std::string operator_user = "system:serviceaccount:poolscaler-system:poolscaler";

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double seconds_since(Ms began) {
  return static_cast<double>((rig::monotonic() - began).count()) / 1e3;
}

std::string name_of(int i) { return "model-" + std::to_string(i); }
std::string metric_of(int i) { return "queue_depth_" + std::to_string(i % shapes); }

json deployment(int i) {
  const json labels{{"app", name_of(i)}};
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", name_of(i)}}},
          {"spec",
           {{"replicas", 0},
            {"selector", {{"matchLabels", labels}}},
            {"template",
             {{"metadata", {{"labels", labels}}},
              {"spec", {{"containers", {{{"name", "main"}, {"image", "model"}}}}}}}}}}};
}

json policy(int i, int interval_seconds) {
  return {
      {"apiVersion", "poolscaler.dev/v1alpha1"},
      {"kind", "ScalingPolicy"},
      {"metadata", {{"name", name_of(i)}}},
      {"spec",
       {{"scaleTargetRef",
         {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", name_of(i)}}},
        {"intervalSeconds", interval_seconds},
        {"minReplicas", 0},
        {"maxReplicas", 100},
        {"signals",
         {{{"name", "queue"},
           {"metricSourceRef", {{"name", "rig"}}},
           {"metric",
            {{"name", metric_of(i)}, {"matchers", {{{"label", "model"}, {"value", name_of(i)}}}}}},
           {"target", {{"type", "PerReplica"}, {"value", 10}}}}}},
        {"behavior",
         {{"scaleUp",
           {{"policies", {{{"type", "Pods"}, {"value", 100}, {"periodSeconds", 1}}}}}}}}}}};
}

/// The same on a pool, one accelerator a replica.
void put_on(int pool, json& workload, json& ruling) {
  auto& pods = workload["spec"]["template"]["spec"];
  pods["nodeSelector"] = {{"pool", std::to_string(pool)}};
  pods["containers"][0]["resources"] = {{"limits", {{"example.com/accelerator", "1"}}}};
  ruling["spec"]["poolRef"] = {{"name", "pool-" + std::to_string(pool)}};
  ruling["spec"]["acceleratorsPerReplica"] = 1;
}

/// Every second pool is priced by the catalogue.
json accelerator_pool(int pool, const json& backend, int nodes_max) {
  json group{{"name", "main"}, {"backendRef", backend}, {"maxNodes", nodes_max}};
  if (pool % 2 == 0)
    group["price"] = "32.77";
  else
    group.update({{"provider", "aws"}, {"instanceType", "p5.48xlarge"}, {"region", "us-east-1"}});
  return {{"apiVersion", "poolscaler.dev/v1alpha1"},
          {"kind", "AcceleratorPool"},
          {"metadata", {{"name", "pool-" + std::to_string(pool)}}},
          {"spec",
           {{"accelerator",
             {{"resource", "example.com/accelerator"},
              {"perNode", MachineYard::accelerators_per_node}}},
            {"nodeGroups", json::array({group})}}}};
}

json catalog() {
  return {{"apiVersion", "poolscaler.dev/v1alpha1"},
          {"kind", "PriceCatalog"},
          {"metadata", {{"name", "list"}}},
          {"spec",
           {{"asOf", to_rfc3339(std::chrono::time_point_cast<Millis>(
                         std::chrono::system_clock::now() - std::chrono::hours(24)))},
            {"source", "made up"},
            {"rows", json::array({{{"provider", "aws"},
                                   {"region", "us-east-1"},
                                   {"instanceType", "p5.48xlarge"},
                                   {"onDemand", "55.04"}}})}}}};
}

json budget(const std::string& name, const json& selector, const std::string& on_limit) {
  return {{"apiVersion", "poolscaler.dev/v1alpha1"},
          {"kind", "CostBudget"},
          {"metadata", {{"name", name}}},
          {"spec",
           {{"selector", selector},
            {"onLimit", on_limit},
            {"limits",
             json::array({{{"name", "rate"}, {"mode", "Rate"}, {"amount", "1000000"}},
                          {{"name", "day"},
                           {"mode", "Accrued"},
                           {"period", "Day"},
                           {"amount", "20000000"}}})}}}};
}

double sum_of(const std::string& page, const std::string& series) {
  std::istringstream lines(page);
  double sum = 0;
  for (std::string line; std::getline(lines, line);)
    if (line.rfind(series, 0) == 0) sum += std::stod(line.substr(line.rfind(' ') + 1));
  return sum;
}

}  // namespace

Fleet::Fleet(FleetSize size) : size_(size), prometheus_(load_.port()) {
  cluster_.apply(rig::read_file(in_checkout("deploy/poolscaler.yaml")));
  const bool is_served = rig::eventually(Ms{30'000}, [&] {
    return cluster_.request("GET", "/apis/poolscaler.dev/v1alpha1/metricsources").status == 200;
  });
  if (!is_served) throw std::runtime_error("the API server does not serve our kinds");
  cluster_.apply(json{{"apiVersion", "poolscaler.dev/v1alpha1"},
                      {"kind", "MetricSource"},
                      {"metadata", {{"name", "rig"}}},
                      {"spec", {{"url", prometheus_.url()}}}}
                     .dump());
  if (size_.pools > 0) yard_ = std::make_unique<MachineYard>(cluster_, size_.pools, "machines");
  make_objects();
  if (yard_ != nullptr) make_pools();
}

std::string Fleet::ns_of(int i) const { return "team-" + std::to_string(i % namespaces); }

void Fleet::make_objects() {
  for (int i = 0; i < namespaces; ++i)
    cluster_.request(
        "POST", "/api/v1/namespaces",
        json{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", ns_of(i)}}}}
            .dump());
  for (int i = 0; i < size_.policies; ++i)
    load_.set(metric_of(i), "namespace=\"" + ns_of(i) + "\",model=\"" + name_of(i) + "\"", 0);
  std::vector<std::thread> makers;
  std::atomic<int> refused{0};
  for (int part = 0; part < 4; ++part)
    makers.emplace_back([&, part] {
      for (int i = part; i < size_.policies; i += 4) {
        auto workload = deployment(i);
        auto ruling = policy(i, size_.interval_seconds);
        if (yard_ != nullptr) put_on(i % size_.pools, workload, ruling);
        const auto made = cluster_.request(
            "POST", "/apis/apps/v1/namespaces/" + ns_of(i) + "/deployments", workload.dump());
        const auto ruled = cluster_.request(
            "POST", "/apis/poolscaler.dev/v1alpha1/namespaces/" + ns_of(i) + "/scalingpolicies",
            ruling.dump());
        refused += made.status != 201 || ruled.status != 201;
      }
    });
  for (auto& maker : makers) maker.join();
  if (refused != 0) throw std::runtime_error(std::to_string(refused) + " objects were refused");
}

void Fleet::make_pools() {
  for (int i = 0; i < namespaces; ++i) yard_->admit_pods(ns_of(i));
  cluster_.apply(catalog().dump());
  for (int pool = 0; pool < size_.pools; ++pool)
    cluster_.apply(accelerator_pool(pool, yard_->backend(pool), size_.policies + 10).dump());
  cluster_.apply(budget("all", json::object(), "Freeze").dump());
  cluster_.apply(budget("team", {{"namespaces", {ns_of(0)}}}, "Freeze").dump());
  cluster_.apply(budget("pool", {{"pools", {"pool-0"}}}, "Shed").dump());
}

Fleet::Start Fleet::start_operator(Ms limit) {
  const auto kubeconfig = cluster_.service_account_kubeconfig("poolscaler-system", "poolscaler");
  const auto before = cluster_.requests_by(operator_user).size();
  port_ = rig::free_port();
  const Ms began = rig::monotonic();
  operator_ = std::make_unique<rig::Process>(
      rig::Command{.argv = {POOLSCALER_BINARY, "run", "--kubeconfig", kubeconfig.string(),
                            "--listen-address", "127.0.0.1:" + std::to_string(port_),
                            "--leader-elect", "false", "--log-format", "json"},
                   // as in the image
                   .environment = {{"GLIBC_TUNABLES", "glibc.malloc.tcache_count=0"}},
                   .output = cluster_.folder() / "operator.log"});
  Start start;
  const auto decided = [&](double wanted, double& took) {
    if (took == 0 && decisions() >= wanted) took = seconds_since(began);
    return took != 0;
  };
  const bool is_done = rig::eventually(limit, [&] {
    const bool has_begun = decided(1, start.first_decision);
    return decided(size_.policies, start.all_decided) && has_begun;
  });
  if (!is_done)
    throw std::runtime_error("the operator did not decide everything:\n" +
                             rig::read_file(cluster_.folder() / "operator.log").substr(0, 4000));
  // What the first statuses cost belongs to the start.
  for (auto known = cluster_.requests_by(operator_user).size(), last = known - 1; known != last;) {
    last = known;
    rig::pause_for(Ms{5000});
    known = cluster_.requests_by(operator_user).size();
  }
  start.cpu_seconds = usage().cpu_seconds;
  start.api_requests = static_cast<int>(cluster_.requests_by(operator_user).size() - before);
  return start;
}

void Fleet::kill_operator() { operator_->kill(); }

double Fleet::decisions() const {
  return sum_of(rig::exchange({.port = port_}, {.target = "/metrics"}, Ms{5000}).body,
                "poolscaler_decisions_total");
}

double Fleet::queries_answered() const {
  return sum_of(rig::exchange(prometheus_.endpoint(), {.target = "/metrics"}).body,
                "prometheus_http_requests_total{code=\"200\",handler=\"/api/v1/query\"}");
}

Usage Fleet::usage() const {
  const auto folder = "/proc/" + std::to_string(operator_->pid());
  const auto stat = rig::read_file(folder + "/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::vector<std::string> values;
  for (std::string value; fields >> value;) values.push_back(value);
  if (values.size() < 22) throw std::runtime_error("the operator has ended");
  const auto status = rig::read_file(folder + "/status");
  const auto own = status.find("RssAnon:");
  const double own_kib = own == std::string::npos ? 0 : std::stod(status.substr(own + 8));
  // utime and stime are the 14th and 15th field, rss the 24th; the first two were cut off.
  const double ticks = std::stod(values[11]) + std::stod(values[12]);
  return {.cpu_seconds = ticks / static_cast<double>(::sysconf(_SC_CLK_TCK)),
          .resident_mib = std::stod(values[21]) * static_cast<double>(::sysconf(_SC_PAGESIZE)) /
                          (1024.0 * 1024.0),
          .own_mib = own_kib / 1024.0};
}

Reactions Fleet::step(double depth, Ms limit) {
  const auto before = cluster_.requests_by(operator_user).size();
  for (int i = 0; i < size_.policies; ++i)
    load_.set(metric_of(i), "namespace=\"" + ns_of(i) + "\",model=\"" + name_of(i) + "\"", depth);
  // All series are of one scrape, so one of the last is there when all are.
  const int last = size_.policies - 1;
  const auto probe = metric_of(last) + "{model=\"" + name_of(last) + "\"}";
  const Ms deadline = rig::monotonic() + Ms{10'000};
  while (prometheus_.value(probe) != depth) {
    if (rig::monotonic() > deadline) throw std::runtime_error("Prometheus does not see the step");
    rig::pause_for(Ms{5});
  }
  const double queryable = wall_seconds();
  const auto written = [&] {
    std::map<std::string, double> first;
    const auto requests = cluster_.requests_by(operator_user);
    for (auto i = before; i < requests.size(); ++i)
      if (requests[i].writes() && requests[i].resource == "deployments/scale" &&
          requests[i].code == 200)
        first.emplace(requests[i].ns + "/" + requests[i].name, requests[i].time);
    return first;
  };
  const Ms end = rig::monotonic() + limit;
  while (rig::monotonic() < end && written().size() < static_cast<std::size_t>(size_.policies))
    rig::pause_for(Ms{500});
  Reactions reactions;
  for (const auto& [target, time] : written()) reactions.push_back(std::max(0.0, time - queryable));
  std::sort(reactions.begin(), reactions.end());
  return reactions;
}

Window Fleet::watch(Ms duration) {
  const auto requests_before = cluster_.requests_by(operator_user).size();
  const double queries_before = queries_answered();
  const auto usage_before = usage();
  const Ms began = rig::monotonic();
  rig::pause_for(duration);
  Window window{.seconds = seconds_since(began)};
  const auto usage_after = usage();
  window.cpu_percent =
      100 * (usage_after.cpu_seconds - usage_before.cpu_seconds) / window.seconds;
  window.resident_mib = usage_after.resident_mib;
  window.own_mib = usage_after.own_mib;
  window.prometheus_queries_per_second = (queries_answered() - queries_before) / window.seconds;
  auto known = requests_before;
  window.api_requests = requests_since(known);
  return window;
}

std::map<std::string, int> Fleet::requests_since(std::size_t& known) const {
  std::map<std::string, int> counts;
  const auto requests = cluster_.requests_by(operator_user);
  for (auto i = std::exchange(known, requests.size()); i < requests.size(); ++i)
    ++counts[requests[i].verb + " " + requests[i].resource];
  return counts;
}

}  // namespace poolscaler::bench
