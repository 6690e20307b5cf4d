// The story that `poolscaler sandbox` tells, as a chain of chapters that must come true in order:
// the load begins, the target wakes from zero, a node is asked for with it, the cap grants no more
// than it pays for, pods become ready, the queue shrinks, a pause does not take it to zero, the
// load ends, back to zero, the node goes. Pure: it is shown views and says what it saw. It is told
// only when every chapter came true in order and nothing went against it in between: replicas or
// nodes before the first request, zero while the load pauses, arrives or waits, nodes past the cap,
// or a node that goes while it has pods.
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
  std::string seen{};  // "0 -> 3 replicas, 1.2 s after the load began"
};

/// What chapters and breaches are measured against.
struct StoryNotes {
  std::optional<Millis> load_began{};
  std::optional<Millis> woke{};
  std::optional<Millis> paused{};   // when the load paused; unset when it does not pause now
  std::optional<Millis> load_ended{};
  Millis pause{0};                  // how long the last pause was that the load came back from
  double waiting_peak = 0;
  int replicas_peak = 0;
  int asked_before = 0;             // the last number but zero
  std::optional<Millis> pods_gone{};
  int nodes_before = 0;             // the last number but zero
  int nodes_last = 0;
  HourlyRate hourly_peak{};
};

class Story {
 public:
  /// It has failed when it has not ended after this long.
  explicit Story(Millis limit = Millis(150'000));

  void observe(const SandboxView& view);
  [[nodiscard]] bool ended() const;      // told, or failed
  [[nodiscard]] bool as_told() const;    // every chapter came true
  [[nodiscard]] const std::vector<Chapter>& chapters() const { return chapters_; }
  /// What went against the story; empty when nothing did.
  [[nodiscard]] const std::string& breach() const { return breach_; }
  /// Several lines: each chapter with its time, what is missing, figures, the verdict.
  [[nodiscard]] std::string summary() const;

 private:
  void take_notes(const SandboxView& view);

  Millis limit_;
  std::vector<Chapter> chapters_;
  std::size_t next_ = 0;
  StoryNotes notes_{};
  Millis at_{0};
  Amount spent_{};
  std::string breach_{};
};

enum class Glyphs { Ascii, Unicode };

/// How the story looks while it runs, at most 80 columns wide. Pure: it turns views into text. What
/// came from objects is shown with everything but printable ASCII escaped.
class StoryView {
 public:
  /// `live`: a table that is redrawn in place (a terminal); otherwise one line per change.
  /// `colour`: escape sequences for colours, only together with `live`.
  /// `glyphs`: Unicode where the terminal is known to show it, only together with `live`.
  StoryView(bool live, bool colour, Glyphs glyphs = Glyphs::Ascii)
      : live_(live), colour_(colour && live), glyphs_(live ? glyphs : Glyphs::Ascii) {}

  /// What to write now; empty when there is nothing new to say.
  [[nodiscard]] std::string draw(const SandboxView& view, const Story& story);

 private:
  /// The charts' columns: the highest of each value within one period.
  struct Column {
    double arriving = 0;
    double waiting = 0;
    int asked = 0;
    int ready = 0;
  };
  void remember(const SandboxView& view);
  [[nodiscard]] std::vector<std::string> frame(const SandboxView& view, const Story& story) const;
  [[nodiscard]] std::vector<std::string> charts(const SandboxView& view) const;
  [[nodiscard]] std::vector<std::string> told(const Story& story) const;
  [[nodiscard]] std::string redrawn(const SandboxView& view, const Story& story);
  [[nodiscard]] std::string lines(const SandboxView& view, const Story& story);
  [[nodiscard]] std::string painted(std::string_view style, std::string_view text) const;

  bool live_;
  bool colour_;
  Glyphs glyphs_;
  std::vector<Column> columns_{};
  Millis period_{1200};
  std::size_t drawn_lines_ = 0;
  std::size_t chapters_told_ = 0;
  std::optional<SandboxView> last_{};
};

}  // namespace poolscaler::simulation
