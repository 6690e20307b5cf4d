// How objects are named: plain data, ordered and comparable so that they can be keys.
#pragma once

#include <compare>
#include <string>

namespace poolscaler {

/// A namespaced object of a kind that the context fixes; `ns` is empty for cluster-scoped kinds.
struct ObjectKey {
  std::string ns;
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
  /// "ns/name", or "name" when cluster-scoped.
  [[nodiscard]] std::string text() const { return ns.empty() ? name : ns + "/" + name; }
};

/// What a policy scales: spec.scaleTargetRef. Always in the policy's own namespace.
struct TargetRef {
  std::string api_version;  // "apps/v1"
  std::string kind;         // "Deployment"
  std::string name;
  auto operator<=>(const TargetRef&) const = default;
  /// "Deployment web".
  [[nodiscard]] std::string text() const { return kind + " " + name; }
};

}  // namespace poolscaler
