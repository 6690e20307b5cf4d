// World: what an end-to-end case has around it - a real control plane with simulated nodes, a real
// Prometheus that scrapes a load, both behind fault proxies, our CRDs and exactly the RBAC of
// deploy/ - and Operator, the binary under its own service account. One World per test program.
//
// Policies of the cases are quick: intervals of 5 s, windows of a few seconds.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/control_plane.hpp"
#include "support/fault_proxy.hpp"
#include "support/load_exporter.hpp"
#include "support/process.hpp"
#include "support/prometheus_server.hpp"
#include "support/raw_http.hpp"

namespace poolscaler::e2e {

using nlohmann::json;
using rig::Ms;

inline const std::string system_ns = "poolscaler-system";
inline const std::string operator_user = "system:serviceaccount:poolscaler-system:poolscaler";

class World {
 public:
  /// The program's world, made at the first call. Throws when it cannot be made.
  static World& get();
  /// Why there can be none here; empty when there can.
  static std::string why_unavailable();

  rig::ControlPlane& cluster() { return cluster_; }
  rig::LoadExporter& load() { return load_; }
  rig::PrometheusServer& prometheus() { return prometheus_; }
  /// Before Prometheus; the MetricSource "rig" points at it.
  rig::FaultProxy& metrics_proxy() { return metrics_proxy_; }
  /// Before the API server; an operator goes through it unless it is told otherwise.
  rig::FaultProxy& api_proxy() { return api_proxy_; }
  /// Makes the MetricSource "rig".
  void make_source();
  static void end();

 private:
  World();
  rig::ControlPlane cluster_;
  rig::LoadExporter load_;
  rig::PrometheusServer prometheus_;
  rig::FaultProxy metrics_proxy_;
  rig::FaultProxy api_proxy_;
};

struct OperatorOptions {
  std::string identity = "operator-a";
  std::string server{};  // empty: the World's api_proxy()
  rig::fs::path kubeconfig{};  // empty: one with a token of its service account
  bool leader_elect = false;
  std::string lease_ns = system_ns;
  std::vector<std::string> flags{};
};

/// The binary, running until stop(), kill() or the destructor.
class Operator {
 public:
  explicit Operator(const OperatorOptions& options = {});
  rig::Process& process() { return process_; }
  [[nodiscard]] bool ready() const;
  [[nodiscard]] rig::RawResponse page(const std::string& path) const;
  /// The value of a series of its own /metrics that starts with `series`; 0 when there is none.
  [[nodiscard]] double metric(const std::string& series) const;
  [[nodiscard]] std::string metrics_page() const;
  [[nodiscard]] std::string log() const { return rig::read_file(log_); }

 private:
  std::uint16_t port_;
  rig::fs::path log_;
  rig::Process process_;
};

/// Each case has a namespace of its own, whose objects go with it.
class Case : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  World& world() { return World::get(); }
  rig::ControlPlane& cluster() { return World::get().cluster(); }
  [[nodiscard]] const std::string& ns() const { return ns_; }
  /// Starts an operator without waiting for it.
  Operator& launch_operator(const OperatorOptions& options = {});
  /// Starts an operator and waits until it is ready.
  Operator& start_operator(const OperatorOptions& options = {});
  [[nodiscard]] Operator& the_operator() { return *operators_.back(); }
  void stop_operators() { operators_.clear(); }

  /// Runs a verb of the binary to its end.
  [[nodiscard]] static rig::Finished poolscaler(std::vector<std::string> arguments);

  /// `container` is merged into its only container.
  void make_deployment(const std::string& name, int replicas,
                       const json& container = json::object());
  /// A policy for the Deployment of the same name, 10 units of queue_depth per replica, 0 to 10
  /// replicas, idle after 5 s; `changes` are merged into its spec.
  [[nodiscard]] json policy(const std::string& name, const json& changes = json::object()) const;
  void make(const json& object);
  void make_policy(const std::string& name, const json& changes = json::object());
  /// A merge patch of the policy's spec.
  void change_policy(const std::string& name, const json& spec);
  void set_load(const std::string& name, double value);
  void remove_load(const std::string& name);

  /// spec.replicas by the scale subresource; -1 when there is none.
  [[nodiscard]] int replicas(const std::string& name, const std::string& kind = "deployments");
  [[nodiscard]] json policy_object(const std::string& name);
  /// status and reason of a condition: "True Accepted"; "" when it is not there.
  [[nodiscard]] std::string condition(const std::string& name, const std::string& type);
  [[nodiscard]] std::string last_reason(const std::string& name);
  /// What the operator asked for this target, write by write (as sent through api_proxy()).
  [[nodiscard]] std::vector<int> scale_writes(const std::string& name);
  /// Objects of this kind's collection path as JSON.
  [[nodiscard]] json items(const std::string& target);

  [[nodiscard]] ::testing::AssertionResult reaches(const std::string& name, int wanted,
                                                   Ms limit = Ms{20'000});
  [[nodiscard]] ::testing::AssertionResult holds(const std::string& name, int wanted, Ms duration);
  [[nodiscard]] ::testing::AssertionResult condition_becomes(const std::string& name,
                                                             const std::string& type,
                                                             const std::string& wanted,
                                                             Ms limit = Ms{20'000});
  [[nodiscard]] std::string apps(const std::string& kind, const std::string& name = {}) const;
  [[nodiscard]] std::string policies(const std::string& name = {}) const;

 private:
  [[nodiscard]] std::string story(const std::string& name);
  std::string ns_;
  std::vector<std::unique_ptr<Operator>> operators_;
};

}  // namespace poolscaler::e2e
