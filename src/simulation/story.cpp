#include "poolscaler/simulation/story.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "story_text.hpp"

namespace poolscaler::simulation {
namespace {

/// What was seen when the chapter came true; nothing when it did not.
using Seen = std::optional<std::string>;

Seen load_begins(const StoryNotes& notes, const SandboxView& view) {
  if (!notes.load_began) return std::nullopt;
  return fmt::format("{} requests a second arrive", rate_text(view.arriving_per_second));
}

Seen wakes(const StoryNotes& notes, const SandboxView& view) {
  if (!notes.woke) return std::nullopt;
  return fmt::format("0 -> {}, {} after the first request", view.asked,
                     seconds_text(*notes.woke - *notes.load_began));
}

/// One ready pod would not show that it grows with its load.
constexpr int ready_at_least = 2;

Seen pods_become_ready(const StoryNotes& notes, const SandboxView& view) {
  if (view.ready < ready_at_least) return std::nullopt;
  return fmt::format("{} of {}, {} after it woke", view.ready, view.asked,
                     seconds_text(view.since_start - *notes.woke));
}

constexpr double shrunk_to = 0.8;

Seen queue_shrinks(const StoryNotes& notes, const SandboxView& view) {
  if (view.waiting > shrunk_to * notes.waiting_peak) return std::nullopt;
  return fmt::format("from {} waiting down to {}", requests_text(notes.waiting_peak),
                     requests_text(view.waiting));
}

Seen pause_passes(const StoryNotes& notes, const SandboxView& view) {
  if (notes.pause == Millis{0}) return std::nullopt;
  return fmt::format("still {} after a pause of {}", replicas_text(view.asked),
                     seconds_text(notes.pause));
}

std::string nodes_text(int nodes) { return fmt::format("{} node{}", nodes, nodes == 1 ? "" : "s"); }

Seen node_comes_along(const StoryNotes& notes, const SandboxView& view) {
  if (view.nodes_asked == 0) return std::nullopt;
  return fmt::format("{} asked for, {} after it woke", nodes_text(view.nodes_asked),
                     seconds_text(view.since_start - *notes.woke));
}

Seen cap_holds(const StoryNotes&, const SandboxView& view) {
  const int needed =
      (view.wanted + example_replicas_per_node - 1) / example_replicas_per_node;
  if (!view.capped || view.nodes_asked == 0 || needed <= view.nodes_asked) return std::nullopt;
  return fmt::format("{} of {} nodes, at most {} $/h", view.nodes_asked, needed, shown(view.cap));
}

Seen node_goes(const StoryNotes& notes, const SandboxView& view) {
  if (view.nodes_asked > 0 || view.nodes > 0) return std::nullopt;
  return fmt::format("{} -> 0, {} after the last pod", notes.nodes_before,
                     seconds_text(view.since_start - *notes.pods_gone));
}

Seen load_ends(const StoryNotes& notes, const SandboxView& view) {
  if (!notes.load_ended) return std::nullopt;
  return fmt::format("{} waiting, {} of {} pods ready", requests_text(view.waiting), view.ready,
                     view.asked);
}

Seen returns_to_zero(const StoryNotes& notes, const SandboxView& view) {
  if (view.asked > 0 || view.pods > 0 || view.ready > 0) return std::nullopt;
  return fmt::format("{} -> 0, {} after the last request", notes.asked_before,
                     seconds_text(view.since_start - *notes.load_ended));
}

struct Plot {
  std::string_view title;
  Seen (*comes_true)(const StoryNotes&, const SandboxView&);
};

/// In this order; each is looked at only when those before it came true.
constexpr std::array plots = {
    Plot{"the load begins", load_begins},
    Plot{"it wakes from zero", wakes},
    Plot{"a node comes along", node_comes_along},
    Plot{"the cap holds", cap_holds},
    Plot{"pods become ready", pods_become_ready},
    Plot{"the queue shrinks", queue_shrinks},
    Plot{"the pause keeps it awake", pause_passes},
    Plot{"the load ends", load_ends},
    Plot{"back to zero", returns_to_zero},
    Plot{"the node goes", node_goes},
};

/// What must not be, whichever chapter is next; empty when all is well.
std::string breach_in(const StoryNotes& notes, const SandboxView& view) {
  if (!notes.load_began && view.asked > 0)
    return fmt::format("it had {} before the first request", replicas_text(view.asked));
  if (!notes.load_began && view.nodes_asked > 0)
    return fmt::format("it had {} before the first request", nodes_text(view.nodes_asked));
  if (view.hourly > view.cap)
    return fmt::format("its nodes cost {} an hour, past the cap of {}", shown(view.hourly),
                       shown(view.cap));
  if (view.nodes < notes.nodes_last && view.pods > 0)
    return fmt::format("a node went while there were {} pods", view.pods);
  if (!notes.woke || view.asked > 0) return {};
  if (notes.paused)
    return fmt::format("it went to zero in the pause, {} after the load paused",
                       seconds_text(view.since_start - *notes.paused));
  if (view.arriving_per_second > 0)
    return fmt::format("it went to zero while {} requests a second arrived",
                       rate_text(view.arriving_per_second));
  if (view.waiting >= 1)
    return fmt::format("it went to zero with {} requests waiting", requests_text(view.waiting));
  return {};
}

}  // namespace

Story::Story(Millis limit) : limit_(limit) {
  for (const auto& plot : plots) chapters_.push_back({.title = std::string(plot.title)});
}

void Story::take_notes(const SandboxView& view) {
  const bool arrives = view.arriving_per_second > 0;
  at_ = view.since_start;
  if (arrives && !notes_.load_began) notes_.load_began = at_;
  if (notes_.load_began && view.asked > 0 && !notes_.woke) notes_.woke = at_;
  if (view.load_ended && !notes_.load_ended) notes_.load_ended = at_;
  const bool pauses = notes_.load_began && !arrives && !view.load_ended;
  if (pauses && !notes_.paused) notes_.paused = at_;
  if (!pauses && notes_.paused) {
    if (arrives) notes_.pause = at_ - *notes_.paused;
    notes_.paused.reset();
  }
  notes_.waiting_peak = std::max(notes_.waiting_peak, view.waiting);
  notes_.replicas_peak = std::max(notes_.replicas_peak, view.asked);
  if (view.asked > 0) notes_.asked_before = view.asked;
  if (view.nodes > 0) notes_.nodes_before = view.nodes;
  if (view.pods > 0) notes_.pods_gone.reset();
  if (view.pods == 0 && !notes_.pods_gone) notes_.pods_gone = at_;
  notes_.hourly_peak = std::max(notes_.hourly_peak, view.hourly);
  spent_ = view.spent;
}

void Story::observe(const SandboxView& view) {
  if (ended()) return;
  take_notes(view);
  breach_ = breach_in(notes_, view);
  notes_.nodes_last = view.nodes;
  if (!breach_.empty()) return;
  while (next_ < plots.size()) {
    auto seen = plots[next_].comes_true(notes_, view);
    if (!seen) break;
    chapters_[next_].at = at_;
    chapters_[next_].seen = std::move(*seen);
    ++next_;
  }
  if (!as_told() && at_ > limit_)
    breach_ = fmt::format("'{}' had not come true after {}", chapters_[next_].title,
                          clock_text(limit_));
}

bool Story::ended() const { return as_told() || !breach_.empty(); }

bool Story::as_told() const { return next_ == plots.size(); }

std::string Story::summary() const {
  std::string text;
  for (const auto& chapter : chapters_)
    text += fmt::format("  {:>7}  {:<24}  {}\n", chapter.at ? clock_text(*chapter.at) : "-",
                        chapter.title,
                        chapter.at ? fitted(chapter.seen, 42) : "did not come true");
  text += fmt::format("\n  At most {} requests waited; it asked for at most {}.\n",
                      requests_text(notes_.waiting_peak), replicas_text(notes_.replicas_peak));
  text += fmt::format("  Its nodes cost {} $, at most {} $ an hour.\n", shown(spent_),
                      shown(notes_.hourly_peak));
  if (as_told()) return text + fmt::format("  The story went as told, in {}.\n", clock_text(at_));
  return text + fmt::format("  The story did not go as told: {}.\n",
                            breach_.empty() ? "it was ended after " + clock_text(at_) : breach_);
}

}  // namespace poolscaler::simulation
