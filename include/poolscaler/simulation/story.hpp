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
  [[nodiscard]] bool ended() const;      // told, or failed
  [[nodiscard]] bool as_told() const;    // every chapter came true
  [[nodiscard]] const std::vector<Chapter>& chapters() const { return chapters_; }
  /// Several lines: each chapter with its time, what is missing, figures, the verdict.
  [[nodiscard]] std::string summary() const;

 private:
  void come_true(const SandboxView& view, std::string seen);
  [[nodiscard]] bool comes_true(const SandboxView& view, std::string& seen);

  Millis limit_;
  std::vector<Chapter> chapters_;
  std::size_t next_ = 0;
  SandboxView last_{};
  Millis load_began_{0};
  Millis paused_at_{0};
  Millis load_ended_{0};
  double waiting_peak_ = 0;
  int replicas_peak_ = 0;
  bool broken_ = false;
  std::string breach_{};
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
  [[nodiscard]] std::string line(const SandboxView& view) const;

  bool live_;
  bool colour_;
  std::size_t drawn_lines_ = 0;
  bool begun_ = false;
  std::size_t chapters_told_ = 0;
  SandboxView last_{};
};

}  // namespace poolscaler::simulation
