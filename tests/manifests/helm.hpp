// Where Helm is, for the tests that need the real one.
#pragma once

#include <filesystem>

#include "manifests/generated_files.hpp"
#include "support/control_plane.hpp"
#include "support/process.hpp"

namespace poolscaler {

inline constexpr const char* no_helm =
    "no helm in HELM, POOLSCALER_CONTROLPLANE, KUBEBUILDER_ASSETS, the folder of "
    "scripts/controlplane.sh (which builds it) or PATH";

/// Empty when there is none.
inline rig::fs::path helm_program() {
  if (const auto named = rig::environment("HELM"); !named.empty()) return named;
  return rig::ControlPlane::program("helm");
}

inline std::filesystem::path chart_path() { return source_path("charts/poolscaler"); }

}  // namespace poolscaler
