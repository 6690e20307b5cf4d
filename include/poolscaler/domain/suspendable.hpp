// Jobs that are suspended and resumed instead of scaled: 0 replicas is suspended, 1 is running.
#pragma once

#include <span>
#include <string_view>

namespace poolscaler {

struct SuspendableKind {
  std::string_view group;
  std::string_view kind;
  /// The label of its pods that carries its name.
  std::string_view pod_label;
};

[[nodiscard]] std::span<const SuspendableKind> suspendable_kinds();

/// Null for a kind that is none of them. All of them say `spec.suspend`.
[[nodiscard]] const SuspendableKind* suspendable_kind(std::string_view api_version,
                                                      std::string_view kind);

}  // namespace poolscaler
