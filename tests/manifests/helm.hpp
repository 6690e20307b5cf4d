// Where Helm is, for the tests that need the real one.
#pragma once

#include <string>
#include <vector>

#include "manifests/generated_files.hpp"
#include "support/process.hpp"

namespace poolscaler {

inline constexpr const char* no_helm =
    "no helm in HELM, POOLSCALER_CONTROLPLANE, KUBEBUILDER_ASSETS or PATH "
    "(scripts/controlplane.sh builds it)";

/// Empty when there is none.
inline rig::fs::path helm_program() {
  if (const auto named = rig::environment("HELM"); !named.empty()) return named;
  std::vector<rig::fs::path> folders;
  for (const char* name : {"POOLSCALER_CONTROLPLANE", "KUBEBUILDER_ASSETS"})
    if (const auto folder = rig::environment(name); !folder.empty()) folders.emplace_back(folder);
  return rig::find_program("helm", folders);
}

inline std::filesystem::path chart_path() { return source_path("charts/poolscaler"); }

}  // namespace poolscaler
