// ControlPlane: a real Kubernetes API server on loopback ports with its own etcd, certificates and
// admin token, in a temporary folder; and, on request, controller manager, scheduler and KWOK
// (whose simulated nodes and pods become ready). One per test program. Everything ends with this
// object.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/raw_http.hpp"
#include "support/sockets.hpp"

namespace poolscaler::rig {

struct ControlPlaneOptions {
  bool controller_manager = false;
  bool scheduler = false;
  bool kwok = false;
  std::vector<std::string> api_server_flags{};
};

class ControlPlane {
 public:
  /// Why it cannot run here; empty when it can. With CI=true it must, so the caller fails then
  /// instead of skipping. `programs` beside those that every control plane needs.
  static std::string why_unavailable(const std::vector<std::string>& programs = {});

  /// One of the programs that scripts/controlplane.sh builds; empty when it is not here.
  static fs::path program(const std::string& name);

  /// Starts everything and waits until it is ready; throws std::runtime_error with the logs.
  explicit ControlPlane(ControlPlaneOptions options = {});
  ~ControlPlane();

  [[nodiscard]] Endpoint endpoint() const { return {.port = api_port_, .tls = true}; }
  [[nodiscard]] const std::string& admin_token() const { return admin_token_; }
  [[nodiscard]] const fs::path& folder() const { return folder_.path(); }
  [[nodiscard]] fs::path admin_kubeconfig() const { return folder_.path() / "admin.kubeconfig"; }
  [[nodiscard]] fs::path ca_file() const { return folder_.path() / "ca.crt"; }
  [[nodiscard]] std::string url() const;

  /// kubectl as admin.
  Finished kubectl(std::vector<std::string> arguments, const std::string& input = {}) const;
  /// Server-side apply of YAML; throws with kubectl's message.
  void apply(const std::string& yaml) const;
  /// A request as admin; a body is JSON unless `content_type` says otherwise.
  RawResponse request(const std::string& method, const std::string& target,
                      const std::string& body = {},
                      const std::string& content_type = "application/json") const;
  /// GET as JSON; null for any other status than 200.
  [[nodiscard]] nlohmann::json get(const std::string& target) const;

  /// A kubeconfig with a fresh token (TokenRequest) of this service account, for `server`
  /// (url() when empty; a plain http one of a FaultProxy otherwise).
  fs::path service_account_kubeconfig(const std::string& ns, const std::string& name,
                                      const std::string& server = {}) const;

  /// SIGKILL, as a crash; its port is free at once.
  void kill_api_server();
  void start_api_server();
  void kill_etcd();
  void start_etcd();
  /// Removes the history of etcd up to now: a watch from before gets 410.
  void compact_etcd() const;

  /// Requests from the audit log: all of service accounts, what changed something of the others.
  struct Audited {
    std::string verb;
    std::string resource;  // "deployments/scale"
    std::string ns;
    std::string name;
    int code;
    double time;  // received by the server, in seconds since 1970
    [[nodiscard]] bool writes() const {
      return verb == "create" || verb == "update" || verb == "patch" || verb == "delete";
    }
  };
  /// Watches are in it once they have ended.
  [[nodiscard]] std::vector<Audited> requests_by(const std::string& user) const;
  /// Sum of a counter of the API server over the series that have all of these `label="value"`.
  [[nodiscard]] double counter(const std::string& metric,
                               const std::vector<std::string>& labels) const;

 private:
  void make_certificates() const;
  void write_files() const;
  [[nodiscard]] std::string kubeconfig(const std::string& server, const std::string& token) const;
  void start_others();
  std::unique_ptr<Process> start(const std::string& name, std::vector<std::string> argv) const;
  [[nodiscard]] std::string log_of(const std::string& name) const;

  ControlPlaneOptions options_;
  TempDir folder_;
  std::uint16_t etcd_port_;
  std::uint16_t etcd_peer_port_;
  std::uint16_t api_port_;
  std::string admin_token_;
  std::unique_ptr<Process> etcd_;
  std::unique_ptr<Process> api_server_;
  std::vector<std::unique_ptr<Process>> others_;
};

}  // namespace poolscaler::rig
