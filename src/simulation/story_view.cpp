#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "poolscaler/simulation/story.hpp"
#include "story_text.hpp"

namespace poolscaler::simulation {
namespace {

constexpr std::size_t width = 79;  // the last column stays free: some terminals wrap there
constexpr std::size_t chart_columns = 62;
constexpr int queue_rows = 3;

// Select Graphic Rendition.
constexpr std::string_view bold = "1";
constexpr std::string_view dim = "2";
constexpr std::string_view red = "31";
constexpr std::string_view green = "32";
constexpr std::string_view yellow = "33";
constexpr std::string_view blue = "34";
constexpr std::string_view cyan = "36";

constexpr std::array<std::string_view, 9> blocks = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 9> signs = {" ", ".", ".", ":", ":", "+", "+", "#", "#"};

const std::array<std::string_view, 9>& levels_of(Glyphs glyphs) {
  return glyphs == Glyphs::Unicode ? blocks : signs;
}

struct Marks {
  std::string_view done;
  std::string_view next;
  std::string_view later;
  std::string_view failed;
};

Marks marks_of(Glyphs glyphs) {
  if (glyphs == Glyphs::Unicode) return {.done = "✓", .next = "▸", .later = "·", .failed = "✗"};
  return {.done = "+", .next = ">", .later = ".", .failed = "x"};
}

/// How many eighths of row `row` (0 is the lowest) of a bar are filled; more than nothing shows.
std::size_t eighths(double part, int rows, int row) {
  const double filled = std::clamp(part, 0.0, 1.0) * rows * 8;
  const double at_least = row == 0 && part > 0 ? 1 : 0;
  return static_cast<std::size_t>(std::clamp(std::round(filled) - row * 8, at_least, 8.0));
}

std::string row_of(const std::string& label, const std::string& figure) {
  return fmt::format(" {:<6}{:>6}  ", label, fitted(figure, 6));
}

std::string target_name() { return fmt::format("{}/{}", example_namespace, example_name); }

std::string reason_of(const SandboxView& view) { return view.reason.empty() ? "-" : view.reason; }

}  // namespace

std::string StoryView::painted(std::string_view style, std::string_view text) const {
  return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", style, text) : std::string(text);
}

void StoryView::remember(const SandboxView& view) {
  const auto index_at = [&] {
    return static_cast<std::size_t>(std::max<Millis::rep>(view.since_start / period_, 0));
  };
  // Twice as long a period halves the columns, so that the whole story always fits.
  while (index_at() >= chart_columns) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto older = columns_[i];
      auto& into = columns_[i / 2];
      const bool first = i % 2 == 0;
      into = {.arriving = first ? older.arriving : std::max(into.arriving, older.arriving),
              .waiting = first ? older.waiting : std::max(into.waiting, older.waiting),
              .asked = first ? older.asked : std::max(into.asked, older.asked),
              .ready = first ? older.ready : std::max(into.ready, older.ready)};
    }
    columns_.resize((columns_.size() + 1) / 2);
    period_ *= 2;
  }
  while (columns_.size() <= index_at())
    columns_.push_back({.arriving = view.arriving_per_second,
                        .waiting = view.waiting,
                        .asked = view.asked,
                        .ready = view.ready});
  auto& now = columns_[index_at()];
  now.arriving = std::max(now.arriving, view.arriving_per_second);
  now.waiting = std::max(now.waiting, view.waiting);
  now.asked = view.asked;
  now.ready = view.ready;
}

std::vector<std::string> StoryView::charts(const SandboxView& view) const {
  Column highest{.arriving = 1, .waiting = 1, .asked = 1, .ready = 1};
  for (const auto& column : columns_)
    highest = {.arriving = std::max(highest.arriving, column.arriving),
               .waiting = std::max(highest.waiting, column.waiting),
               .asked = std::max({highest.asked, column.asked, column.ready})};
  const auto& levels = levels_of(glyphs_);
  const auto drawn = [&](int rows, int row, const auto& part_of) {
    std::string text;
    for (const auto& column : columns_) text += levels[eighths(part_of(column), rows, row)];
    return text;
  };
  const auto load = [&](const Column& c) { return c.arriving / highest.arriving; };
  const auto queue = [&](const Column& c) { return c.waiting / highest.waiting; };
  const auto asked = [&](const Column& c) { return static_cast<double>(c.asked) / highest.asked; };
  const auto ready = [&](const Column& c) { return static_cast<double>(c.ready) / highest.asked; };

  std::vector<std::string> lines;
  lines.push_back(row_of("load", rate_text(view.arriving_per_second) + "/s") +
                  painted(blue, drawn(1, 0, load)));
  for (int row = queue_rows - 1; row >= 0; --row)
    lines.push_back((row == 0 ? row_of("queue", requests_text(view.waiting)) : row_of("", "")) +
                    painted(yellow, drawn(queue_rows, row, queue)));
  lines.push_back(row_of("asked", std::to_string(view.asked)) + painted(cyan, drawn(1, 0, asked)));
  lines.push_back(row_of("ready", std::to_string(view.ready)) + painted(green, drawn(1, 0, ready)));
  return lines;
}

