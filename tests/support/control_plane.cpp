#include "support/control_plane.hpp"

#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "support/checkout.hpp"

namespace poolscaler::rig {
namespace {

using nlohmann::json;

// Where scripts/controlplane.sh put the programs.
fs::path tools() {
  static const fs::path folder = [] {
    for (const char* name : {"POOLSCALER_CONTROLPLANE", "KUBEBUILDER_ASSETS"})
      if (!environment(name).empty()) return fs::path(environment(name));
    const auto asked = run({in_checkout("scripts/controlplane.sh").string(), "--where"});
    return asked.exit_code == 0 ? fs::path(asked.out.substr(0, asked.out.find('\n'))) : fs::path();
  }();
  return folder;
}

fs::path tool(const std::string& name) {
  const auto path = ControlPlane::program(name);
  if (path.empty()) throw std::runtime_error("no " + name + " in " + tools().string() + " or PATH");
  return path;
}

// "2030-01-02T03:04:05.123456Z" in seconds since 1970; 0 for anything else.
double seconds_of(const std::string& time) {
  std::tm parts{};
  const char* rest = ::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return 0;
  return static_cast<double>(::timegm(&parts)) + (*rest == '.' ? std::strtod(rest, nullptr) : 0.0);
}

void must(const Finished& finished, const std::string& what) {
  if (finished.exit_code != 0)
    throw std::runtime_error(what + " (exit code " + std::to_string(finished.exit_code) +
                             "): " + finished.err + finished.out);
}

}  // namespace

fs::path ControlPlane::program(const std::string& name) { return find_program(name, {tools()}); }

std::string ControlPlane::why_unavailable(const std::vector<std::string>& programs) {
  std::vector<std::string> wanted{"kube-apiserver", "kubectl", "etcd", "openssl"};
  wanted.insert(wanted.end(), programs.begin(), programs.end());
  for (const auto& name : wanted)
    if (program(name).empty())
      return "the real control plane is not here: no " + name +
             " (scripts/controlplane.sh builds it)";
  return {};
}

ControlPlane::ControlPlane(ControlPlaneOptions options)
    : options_(std::move(options)),
      etcd_port_(free_port()),
      etcd_peer_port_(free_port()),
      api_port_(free_port()),
      admin_token_("admin-token-of-the-tests") {
  make_certificates();
  write_files();
  start_etcd();
  start_api_server();
  start_others();
}

ControlPlane::~ControlPlane() {
  others_.clear();
  api_server_.reset();
  etcd_.reset();
}

std::string ControlPlane::url() const { return "https://127.0.0.1:" + std::to_string(api_port_); }

void ControlPlane::make_certificates() const {
  const auto path = [&](const char* name) { return (folder_.path() / name).string(); };
  folder_.write("server.ext", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes\n");
  const std::vector<std::string> curve{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                                       "-nodes"};
  std::vector<std::string> authority{
      "openssl",     "req",     "-x509",        "-days", "2",           "-subj",
      "/CN=test-ca", "-keyout", path("ca.key"), "-out",  path("ca.crt")};
  authority.insert(authority.end(), curve.begin(), curve.end());
  std::vector<std::string> request{"openssl", "req", "-subj", "/CN=kube-apiserver", "-keyout",
                                   path("server.key"), "-out", path("server.csr")};
  request.insert(request.end(), curve.begin(), curve.end());
  must(run(authority), "making the test authority");
  must(run(request), "making the server's key");
  must(run({"openssl", "x509", "-req", "-in", path("server.csr"), "-CA", path("ca.crt"), "-CAkey",
            path("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", path("server.ext"), "-out",
            path("server.crt")}),
       "signing the server's certificate");
  must(run({"openssl", "genrsa", "-out", path("sa.key"), "2048"}), "making the token key");
}

std::string ControlPlane::kubeconfig(const std::string& server, const std::string& token) const {
  const json config = {
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"clusters",
       {{{"name", "test"},
         {"cluster", server.rfind("https:", 0) == 0
                         ? json{{"server", server}, {"certificate-authority", ca_file().string()}}
                         : json{{"server", server}}}}}},
      {"users", {{{"name", "test"}, {"user", {{"token", token}}}}}},
      {"contexts", {{{"name", "test"}, {"context", {{"cluster", "test"}, {"user", "test"}}}}}},
      {"current-context", "test"}};
  return config.dump(1) + "\n";
}

void ControlPlane::write_files() const {
  folder_.write("tokens.csv", admin_token_ + ",admin,admin,system:masters\n");
  folder_.write("admin.kubeconfig", kubeconfig(url(), admin_token_));
  folder_.write("audit.yaml",
                "apiVersion: audit.k8s.io/v1\nkind: Policy\n"
                "omitStages: [RequestReceived, ResponseStarted]\nrules:\n"
                "- level: Metadata\n  userGroups: ['system:serviceaccounts']\n"
                "- level: Metadata\n  verbs: [create, update, patch, delete]\n"
                "- level: None\n");
}

std::unique_ptr<Process> ControlPlane::start(const std::string& name,
                                             std::vector<std::string> argv) const {
  argv.insert(argv.begin(), tool(name).string());
  return std::make_unique<Process>(
      Command{.argv = std::move(argv),
              .output = folder_.path() / (name + ".log")});
}

std::string ControlPlane::log_of(const std::string& name) const {
  const auto text = read_file(folder_.path() / (name + ".log"));
  return "\n" + text.substr(text.size() > 4000 ? text.size() - 4000 : 0);
}

void ControlPlane::start_etcd() {
  const auto client = "http://127.0.0.1:" + std::to_string(etcd_port_);
  const auto peer = "http://127.0.0.1:" + std::to_string(etcd_peer_port_);
  etcd_ = start("etcd", {"--data-dir", (folder_.path() / "etcd").string(), "--listen-client-urls",
                         client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
                         "--initial-advertise-peer-urls", peer, "--initial-cluster",
                         "default=" + peer, "--unsafe-no-fsync"});
  const Endpoint server{.port = etcd_port_};
  if (!eventually(Ms{30'000},
                  [&] { return exchange(server, {.target = "/health"}).status == 200; }))
    throw std::runtime_error("etcd does not become ready:" + log_of("etcd"));
}

void ControlPlane::start_api_server() {
  const auto path = [&](const char* name) { return (folder_.path() / name).string(); };
  std::vector<std::string> argv{
      "--etcd-servers=http://127.0.0.1:" + std::to_string(etcd_port_),
      "--secure-port=" + std::to_string(api_port_),
      "--bind-address=127.0.0.1",
      "--cert-dir=" + path("certs"),
      "--tls-cert-file=" + path("server.crt"),
      "--tls-private-key-file=" + path("server.key"),
      "--client-ca-file=" + path("ca.crt"),
      "--token-auth-file=" + path("tokens.csv"),
      "--service-account-issuer=https://kubernetes.default.svc",
      "--service-account-key-file=" + path("sa.key"),
      "--service-account-signing-key-file=" + path("sa.key"),
      "--service-cluster-ip-range=10.0.0.0/24",
      "--authorization-mode=RBAC",
      "--audit-policy-file=" + path("audit.yaml"),
      "--audit-log-path=" + path("audit.log"),
      "--endpoint-reconciler-type=none"};
  // etcd 3.4 cannot stream lists. Offered one, KWOK asks again and again, ever more slowly, and
  // sees its pods half a minute late.
  if (options_.kwok) argv.emplace_back("--feature-gates=WatchList=false");
  argv.insert(argv.end(), options_.api_server_flags.begin(), options_.api_server_flags.end());
  api_server_ = start("kube-apiserver", std::move(argv));
  if (!eventually(Ms{90'000}, [&] {
        return !api_server_->running() || request("GET", "/readyz").status == 200;
      }) || !api_server_->running())
    throw std::runtime_error("kube-apiserver does not become ready:" + log_of("kube-apiserver"));
}

void ControlPlane::start_others() {
  const std::string config = "--kubeconfig=" + admin_kubeconfig().string();
  const auto port = [] { return std::to_string(free_port()); };
  if (options_.controller_manager)
    others_.push_back(start(
        "kube-controller-manager",
        {config, "--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port=" + port(),
         "--cert-dir=" + (folder_.path() / "certs-kcm").string(),
         "--service-account-private-key-file=" + (folder_.path() / "sa.key").string(),
         "--root-ca-file=" + ca_file().string(), "--use-service-account-credentials=false",
         "--node-monitor-grace-period=24h", "--kube-api-qps=300", "--kube-api-burst=600"}));
  if (options_.scheduler)
    others_.push_back(start("kube-scheduler",
                            {config, "--leader-elect=false", "--bind-address=127.0.0.1",
                             "--secure-port=" + port(), "--kube-api-qps=300",
                             "--kube-api-burst=600",
                             "--cert-dir=" + (folder_.path() / "certs-ks").string()}));
  if (options_.kwok) {
    // Without leases of nodes: with them KWOK passes over a pod that is bound before the lease of
    // its node is back in KWOK's own cache. Hence no heartbeat either.
    std::vector<std::string> argv{config, "--manage-all-nodes=true",
                                  "--node-lease-duration-seconds=0", "--server-address",
                                  "127.0.0.1:" + port()};
    for (const char* stage : {"node-initialize", "pod-ready", "pod-complete", "pod-delete"}) {
      argv.push_back("--config");
      argv.push_back((tools() / "stages" / (std::string(stage) + ".yaml")).string());
    }
    others_.push_back(start("kwok", std::move(argv)));
  }
}

Finished ControlPlane::kubectl(std::vector<std::string> arguments, const std::string& input) const {
  std::vector<std::string> argv{tool("kubectl").string(), "--kubeconfig",
                                admin_kubeconfig().string(), "--cache-dir",
                                (folder_.path() / "kubectl-cache").string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run(argv, input);
}

void ControlPlane::apply(const std::string& yaml) const {
  must(kubectl({"apply", "--server-side", "--force-conflicts", "-f", "-"}, yaml), "kubectl apply");
}

RawResponse ControlPlane::request(const std::string& method, const std::string& target,
                                  const std::string& body, const std::string& content_type) const {
  RawRequest asked{.method = method,
                   .target = target,
                   .headers = {{"Authorization", "Bearer " + admin_token_},
                               {"Accept", "application/json"}},
                   .body = body};
  if (!body.empty()) asked.headers["Content-Type"] = content_type;
  return exchange(endpoint(), asked);
}

json ControlPlane::get(const std::string& target) const {
  const auto answer = request("GET", target);
  if (answer.status != 200) return nullptr;
  return json::parse(answer.body, nullptr, false);
}

fs::path ControlPlane::service_account_kubeconfig(const std::string& ns, const std::string& name,
                                                  const std::string& server) const {
  const auto answer = request(
      "POST", "/api/v1/namespaces/" + ns + "/serviceaccounts/" + name + "/token",
      R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest",)"
      R"("spec":{"expirationSeconds":7200}})");
  if (answer.status != 201)
    throw std::runtime_error("asking for a token of " + ns + "/" + name + ": " + answer.body);
  const auto token = json::parse(answer.body)["status"]["token"].get<std::string>();
  static int number = 0;
  return folder_.write("sa-" + std::to_string(++number) + ".kubeconfig",
                       kubeconfig(server.empty() ? url() : server, token));
}

void ControlPlane::kill_api_server() { api_server_->kill(); }

void ControlPlane::kill_etcd() { etcd_->kill(); }

void ControlPlane::compact_etcd() const {
  const Endpoint server{.port = etcd_port_};
  const auto range = exchange(
      server, {.method = "POST", .target = "/v3/kv/range", .body = R"({"key":"AA=="})"});
  const auto revision = json::parse(range.body)["header"]["revision"].get<std::string>();
  const auto done = exchange(server, {.method = "POST",
                                      .target = "/v3/kv/compaction",
                                      .body = R"({"revision":")" + revision + R"("})"});
  if (done.status != 200) throw std::runtime_error("compacting etcd: " + done.body);
}

std::vector<ControlPlane::Audited> ControlPlane::requests_by(const std::string& user) const {
  std::vector<Audited> requests;
  std::istringstream lines(read_file(folder_.path() / "audit.log"));
  for (std::string line; std::getline(lines, line);) {
    if (line.find("\"username\":\"" + user + "\"") == std::string::npos) continue;
    const auto entry = json::parse(line, nullptr, false);
    if (entry.is_discarded()) continue;
    const auto object = entry.value("objectRef", json::object());
    auto resource = object.value("resource", "");
    if (object.contains("subresource")) resource += "/" + object.value("subresource", "");
    requests.push_back({.verb = entry.value("verb", ""),
                        .resource = resource,
                        .ns = object.value("namespace", ""),
                        .name = object.value("name", ""),
                        .code = entry.value("responseStatus", json::object()).value("code", 0),
                        .time = seconds_of(entry.value("requestReceivedTimestamp", ""))});
  }
  return requests;
}

double ControlPlane::counter(const std::string& metric,
                             const std::vector<std::string>& labels) const {
  std::istringstream lines(request("GET", "/metrics").body);
  double sum = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(metric + "{", 0) != 0) continue;
    bool matches = true;
    for (const auto& label : labels) matches &= line.find(label) != std::string::npos;
    if (matches) sum += std::stod(line.substr(line.rfind(' ') + 1));
  }
  return sum;
}

}  // namespace poolscaler::rig
