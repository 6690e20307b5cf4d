// PolicyView: one policy and everything that the watch stores say about it at one moment.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/controllers/records.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/domain/reason.hpp"

namespace poolscaler::controllers {

/// Why something cannot be done, as a condition will say it.
struct Trouble {
  Reason reason;
  std::string message;
  bool operator==(const Trouble&) const = default;
};

struct PolicyView {
  std::shared_ptr<const PolicyRecord> policy;
  /// False while a store that a decision needs has not been listed: nothing can be said yet.
  bool synced = false;
  /// Set when the target cannot be scaled; `target` says nothing then.
  std::optional<Trouble> target_trouble{};
  TargetObservation target{};
  std::string target_resource_version{};
  std::string selector{};
  bool scaled_by_us = false;  // the replicas that the target has now are of our writing
  /// Set when something else scales the target.
  std::optional<Trouble> conflict{};
  /// One per signal: why its source cannot be asked.
  std::vector<std::optional<Trouble>> signal_troubles{};
};

}  // namespace poolscaler::controllers
