#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/simulation/story.hpp"

namespace poolscaler::simulation {
namespace {

constexpr std::size_t columns_max = 79;
constexpr int bar_cells = 24;
constexpr double bar_full = 48;
constexpr Millis line_period{5000};

constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view dim = "\x1b[2m";
constexpr std::string_view green = "\x1b[32m";
constexpr std::string_view plain = "\x1b[0m";

std::string clock_text(Millis at) {
  const auto seconds = at.count() / 1000;
  return fmt::format("{:02}:{:02}", seconds / 60, seconds % 60);
}

std::string bar(double value) {
  const auto cells = static_cast<int>(std::ceil(std::clamp(value / bar_full, 0.0, 1.0) * bar_cells));
  return std::string(static_cast<std::size_t>(cells), '#') +
         std::string(static_cast<std::size_t>(bar_cells - cells), '.');
}

/// One box a replica: ready, starting, asked for.
std::string boxes(const SandboxView& view) {
  std::string text;
  for (int i = 0; i < std::max({view.asked, view.pods}); ++i)
    text += i < view.ready ? "[#]" : i < view.pods ? "[~]" : "[ ]";
  return text.empty() ? "none" : text;
}

std::string why(const SandboxView& view) {
  if (view.reason.empty()) return "(no decision yet)";
  const auto text = escaped(view.message);
  return text.empty() ? view.reason : view.reason + ": " + text;
}

bool differs(const SandboxView& a, const SandboxView& b) {
  return a.asked != b.asked || a.ready != b.ready || a.pods != b.pods || a.reason != b.reason ||
         (a.arriving_per_second > 0) != (b.arriving_per_second > 0);
}

}  // namespace

std::string StoryView::draw(const SandboxView& view, const Story& story) {
  if (!live_) return lines(view, story);
  const auto text = table(view, story);
  const auto height = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  // Back to the first line of the last drawing, and clear everything below.
  std::string out = drawn_lines_ > 0 ? fmt::format("\x1b[{}F\x1b[J", drawn_lines_) : "";
  drawn_lines_ = height;
  return out + text;
}

std::string StoryView::table(const SandboxView& view, const Story& story) const {
  const auto paint = [&](std::string_view colour, std::string_view text) {
    return colour_ ? fmt::format("{}{}{}", colour, text, plain) : std::string(text);
  };
  const auto row = [&](std::string_view name, const std::string& value) {
    return fmt::format("  {:<10} {}\n", name, capped(value, columns_max - 13));
  };
  std::string text = paint(bold, fmt::format("poolscaler sandbox  {}", clock_text(view.since_start)));
  text += "\n\n";
  text += row("target", fmt::format("Deployment {}/{}", example_namespace, example_name));
  text += row("load", fmt::format("{:.0f} requests a second{}", view.arriving_per_second,
                                  view.load_ended ? ", ended" : ""));
  text += row("queue", fmt::format("{} {:.0f}", bar(view.waiting), std::floor(view.waiting)));
  text += row("replicas", fmt::format("{} asked, {} ready  {}", view.asked, view.ready, boxes(view)));
  text += row("reason", why(view));
  text += "\n";
  for (const auto& chapter : story.chapters()) {
    const bool done = chapter.at.has_value();
    const auto line = capped(fmt::format("  {} {}  {:<22} {}", done ? "*" : " ",
                                         done ? clock_text(*chapter.at) : "     ", chapter.title,
                                         chapter.seen),
                             columns_max);
    text += paint(done ? green : dim, line) + "\n";
  }
  return text;
}

std::string StoryView::lines(const SandboxView& view, const Story& story) {
  std::string text;
  if (!begun_) text += "time   load/s  queue  asked  pods  ready  reason\n";
  const bool due = view.since_start - last_line_ >= line_period;
  if (!begun_ || due || differs(view, last_)) {
    last_line_ = view.since_start;
    text += capped(fmt::format("{}  {:>6.0f} {:>6.0f} {:>6} {:>5} {:>6}  {}",
                               clock_text(view.since_start), view.arriving_per_second,
                               std::floor(view.waiting), view.asked, view.pods, view.ready,
                               why(view)),
                   160) +
            "\n";
  }
  begun_ = true;
  last_ = view;
  for (; chapters_told_ < story.chapters().size(); ++chapters_told_) {
    const auto& chapter = story.chapters()[chapters_told_];
    if (!chapter.at) break;
    text += fmt::format("{}  == {}: {}\n", clock_text(*chapter.at), chapter.title, chapter.seen);
  }
  return text;
}

}  // namespace poolscaler::simulation
