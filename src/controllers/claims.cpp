#include "claims.hpp"

#include <fmt/format.h>

#include <tuple>

namespace poolscaler::controllers {
namespace {

bool older(const PolicyRecord& a, const PolicyRecord& b) {
  return std::tie(a.created, a.uid) < std::tie(b.created, b.uid);
}

/// Paused policies and those with errors keep their claim, so that neither a pause nor a typo hands
/// a target over.
bool may_write(const PolicyRecord& policy) {
  return !policy.deleting && (policy.spec == nullptr || policy.spec->mode != Mode::Recommend);
}

const std::set<ObjectKey> nobody;

}  // namespace

std::string claim_key(const std::string& ns, const TargetRef& target) {
  const auto slash = target.api_version.find('/');
  const auto group = slash == std::string::npos ? "" : target.api_version.substr(0, slash);
  return fmt::format("{}\n{}\n{}\n{}", ns, group, target.kind, target.name);
}

std::set<ObjectKey> Claims::move(Place& place, std::set<ObjectKey> Claimants::*list,
                                 const ObjectKey& who, const std::optional<std::string>& to) {
  std::set<ObjectKey> touched;
  if (const auto from = place.find(who); from != place.end()) {
    if (to && from->second == *to) return touched;
    const auto claimants = claimants_.find(from->second);
    (claimants->second.*list).erase(who);
    touched = claimants->second.policies;
    if (claimants->second.empty()) claimants_.erase(claimants);
    place.erase(from);
  }
  if (to) {
    auto& claimants = claimants_[*to];
    (claimants.*list).insert(who);
    place[who] = *to;
    touched.insert(claimants.policies.begin(), claimants.policies.end());
  }
  return touched;
}

std::set<ObjectKey> Claims::claim(const ObjectKey& policy, const std::optional<TargetRef>& target) {
  std::optional<std::string> to;
  if (target) to = claim_key(policy.ns, *target);
  return move(policies_, &Claimants::policies, policy, to);
}

std::set<ObjectKey> Claims::claim(RivalKind kind, const ObjectKey& rival,
                                  const std::optional<TargetRef>& target) {
  std::optional<std::string> to;
  if (target) to = claim_key(rival.ns, *target);
  return kind == RivalKind::ScaledObject
             ? move(scaled_objects_, &Claimants::scaled_objects, rival, to)
             : move(autoscalers_, &Claimants::autoscalers, rival, to);
}

std::vector<ObjectKey> Claims::rivals(RivalKind kind) const {
  std::vector<ObjectKey> out;
  for (const auto& [key, place] : kind == RivalKind::ScaledObject ? scaled_objects_ : autoscalers_)
    out.push_back(key);
  return out;
}

const std::set<ObjectKey>& Claims::policies_of(const std::string& ns,
                                               const TargetRef& target) const {
  const auto found = claimants_.find(claim_key(ns, target));
  return found == claimants_.end() ? nobody : found->second.policies;
}

std::optional<Trouble> Claims::conflict(const PolicyRecord& policy, const Find& find) const {
  if (!policy.target) return std::nullopt;
  const auto found = claimants_.find(claim_key(policy.key.ns, *policy.target));
  if (found == claimants_.end()) return std::nullopt;
  const auto& claimants = found->second;
  const auto target = policy.target->text();
  // KEDA makes an HPA for each ScaledObject; the ScaledObject is what a person can change.
  if (!claimants.scaled_objects.empty())
    return Trouble{Reason::ConflictingAutoscaler,
                   fmt::format("ScaledObject '{}' scales {} too; delete it or this policy",
                               claimants.scaled_objects.begin()->name, target)};
  if (!claimants.autoscalers.empty())
    return Trouble{
        Reason::ConflictingAutoscaler,
        fmt::format("HorizontalPodAutoscaler '{}' scales {} too; delete it or this policy",
                    claimants.autoscalers.begin()->name, target)};
  const PolicyRecord* owner = may_write(policy) ? &policy : nullptr;
  for (const auto& key : claimants.policies) {
    const auto* rival = find(key);
    if (rival == nullptr || rival->key == policy.key || !may_write(*rival)) continue;
    if (owner == nullptr || older(*rival, *owner)) owner = rival;
  }
  if (owner == nullptr || owner == &policy) return std::nullopt;
  return Trouble{Reason::ConflictingPolicy,
                 fmt::format("the older ScalingPolicy '{}' scales {}; delete one of the two",
                             owner->key.name, target)};
}

}  // namespace poolscaler::controllers
