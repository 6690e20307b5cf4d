#include "table.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "poolscaler/money/integral.hpp"

namespace poolscaler::replay {
namespace {

/// Columns on a screen: bytes that do not continue a character.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - width_of(row[i]), ' ');
      line += i == 0 ? row[i] + pad : "  " + pad + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string hours_text(double hours) {
  return hours < 10 ? fmt::format("{:.2f}", hours) : fmt::format("{:.1f}", hours);
}

std::string cost_text(double hours, HourlyRate price) {
  constexpr double hour = 3.6e6;
  return shown(money::cost_of(price, Millis(std::llround(hours * hour))));
}

std::string share_text(double share) { return fmt::format("{:.2f} %", share * 100); }

std::string seconds_text(double seconds) {
  return seconds < 100 ? fmt::format("{:.1f} s", seconds) : fmt::format("{:.0f} s", seconds);
}

std::vector<std::string> wait_cells(const Figures& f) {
  if (f.requests == 0) return std::vector<std::string>(6, std::string(no_figure));
  return {share_text(f.delayed_share), seconds_text(f.wait_mean), seconds_text(f.wait_p50),
          seconds_text(f.wait_p95),    seconds_text(f.wait_p99),  seconds_text(f.wait_max)};
}

std::string bound_text(const Study& study, double replica_seconds) {
  return study.has_requests() ? hours_text(replica_seconds / 3600) : std::string(no_figure);
}

}  // namespace poolscaler::replay
