#include "support/identities.hpp"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

namespace poolscaler::rig {
namespace {

using nlohmann::json;

fs::path next_file(const ControlPlane& cluster, const std::string& suffix) {
  static int number = 0;
  return cluster.folder() / ("identity-" + std::to_string(++number) + suffix);
}

fs::path key_of(const fs::path& certificate) {
  auto key = certificate;
  return key.replace_extension(".key");
}

std::string openssl(std::vector<std::string> arguments, const std::string& input = {}) {
  arguments.insert(arguments.begin(), "openssl");
  auto finished = run(arguments, input);
  if (finished.exit_code != 0) throw std::runtime_error("openssl: " + finished.err);
  return std::move(finished.out);
}

std::vector<std::string> with_new_key(std::vector<std::string> arguments, const fs::path& key) {
  for (const char* word : {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                           "-keyout"})
    arguments.emplace_back(word);
  arguments.push_back(key.string());
  return arguments;
}

std::string base64url(const std::string& bytes) {
  auto text = openssl({"base64", "-A"}, bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  std::erase_if(text, [](char c) { return c == '=' || c == '\n'; });
  return text;
}

}  // namespace

fs::path kubeconfig_of(const ControlPlane& cluster, const Identity& identity) {
  const auto authority = identity.authority.empty() ? cluster.ca_file() : identity.authority;
  json user = json::object();
  if (!identity.token_file.empty()) user["tokenFile"] = identity.token_file.string();
  if (!identity.certificate.empty()) {
    user["client-certificate"] = identity.certificate.string();
    user["client-key"] = key_of(identity.certificate).string();
  }
  const json config = {
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"clusters",
       {{{"name", "test"},
         {"cluster",
          {{"server", cluster.url()}, {"certificate-authority", authority.string()}}}}}},
      {"users", {{{"name", "test"}, {"user", user}}}},
      {"contexts", {{{"name", "test"}, {"context", {{"cluster", "test"}, {"user", "test"}}}}}},
      {"current-context", "test"}};
  const auto path = next_file(cluster, ".kubeconfig");
  std::ofstream(path) << config.dump(1) << "\n";
  return path;
}

fs::path make_authority(const ControlPlane& cluster, const std::string& name) {
  auto certificate = next_file(cluster, ".crt");
  openssl(with_new_key({"req", "-x509", "-days", "2", "-subj", "/CN=" + name, "-out",
                        certificate.string()},
                       key_of(certificate)));
  return certificate;
}

fs::path make_client_certificate(const ControlPlane& cluster, const fs::path& authority,
                                 const std::string& user) {
  auto certificate = next_file(cluster, ".crt");
  const auto request = certificate.string() + ".csr";
  openssl(with_new_key({"req", "-subj", "/CN=" + user, "-out", request}, key_of(certificate)));
  openssl({"x509", "-req", "-in", request, "-CA", authority.string(), "-CAkey",
           key_of(authority).string(), "-CAcreateserial", "-days", "2", "-out",
           certificate.string()});
  return certificate;
}

std::string service_account_token(const ControlPlane& cluster, const std::string& ns,
                                  const std::string& name, std::chrono::seconds left) {
  const auto account = cluster.get("/api/v1/namespaces/" + ns + "/serviceaccounts/" + name);
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  const std::string issuer = "https://kubernetes.default.svc";
  const json header = {{"alg", "RS256"}};
  const json claims = {
      {"iss", issuer},
      {"aud", {issuer}},
      {"sub", "system:serviceaccount:" + ns + ":" + name},
      {"iat", now - 3600},
      {"nbf", now - 3600},
      {"exp", now + left.count()},
      {"kubernetes.io",
       {{"namespace", ns},
        {"serviceaccount", {{"name", name}, {"uid", account["metadata"]["uid"]}}}}}};
  const auto signed_part = base64url(header.dump()) + "." + base64url(claims.dump());
  const auto key = (cluster.folder() / "sa.key").string();
  return signed_part + "." + base64url(openssl({"dgst", "-sha256", "-sign", key}, signed_part));
}

}  // namespace poolscaler::rig
