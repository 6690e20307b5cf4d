// The levers: how each changes a situation, how far it goes, and how it is told.
#pragma once

#include <vector>

#include "poolscaler/explain/why_not.hpp"

namespace poolscaler::explain {

/// One lever of a situation, with the amounts between which it acts.
struct Handle {
  Lever lever;
  std::size_t signal = 0;  // index of it; of Lever::Schedule that of the window
  bool graded = false;  // it has an amount
  bool whole = false;   // of whole numbers
  /// What suffices is known of the amount alone, and not of all beyond it: the formula that reads
  /// the signal need not rise with it.
  bool exact = false;
  bool rises = true;    // of an exact one: its amount lies above what it is
  double now = 0;       // as it is
  double full = 0;      // as favourable as it can be
};

/// Those that could do anything for the direction, in the order in which people look for them.
[[nodiscard]] std::vector<Handle> handles_of(const Situation& situation, Trend direction);

/// The lever at `amount`; ungraded ones ignore it. Not for Lever::Wait.
void pull(Situation& situation, Trend direction, const Handle& handle, double amount);

/// How many rounds pass before the decision moves that way while all inputs stay; nothing when it
/// does not within everything that is remembered.
[[nodiscard]] std::optional<int> rounds_until_move(const Situation& situation, Trend direction);
/// The situation `rounds` later.
[[nodiscard]] Situation after_rounds(Situation situation, int rounds);

/// How a lever at a sufficient amount is told. `beyond`: the amount itself is not enough yet.
[[nodiscard]] std::string told(const Situation& situation, Trend direction, const Handle& handle,
                               double amount, bool beyond);

}  // namespace poolscaler::explain
