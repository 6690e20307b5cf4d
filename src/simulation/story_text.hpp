// How the story and its view write times and figures, so that both read alike. Results have only
// printable ASCII.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "poolscaler/base/time.hpp"

namespace poolscaler::simulation {

/// "1:04.2", minutes without a limit.
[[nodiscard]] std::string clock_text(Millis since_start);
/// "1.2 s".
[[nodiscard]] std::string seconds_text(Millis duration);
/// Whole requests; a part of one counts as one.
[[nodiscard]] std::string requests_text(double requests);
/// "1 replica", "5 replicas".
[[nodiscard]] std::string replicas_text(int replicas);
/// "7.5" or "7".
[[nodiscard]] std::string rate_text(double per_second);
/// Everything but printable ASCII as \xNN (or \n, \t), then cut to `columns` with "..." at the end.
[[nodiscard]] std::string fitted(std::string_view text, std::size_t columns);

/// The same over two lines, broken at a blank where there is one; the second may be empty.
[[nodiscard]] std::array<std::string, 2> fitted_in_two(std::string_view text, std::size_t columns);

}  // namespace poolscaler::simulation
