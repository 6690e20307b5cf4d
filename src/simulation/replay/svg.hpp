// Charts as inline SVG. Colours are CSS variables of the page, so that they follow its theme.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace poolscaler::replay {

/// For text and attributes of HTML.
[[nodiscard]] std::string html_escaped(std::string_view text);

struct Axis {
  double least;
  double most;
  std::string unit{};
};

/// One chart: a frame with round grid lines, into which series are drawn.
class Chart {
 public:
  Chart(std::string title, Axis x, Axis y);

  using Points = std::vector<std::pair<double, double>>;
  /// Colours are names of the page's palette: "a" to "h".
  void line(const Points& points, std::string_view colour);
  void steps(const Points& points, std::string_view colour);
  void area(const Points& upper, const Points& lower, std::string_view colour);
  void bar(double from, double to, std::pair<double, double> heights, std::string_view colour);
  void dot(double x, double y, std::string_view colour, const std::string& tip);
  /// Larger, with a rim, above what was drawn before.
  void mark(double x, double y, std::string_view colour, const std::string& tip);
  void level(double y, const std::string& label);

  [[nodiscard]] std::string svg() const;

 private:
  [[nodiscard]] double across(double x) const;
  [[nodiscard]] double down(double y) const;
  [[nodiscard]] std::string path(const Points& points, bool stepped) const;

  std::string title_;
  Axis x_;
  Axis y_;
  std::string body_;
};

/// Round numbers within the axis, at most about `count`.
[[nodiscard]] std::vector<double> round_ticks(const Axis& axis, int count);
/// A time as an axis shows it: "90 s", "12 min", "3 h", "2 d", by the span of the axis.
[[nodiscard]] std::string time_tick(double seconds, double span);

}  // namespace poolscaler::replay
