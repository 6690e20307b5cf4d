// Claims: who scales what. Found in one look-up per target, however many policies there are.
// Not thread-safe: ClusterState guards it.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "pod_index.hpp"
#include "poolscaler/controllers/policy_view.hpp"

namespace poolscaler::controllers {

enum class RivalKind { HorizontalPodAutoscaler, ScaledObject };

/// What a target is for all who may claim it: the version of its API does not matter.
[[nodiscard]] std::string claim_key(const std::string& ns, const TargetRef& target);

class Claims {
 public:
  /// Notes, moves or (without a target) withdraws the claim of a policy. Returns the policies whose
  /// rivals have changed by it, itself included.
  std::set<ObjectKey> claim(const ObjectKey& policy, const std::optional<TargetRef>& target);
  /// The same for an HPA or a ScaledObject; returns policies alone.
  std::set<ObjectKey> claim(RivalKind kind, const ObjectKey& rival,
                            const std::optional<TargetRef>& target);

  [[nodiscard]] std::vector<ObjectKey> rivals(RivalKind kind) const;
  /// The policies that claim a target.
  [[nodiscard]] const std::set<ObjectKey>& policies_of(const std::string& ns,
                                                       const TargetRef& target) const;

  using Find = std::function<const PolicyRecord*(const ObjectKey&)>;
  /// Why `policy` must leave its target alone: an HPA or a ScaledObject scales it, or an older
  /// policy does. Policies in mode Recommend stand in nobody's way.
  [[nodiscard]] std::optional<Trouble> conflict(const PolicyRecord& policy, const Find& find) const;

 private:
  struct Claimants {
    std::set<ObjectKey> policies;
    std::set<ObjectKey> autoscalers;
    std::set<ObjectKey> scaled_objects;
    [[nodiscard]] bool empty() const {
      return policies.empty() && autoscalers.empty() && scaled_objects.empty();
    }
  };
  using Place = std::unordered_map<ObjectKey, std::string, ObjectKeyHash>;

  std::set<ObjectKey> move(Place& place, std::set<ObjectKey> Claimants::*list, const ObjectKey& who,
                           const std::optional<std::string>& to);

  std::unordered_map<std::string, Claimants> claimants_;
  Place policies_;
  Place autoscalers_;
  Place scaled_objects_;
};

}  // namespace poolscaler::controllers
