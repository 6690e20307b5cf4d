// Values of a signal that are worth trying where a formula need not rise with it.
#pragma once

#include <vector>

#include "poolscaler/explain/situation.hpp"

namespace poolscaler::explain {

/// Far beyond what any policy can be right for, and still far from where doubles lose digits.
inline constexpr double value_max = 1e12;

/// Whether more of any signal can never make the result less, as far as its shape tells: sums,
/// least and largest, and products with numbers that are not negative.
[[nodiscard]] bool rises_with_all(const Formula& formula);

/// Ascending and bounded in number: 0, the numbers that the formula itself holds, the other
/// signals' values and multiples of the signal's own, each with its surroundings, and round numbers
/// of every size.
[[nodiscard]] std::vector<double> probes(const Situation& situation, std::size_t signal);

}  // namespace poolscaler::explain
