// Which cluster the verbs read that tell what is in one: of a kubeconfig, or the one they run in.
#pragma once

#include "options.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/kube/credentials.hpp"
#include "poolscaler/kube/request.hpp"

namespace poolscaler::app {

/// Errors: InvalidInput or NotFound when no cluster is known, with the remedy.
[[nodiscard]] Result<kube::ClusterAccess> cluster_access(const ClusterChoice& choice);

/// Where the API server serves a kind of ours.
[[nodiscard]] kube::Resource resource_of(api::Kind kind);

}  // namespace poolscaler::app
