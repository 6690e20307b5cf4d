#include "svg.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"

namespace poolscaler::replay {
namespace {

constexpr double width = 640;
constexpr double height = 260;
constexpr double left = 70;
constexpr double right = 12;
constexpr double top = 12;
constexpr double bottom = 40;

/// Times have round steps of their own.
double time_step(double span, int count) {
  for (const double step : {1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 2 * 3600.0,
                            6 * 3600.0, 12 * 3600.0, 86'400.0, 2 * 86'400.0})
    if (span / step <= count) return step;
  return 7 * 86'400.0 * std::ceil(span / count / (7 * 86'400.0));
}

double round_step(double span, int count) {
  const double raw = span / count;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= raw) return factor * power;
  return 10 * power;
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : escaped(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::vector<double> round_ticks(const Axis& axis, int count) {
  const double span = axis.most - axis.least;
  if (!(span > 0)) return {axis.least};
  const double step = axis.unit == "time" ? time_step(span, count) : round_step(span, count);
  std::vector<double> ticks;
  for (double tick = std::ceil(axis.least / step) * step; tick <= axis.most + step * 1e-9;
       tick += step)
    ticks.push_back(tick);
  return ticks;
}

std::string time_tick(double seconds, double span) {
  if (span > 3 * 86'400) return fmt::format("{:.4g} d", seconds / 86'400);
  if (span > 3 * 3600) return fmt::format("{:.4g} h", seconds / 3600);
  if (span > 300) return fmt::format("{:.4g} min", seconds / 60);
  return fmt::format("{:.4g} s", seconds);
}

Chart::Chart(std::string title, Axis x, Axis y)
    : title_(std::move(title)), x_(std::move(x)), y_(std::move(y)) {
  if (!(y_.most > y_.least)) y_.most = y_.least + 1;
  if (!(x_.most > x_.least)) x_.most = x_.least + 1;
}

double Chart::across(double x) const {
  return left + (x - x_.least) / (x_.most - x_.least) * (width - left - right);
}

double Chart::down(double y) const {
  const double part = std::clamp((y - y_.least) / (y_.most - y_.least), 0.0, 1.0);
  return height - bottom - part * (height - top - bottom);
}

std::string Chart::path(const Points& points, bool stepped) const {
  std::string text;
  for (const auto& [x, y] : points) {
    if (text.empty())
      text += fmt::format("M{:.1f} {:.1f}", across(x), down(y));
    else if (stepped)
      text += fmt::format("H{:.1f}V{:.1f}", across(x), down(y));
    else
      text += fmt::format("L{:.1f} {:.1f}", across(x), down(y));
  }
  return text;
}

void Chart::line(const Points& points, std::string_view colour) {
  if (points.empty()) return;
  body_ += fmt::format("<path class=\"line c-{}\" d=\"{}\"/>", colour, path(points, false));
}

void Chart::steps(const Points& points, std::string_view colour) {
  if (points.empty()) return;
  body_ += fmt::format("<path class=\"line c-{}\" d=\"{}\"/>", colour, path(points, true));
}

void Chart::area(const Points& upper, const Points& lower, std::string_view colour) {
  if (upper.empty()) return;
  auto back = lower;
  std::ranges::reverse(back);
  auto shape = path(upper, false);
  for (const auto& [x, y] : back) shape += fmt::format("L{:.1f} {:.1f}", across(x), down(y));
  body_ += fmt::format("<path class=\"fill f-{}\" d=\"{}Z\"/>", colour, shape);
}

void Chart::bar(double from, double to, std::pair<double, double> heights,
                std::string_view colour) {
  if (heights.second <= heights.first) return;
  body_ += fmt::format(
      "<rect class=\"f-{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>", colour,
      across(from), down(heights.second), across(to) - across(from) + 0.2,
      down(heights.first) - down(heights.second));
}

void Chart::dot(double x, double y, std::string_view colour, const std::string& tip) {
  body_ += fmt::format(
      "<circle class=\"f-{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.6\"><title>{}</title></circle>",
      colour, across(x), down(y), html_escaped(tip));
}

void Chart::mark(double x, double y, std::string_view colour, const std::string& tip) {
  body_ += fmt::format(
      "<circle class=\"f-{} c-ink\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"6\"><title>{}</title></circle>",
      colour, across(x), down(y), html_escaped(tip));
}

void Chart::level(double y, const std::string& label) {
  if (y < y_.least || y > y_.most) return;
  body_ += fmt::format(
      "<path class=\"level\" d=\"M{:.1f} {:.1f}H{:.1f}\"/><text class=\"mark\" x=\"{:.1f}\" "
      "y=\"{:.1f}\">{}</text>",
      left, down(y), width - right, left + 6, down(y) + 16, html_escaped(label));
}

std::string Chart::svg() const {
  std::string grid;
  for (const double tick : round_ticks(y_, 5))
    grid += fmt::format(
        "<path class=\"grid\" d=\"M{:.1f} {:.1f}H{:.1f}\"/><text x=\"{:.1f}\" y=\"{:.1f}\" "
        "text-anchor=\"end\">{}{}</text>",
        left, down(tick), width - right, left - 6, down(tick) + 4, brief(tick), y_.unit);
  const double span = x_.most - x_.least;
  for (const double tick : round_ticks(x_, 6))
    grid += fmt::format(
        "<path class=\"grid\" d=\"M{:.1f} {:.1f}V{:.1f}\"/><text x=\"{:.1f}\" y=\"{:.1f}\" "
        "text-anchor=\"middle\">{}</text>",
        across(tick), top, height - bottom, across(tick), height - bottom + 24,
        x_.unit == "time" ? time_tick(tick, span) : brief(tick) + x_.unit);
  return fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}{}<path class=\"axis\" "
      "d=\"M{} {}H{}\"/></svg>",
      width, height, html_escaped(title_), grid, body_, left, height - bottom, width - right);
}

}  // namespace poolscaler::replay
