// What a predecessor did in the moment before it ended, and could not write down: between a scale
// write and its status lies a window in which a process can die. Nothing is written beforehand for
// it: the API server notes who gave the replicas their value, and the status says what they were
// before.

#include <fmt/format.h>

#include "notes.hpp"
#include "poolscaler/engine/decide.hpp"
#include "steps.hpp"

namespace poolscaler::controllers {
namespace {

/// The change of the present replicas, when they are of our writing and no status tells of it. The
/// server notes who wrote them, not when: it counts as made now, so that a limit holds once more
/// for its whole time, and no longer.
std::optional<engine::Scaling> untold_change(const PolicyRuntime& runtime, const PolicyView& view,
                                             Instant now) {
  if (!view.scaled_by_us) return std::nullopt;
  engine::Scaling change{.at = now, .from = std::nullopt, .to = view.target.spec_replicas};
  const auto& told = runtime.told;
  if (!told.any || runtime.memory.target_uid != view.target.uid) return change;
  if (told.current == change.to) return std::nullopt;
  change.from = told.current;
  return change;
}

std::string text_of(const engine::Scaling& change, const TargetRef& target) {
  const auto from = change.from ? fmt::format(" from {}", *change.from) : std::string();
  return fmt::format("Scaled {}{} to {} before a restart", target.text(), from, change.to);
}

}  // namespace

void Rounds::Steps::recover_scale(PolicyRuntime& runtime, const PolicyView& view) {
  runtime.taken_over = false;
  const auto change = untold_change(runtime, view, parts_.clock.now());
  if (!change) return;
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