std::vector<std::string> StoryView::told(const Story& story) const {
  const auto marks = marks_of(glyphs_);
  std::vector<std::string> lines;
  bool reached = false;
  for (const auto& chapter : story.chapters()) {
    const auto text = [&](std::string_view at, std::string_view seen) {
      return fmt::format("{:>7}  {:<24}  {}", at, chapter.title, fitted(seen, width - 38));
    };
    if (chapter.at) {
      lines.push_back(" " + painted(green, marks.done) +
                      text(clock_text(*chapter.at), chapter.seen));
    } else if (reached) {
      lines.push_back(" " + painted(dim, fmt::format("{}{}", marks.later, text("", ""))));
    } else {
      const bool failed = !story.breach().empty();
      lines.push_back(" " + painted(failed ? red : bold,
                                    fmt::format("{}{}", failed ? marks.failed : marks.next,
                                                text("", ""))));
      reached = true;
    }
  }
  return lines;
}

std::vector<std::string> StoryView::frame(const SandboxView& view, const Story& story) const {
  std::vector<std::string> lines;
  lines.push_back(" " + painted(bold, "poolscaler sandbox") +
                  fmt::format("{:>{}}", clock_text(view.since_start), width - 20));
  lines.emplace_back();
  lines.push_back(" " + painted(dim, fmt::format("{:<24}{:>8}{:>10}{:>8}   {}", "TARGET", "QUEUE",
                                                 "REPLICAS", "READY", "REASON")));
  lines.push_back(fmt::format(" {:<24}{:>8}{:>10}{:>8}   ", fitted(target_name(), 24),
                              fitted(requests_text(view.waiting), 7),
                              fitted(std::to_string(view.asked), 9),
                              fitted(std::to_string(view.ready), 7)) +
                  painted(bold, fitted(reason_of(view), width - 54)));
  for (const auto& part : fitted_in_two(view.message, width - 2))
    lines.push_back(" " + painted(dim, part));
  lines.emplace_back();
  lines.push_back(" " + painted(dim, fmt::format("{:<24}{:>8}{:>8}{:>12}{:>12}{:>12}", "POOL",
                                                 "NODES", "READY", "$/H", "CAP $/H", "SPENT $")));
  lines.push_back(fmt::format(" {:<24}{:>8}{:>8}{:>12}{:>12}{:>12}", example_pool,
                              view.nodes_asked, view.nodes_ready, shown(view.hourly),
                              shown(view.cap), shown(view.spent)));
  lines.emplace_back();
  for (auto& line : charts(view)) lines.push_back(std::move(line));
  // At its end the chapters stand in the summary, with what is missing.
  if (story.ended()) return lines;
  lines.emplace_back();
  for (auto& line : told(story)) lines.push_back(std::move(line));
  return lines;
}

std::string StoryView::redrawn(const SandboxView& view, const Story& story) {
  const auto lines = frame(view, story);
  // Without automatic wrapping a terminal that is too narrow cuts lines and the frame keeps its
  // height. One write, so that nothing half-drawn is seen.
  std::string text = "\x1b[?7l";
  if (drawn_lines_ > 0) text += fmt::format("\x1b[{}A\r", drawn_lines_);
  for (const auto& line : lines) text += line + "\x1b[K\n";
  if (lines.size() < drawn_lines_) text += "\x1b[J";
  drawn_lines_ = lines.size();
  return text + "\x1b[?7h";
}

std::string StoryView::lines(const SandboxView& view, const Story& story) {
  std::string text;
  for (; chapters_told_ < story.chapters().size(); ++chapters_told_) {
    const auto& chapter = story.chapters()[chapters_told_];
    if (!chapter.at) break;
    text += fmt::format("{:>7}  * {}: {}\n", clock_text(*chapter.at), chapter.title,
                        fitted(chapter.seen, width - 37));
  }
  const bool changed = !last_ || last_->asked != view.asked || last_->ready != view.ready ||
                       last_->nodes_asked != view.nodes_asked ||
                       last_->nodes_ready != view.nodes_ready ||
                       last_->reason != view.reason;
  if (changed)
    text += fmt::format("{:>7}  queue {:<4} replicas {}/{}  nodes {}/{} {:>6} $/h  {}\n",
                        clock_text(view.since_start), requests_text(view.waiting), view.ready,
                        view.asked, view.nodes_ready, view.nodes_asked, shown(view.hourly),
                        fitted(reason_of(view), 28));
  return text;
}

std::string StoryView::draw(const SandboxView& view, const Story& story) {
  if (live_) remember(view);
  auto text = live_ ? redrawn(view, story) : lines(view, story);
  last_ = view;
  return text;
}

}  // namespace poolscaler::simulation
