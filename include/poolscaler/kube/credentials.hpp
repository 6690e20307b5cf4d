// Where the API server is and how we show who we are: from inside a pod, or from a kubeconfig file.
// Nothing here reads the environment; the app hands it in as data.
//
// Refused with the field's name and a remedy: exec and auth-provider plugins (they run programs
// that a file names), passwords, skipping TLS verification without the developer's flag. Files are
// regular, bounded in size, and their contents never appear in a message.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/base/result.hpp"
#include "poolscaler/kube/client.hpp"

namespace poolscaler::kube {

/// Of a file and its PEM text at most one is set; the same names as the transport's options.
struct ClusterAccess {
  std::string origin;  // "https://host:port"
  std::string ca_file{};
  std::string ca_pem{};
  std::string client_certificate_file{};
  std::string client_certificate_pem{};
  std::string client_key_file{};
  std::string client_key_pem{};
  std::string server_name{};
  bool insecure_skip_tls_verify = false;
  std::string token{};
  std::string token_file{};
  std::string ns{};       // of the pod, or the context's; empty when unknown
  std::string context{};  // of the kubeconfig
};

struct InClusterPlaces {
  std::string host;  // KUBERNETES_SERVICE_HOST
  std::string port;  // KUBERNETES_SERVICE_PORT
  std::string directory = "/var/run/secrets/kubernetes.io/serviceaccount";
};
/// Errors: InvalidInput (not in a cluster, files missing). An IPv6 host becomes the service's DNS
/// name, which every API server certificate carries.
[[nodiscard]] Result<ClusterAccess> in_cluster(const InClusterPlaces& places);

struct KubeconfigChoice {
  std::string path;
  std::string context{};  // empty: current-context
  bool allow_insecure = false;
};
/// Errors: InvalidInput, NotFound (file or context).
[[nodiscard]] Result<ClusterAccess> read_kubeconfig(const KubeconfigChoice& choice);

/// A fixed token, a token file (read again every minute and after a refusal; when it cannot be read
/// or is empty the old token stays), or none.
[[nodiscard]] std::unique_ptr<TokenSource> token_source(const ClusterAccess& access,
                                                        const Clock& clock);

/// What may stand in a header as a token.
[[nodiscard]] bool is_token(std::string_view text);

/// What a token file holds, without the blanks around it. Errors: as of read_small_file;
/// InvalidInput where it holds no token.
[[nodiscard]] Result<std::string> read_token(const std::string& path);

/// A regular file of at most `bytes_max`. Errors: NotFound, InvalidInput (too large, no regular
/// file, unreadable).
[[nodiscard]] Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max);

}  // namespace poolscaler::kube
