// The pages of our own listener: /metrics, /healthz (the loops are alive) and /readyz (every
// collection has been listed, and every CRD of ours is installed; what lacks is named). A standby
// is ready too, unless it may not have the lease that it stands by for.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "poolscaler/controllers/cluster_state.hpp"
#include "poolscaler/ports/http_server.hpp"

namespace poolscaler::app {

struct AdminPages {
  std::function<std::string()> metrics;
  std::function<std::vector<controllers::SyncState>()> sync_states;
  std::function<std::string()> trouble;  // why the loops are not alive; empty when they are
  std::function<std::string()> lease_trouble;  // why it may never lead; empty when it may
};

[[nodiscard]] HttpHandler admin_handler(AdminPages pages);

}  // namespace poolscaler::app
