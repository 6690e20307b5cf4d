// MetricSource: where a Prometheus is, declared by the platform team alone. No address, path or
// credential ever comes from a tenant.
#pragma once

#include <string>
#include <vector>

#include "poolscaler/domain/names.hpp"

namespace poolscaler {

struct MetricSource {
  std::string name;
  /// scheme://host[:port][/prefix], without a trailing slash, user info, query or fragment.
  std::string url;
  std::string ca_file{};           // PEM; empty: the system's roots
  std::string bearer_token_file{}; // read again when it changes; empty: no Authorization
  std::string client_cert_file{};  // PEM; both or neither with client_key_file
  std::string client_key_file{};
  int timeout_seconds = 10;
  /// The label that carries the tenant's namespace; every structured query is bound to it.
  std::string enforced_label = "namespace";
  /// Namespaces that may send raw queries; "*" stands for all.
  std::vector<std::string> raw_query_namespaces{};

  [[nodiscard]] bool allows_raw_query(const std::string& ns) const {
    for (const auto& allowed : raw_query_namespaces)
      if (allowed == "*" || allowed == ns) return true;
    return false;
  }
  auto operator<=>(const MetricSource&) const = default;
};

}  // namespace poolscaler
