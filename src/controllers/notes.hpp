// Events and their words: what a person reads in `kubectl describe`. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "poolscaler/controllers/policy_view.hpp"
#include "poolscaler/domain/decision.hpp"
#include "poolscaler/ports/cluster_writer.hpp"

namespace poolscaler::controllers {

/// "Scaled Deployment shop/web from 2 to 5: 'queue' 48 is above target 10 (wanted 5)".
[[nodiscard]] std::string scaled_note(const PolicyRecord& policy, const Decision& decision,
                                      std::int32_t from, std::int32_t to);
/// Why a decision changes the replicas: the signal that decided, or the reason's own text.
[[nodiscard]] std::string cause_text(const ScalingPolicy& spec, const Decision& decision);

[[nodiscard]] EventNote note_on_policy(const PolicyRecord& policy, Reason reason, std::string note);
[[nodiscard]] EventNote note_on_target(const PolicyRecord& policy, const std::string& target_uid,
                                       Reason reason, std::string note);

/// What a change of state is worth telling: at most one note per condition that matters.
[[nodiscard]] std::vector<EventNote> notes_of_change(const PolicyRecord& policy,
                                                     const StatusDigest& before,
                                                     const api::PolicyStatus& after);

}  // namespace poolscaler::controllers
