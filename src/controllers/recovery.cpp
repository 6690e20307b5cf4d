// What a predecessor did in the moment before it ended, and could not write down: between a scale
// write and its status lies a window in which a process can die. Nothing is written beforehand for
// it: the API server notes who gave the replicas their value and when, and the status says what
// they were before.

#include <algorithm>
#include <fmt/format.h>

#include "notes.hpp"
#include "poolscaler/engine/decide.hpp"
#include "steps.hpp"

namespace poolscaler::controllers {
namespace {

/// The change of the present replicas, when they are of our writing and no status tells of it.
std::optional<engine::Scaling> untold_change(const PolicyRuntime& runtime,
                                             const PolicyView& view) {
  if (!view.scaled_by_us_at) return std::nullopt;
  const auto at = *view.scaled_by_us_at;
  const auto to = view.target.spec_replicas;
  const auto& told = runtime.told;
  if (!told.any || runtime.memory.target_uid != view.target.uid) {
    // Nobody has told of this policy or this target yet. What is older than both of them was
    // written for another policy. The server's times are whole seconds.
    const auto since = std::max(view.policy->created, view.target.created);
    if (at < since) return std::nullopt;
    return engine::Scaling{.at = at, .from = std::nullopt, .to = to};
  }
  if (told.current == to) return std::nullopt;
  return engine::Scaling{.at = at, .from = told.current, .to = to};
}

std::string text_of(const engine::Scaling& change, const TargetRef& target) {
  const auto from = change.from ? fmt::format(" from {}", *change.from) : std::string();
  return fmt::format("Scaled {}{} to {} at {}, before a restart", target.text(), from, change.to,
                     to_rfc3339(change.at));
}

}  // namespace

void Rounds::Steps::recover_scale(PolicyRuntime& runtime, const PolicyView& view) {
  runtime.taken_over = false;
  auto change = untold_change(runtime, view);
  if (!change) return;
  // The server's clock need not be ours: it was after the last change that we know of, and not in
  // the future.
  if (runtime.last_scale) change->at = std::max(change->at, runtime.last_scale->time);
  change->at = std::min(change->at, parts_.clock.now());
  const auto& policy = *view.policy;
  constexpr auto reason = Reason::ChangedBeforeRestart;
  if (runtime.memory.target_uid.empty()) runtime.memory.target_uid = view.target.uid;
  // What is remembered of a target that was made again is void, as the engine will say.
  if (runtime.memory.target_uid == view.target.uid)
    runtime.memory = engine::with_scaling(std::move(runtime.memory), *policy.spec, *change);
  runtime.last_scale =
      api::LastScale{.time = change->at, .from = change->from, .to = change->to, .reason = reason};
  const auto text = text_of(*change, *policy.target);
  parts_.log.info("found a change that was made before a restart",
                  {{"policy", policy.key.text()}, {"change", text}});
  note(note_on_policy(policy, reason, text));
}

}  // namespace poolscaler::controllers
