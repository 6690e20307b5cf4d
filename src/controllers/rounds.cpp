#include "poolscaler/controllers/rounds.hpp"

#include <algorithm>

#include "steps.hpp"

namespace poolscaler::controllers {

Rounds::Rounds(RoundParts parts) : steps_(std::make_unique<Steps>(std::move(parts))) {}
Rounds::~Rounds() = default;
void Rounds::on_work(std::function<void()> notify) { steps_->on_work(std::move(notify)); }
void Rounds::begin() { steps_->begin(); }
Millis Rounds::step() { return steps_->step(); }

Rounds::Steps::Steps(RoundParts parts)
    : parts_(std::move(parts)),
      lanes_(parts_.reader, parts_.read_threads),
      history_lane_(parts_.reader, parts_.read_threads > 0),
      desk_({.state = parts_.state,
             .writes = parts_.writes,
             .events = parts_.events,
             .metrics = parts_.metrics,
             .log = parts_.log,
             .clock = parts_.clock}) {}

void Rounds::Steps::on_work(std::function<void()> notify) {
  parts_.state.on_change(notify);
  parts_.writes.on_done(notify);
  lanes_.on_read(notify);
  history_lane_.on_answer(std::move(notify));
}

void Rounds::Steps::begin() {
  (void)parts_.state.take_dirty();
  (void)parts_.state.take_sources_changed();
  take_sources();
  (void)parts_.state.take_catalogs_changed();
  take_catalogs();
  for (const auto& key : parts_.state.policy_keys()) take_change(key);
  parts_.state.stop_restoring();
  // What was taken over need not be kept twice.
  for (auto& [key, runtime] : runtimes_)
    if (const auto view = parts_.state.view(key)) runtime.policy = view->policy;
}

Millis Rounds::Steps::step() {
  take_results();
  take_changes();
  take_histories();
  conclude_all(lanes_.take_read());
  select();
  conclude_all(lanes_.take_read());
  ask_pools();
  const auto now = parts_.clock.monotonic();
  select_histories(now);
  auto next = std::min(schedule_.next().value_or(next_wake_), next_wake_);
  if (!histories_.empty() && history_lane_.is_free()) next = std::min(next, next_history_);
  return std::max(next_asking(next) - now, Millis{0});
}

}  // namespace poolscaler::controllers
