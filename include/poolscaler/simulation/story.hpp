// The story that `poolscaler sandbox` tells, as a chain of chapters that must come true in order: the
// load begins, the target wakes from zero, pods become ready, the queue shrinks, a pause does not
// take it to zero, the load ends, back to zero. Pure: it is shown views and says what it saw.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/simulation/sandbox.hpp"

namespace poolscaler::simulation {

struct Chapter {
  std::string title;
  /// Unset until it came true.
  std::optional<Millis> at{};
  std::string seen{};  // "0 -> 3 replicas, 1.2 s after the first request"
};

class Story {
 public:
  /// It has failed when it has not ended after this long.
  explicit Story(Millis limit = Millis(150'000));

  void observe(const SandboxView& view);
  [[nodiscard]] bool ended() const;    // told, or failed
  [[nodiscard]] bool as_told() const;  // every chapter came true
  [[nodiscard]] const std::vector<Chapter>& chapters() const { return chapters_; }
  /// Several lines: each chapter with its time, figures, the verdict and what was missing.
  [[nodiscard]] std::string summary() const;

 private:
  /// What has been seen so far; each time is the first.
  struct Facts {
    std::optional<Millis> first_request{};
    std::optional<Millis> woken{};
    int woken_to = 0;
    std::optional<Millis> ready{};
    std::optional<Millis> paused{};
    std::optional<Millis> resumed{};
    bool zero_in_pause = false;
    std::optional<Millis> ended{};
    std::optional<Millis> drained{};  // after the end
    std::optional<Millis> zero{};     // after the end
    double waiting_peak = 0;
    int ready_peak = 0;
    int asked_peak = 0;
  };
  void learn(const SandboxView& view);
  /// What to say of chapter `index`, once it is true.
  [[nodiscard]] std::optional<std::string> told(std::size_t index, const SandboxView& view) const;

  Millis limit_;
  std::vector<Chapter> chapters_;
  std::size_t next_ = 0;
  Facts facts_{};
  Millis now_{0};
  std::string breach_{};  // what must not have happened
};

/// How the story looks while it runs. Pure: it turns views into text.
class StoryView {
 public:
  /// `live`: a table that is redrawn in place (a terminal); otherwise one line per change.
  /// `colour`: escape sequences for colours, only together with `live`.
  StoryView(bool live, bool colour) : live_(live), colour_(colour && live) {}

  /// What to write now; empty when there is nothing new to say.
  [[nodiscard]] std::string draw(const SandboxView& view, const Story& story);

 private:
  [[nodiscard]] std::string table(const SandboxView& view, const Story& story) const;
  [[nodiscard]] std::string lines(const SandboxView& view, const Story& story);

  bool live_;
  bool colour_;
  std::size_t drawn_lines_ = 0;
  bool begun_ = false;
  std::size_t chapters_told_ = 0;
  Millis last_line_{0};
  SandboxView last_{};
};

}  // namespace poolscaler::simulation
