#include "poolscaler/simulation/story.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace poolscaler::simulation {
namespace {

enum ChapterIndex : std::size_t {
  QueueRises,
  WokenFromZero,
  PodsReady,
  PauseWithoutZero,
  LoadEnds,
  BackToZero,
};

double seconds_of(Millis duration) { return static_cast<double>(duration.count()) / 1000.0; }

std::string clock_text(Millis at) {
  const auto seconds = at.count() / 1000;
  return fmt::format("{:02}:{:02}", seconds / 60, seconds % 60);
}

void first(std::optional<Millis>& fact, bool is_so, Millis now) {
  if (is_so && !fact) fact = now;
}

}  // namespace

Story::Story(Millis limit)
    : limit_(limit),
      chapters_{{.title = "The queue rises"},
                {.title = "Woken from zero"},
                {.title = "Pods become ready"},
                {.title = "A pause, and no zero"},
                {.title = "The load ends"},
                {.title = "Back to zero"}} {}

void Story::learn(const SandboxView& view) {
  auto& facts = facts_;
  const auto now = view.since_start;
  const bool arriving = view.arriving_per_second > 0;
  if (!facts.first_request && view.asked > 0) breach_ = "replicas were asked for before any request";
  first(facts.first_request, view.waiting >= 1, now);
  if (!facts.woken && view.asked > 0) facts.woken_to = view.asked;
  first(facts.woken, view.asked > 0, now);
  first(facts.ready, view.ready > 0, now);
  first(facts.resumed, facts.paused.has_value() && arriving, now);
  first(facts.paused, facts.first_request.has_value() && !arriving && !view.load_ended, now);
  const bool in_pause = facts.paused && !facts.resumed;
  if (in_pause && facts.woken && view.asked == 0) facts.zero_in_pause = true;
  first(facts.ended, view.load_ended, now);
  first(facts.drained, view.load_ended && view.waiting < 1, now);
  first(facts.zero, facts.drained && facts.woken && view.asked == 0 && view.pods == 0, now);
  facts.waiting_peak = std::max(facts.waiting_peak, view.waiting);
  facts.ready_peak = std::max(facts.ready_peak, view.ready);
  facts.asked_peak = std::max(facts.asked_peak, view.asked);
  if (facts.zero_in_pause) breach_ = "the pause took the target to zero before its idle time";
  if (facts.ended && !facts.drained && facts.woken && view.asked == 0)
    breach_ = "the target went to zero while requests were waiting";
}

std::optional<std::string> Story::told(std::size_t index, const SandboxView& view) const {
  const auto& facts = facts_;
  switch (static_cast<ChapterIndex>(index)) {
    case QueueRises:
      if (!facts.first_request) break;
      return fmt::format("{:.0f} requests a second arrive, nobody serves them",
                         view.arriving_per_second);
    case WokenFromZero:
      if (!facts.woken) break;
      return fmt::format("0 -> {} replicas, {:.1f} s after the first request", facts.woken_to,
                         seconds_of(*facts.woken - *facts.first_request));
    case PodsReady:
      if (!facts.ready) break;
      return fmt::format("the first is ready {:.1f} s after it was asked for",
                         seconds_of(*facts.ready - *facts.woken));
    case PauseWithoutZero:
      if (!facts.resumed) break;
      return fmt::format("{:.0f} s without a request, {} replicas kept",
                         seconds_of(*facts.resumed - *facts.paused), view.asked);
    case LoadEnds:
      if (!facts.drained) break;
      return fmt::format("everything is served, {} replicas left", view.asked);
    case BackToZero:
      if (!facts.zero) break;
      return fmt::format("no replica, no pod, {:.0f} s after the last request",
                         seconds_of(*facts.zero - *facts.ended));
  }
  return std::nullopt;
}

void Story::observe(const SandboxView& view) {
  if (ended()) return;
  now_ = view.since_start;
  learn(view);
  while (next_ < chapters_.size()) {
    auto seen = told(next_, view);
    if (!seen) return;
    chapters_[next_].at = now_;
    chapters_[next_].seen = std::move(*seen);
    ++next_;
  }
}

bool Story::as_told() const { return next_ == chapters_.size() && breach_.empty(); }

bool Story::ended() const {
  return next_ == chapters_.size() || !breach_.empty() || now_ >= limit_;
}

std::string Story::summary() const {
  std::string text;
  for (const auto& chapter : chapters_) {
    text += chapter.at ? fmt::format("  {}  {:<22} {}\n", clock_text(*chapter.at), chapter.title,
                                     chapter.seen)
                       : fmt::format("  --:--  {:<22} did not happen\n", chapter.title);
  }
  text += fmt::format("\nAt most {:.0f} requests waited, {} replicas were asked for, {} were ready.\n",
                      std::floor(facts_.waiting_peak), facts_.asked_peak, facts_.ready_peak);
  if (as_told()) {
    text += fmt::format("The story went as told, in {:.0f} seconds.\n", seconds_of(now_));
  } else if (!breach_.empty()) {
    text += fmt::format("The story went wrong: {}.\n", breach_);
  } else {
    text += fmt::format("The story did not end: after {:.0f} seconds it still waits for '{}'.\n",
                        seconds_of(now_), chapters_[next_].title);
  }
  return text;
}

}  // namespace poolscaler::simulation
