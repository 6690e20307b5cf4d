// The frame of the HTML report: its style and how a page is put together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace poolscaler::replay {

[[nodiscard]] std::string page_of(std::string_view title, std::string_view body);
[[nodiscard]] std::string html_table(const std::vector<std::vector<std::string>>& rows);

struct LegendEntry {
  std::string colour;
  std::string text;
};
[[nodiscard]] std::string legend_of(const std::vector<LegendEntry>& entries);

}  // namespace poolscaler::replay
