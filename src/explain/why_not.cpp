#include "poolscaler/explain/why_not.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "levers.hpp"
#include "poolscaler/base/text.hpp"

namespace poolscaler::explain {
namespace {

constexpr int halvings_max = 120;

/// A lever that is pulled, and how far.
struct Pulled {
  Handle handle;
  double amount;
  bool beyond = false;  // the amount is just past what is told
  double shown = 0;
};

class Search {
 public:
  Search(const Situation& situation, Trend direction)
      : situation_(situation), direction_(direction) {}

  /// The situation under these levers, but for waiting.
  [[nodiscard]] Situation under(const std::vector<Pulled>& pulled) const {
    auto other = situation_;
    for (const auto& one : pulled) pull(other, direction_, one.handle, one.amount);
    return other;
  }

  [[nodiscard]] bool suffices(const std::vector<Pulled>& pulled) const {
    const auto other = under(pulled);
    const bool may_wait = std::ranges::any_of(
        pulled, [](const Pulled& one) { return one.handle.lever == Lever::Wait; });
    return may_wait ? rounds_until_move(other, direction_).has_value() : moves(other, direction_);
  }

  /// The same levers, each graded one brought back as far as it can be.
  [[nodiscard]] std::vector<Pulled> eased(std::vector<Pulled> pulled) const {
    for (auto& one : pulled) {
      if (!one.handle.graded) continue;
      if (one.handle.lever == Lever::Wait) continue;
      ease(pulled, one);
    }
    for (auto& one : pulled)
      if (one.handle.lever == Lever::Wait) one.amount = seconds_to_wait(pulled);
    return pulled;
  }

  [[nodiscard]] Way way_of(const std::vector<Pulled>& pulled) const {
    Way way;
    for (const auto& one : pulled)
      way.push_back({.lever = one.handle.lever,
                     .signal = one.handle.signal,
                     .amount = one.amount,
                     .text = told(situation_, direction_, one.handle,
                                  one.handle.lever == Lever::Wait ? one.amount : one.shown,
                                  one.beyond)});
    return way;
  }

 private:
  [[nodiscard]] double seconds_to_wait(const std::vector<Pulled>& pulled) const {
    const auto rounds = rounds_until_move(under(pulled), direction_);
    return static_cast<double>(rounds.value_or(0)) * situation_.policy.interval_seconds;
  }

  [[nodiscard]] bool suffices_at(std::vector<Pulled>& pulled, Pulled& one, double amount) const {
    const auto kept = one.amount;
    one.amount = amount;
    const bool enough = suffices(pulled);
    one.amount = kept;
    return enough;
  }

  /// Halves between what is not enough and what is. `one` is an element of `pulled`.
  void ease(std::vector<Pulled>& pulled, Pulled& one) const {
    const auto& handle = one.handle;
    double too_little = handle.now;
    double enough = one.amount;
    if (suffices_at(pulled, one, too_little)) {
      one.amount = one.shown = too_little;
      return;
    }
    const double grain = handle.whole ? 1 : 1e-9;
    for (int i = 0; i < halvings_max; ++i) {
      const double span = std::abs(enough - too_little);
      const double scale = handle.whole ? 1 : std::max(std::abs(enough), std::abs(too_little));
      if (span <= grain * scale) break;
      double middle = too_little + (enough - too_little) / 2;
      if (handle.whole) middle = std::floor(middle);
      if (middle == too_little || middle == enough) break;
      (suffices_at(pulled, one, middle) ? enough : too_little) = middle;
    }
    one.amount = one.shown = enough;
    if (!handle.whole) show_briefly(pulled, one, too_little);
  }

  /// People are told six digits: the brief number itself where it is enough, else that it lies
  /// beyond the number.
  void show_briefly(std::vector<Pulled>& pulled, Pulled& one, double too_little) const {
    const double rounded = std::strtod(brief(one.amount).c_str(), nullptr);
    if (suffices_at(pulled, one, rounded)) {
      one.amount = one.shown = rounded;
      return;
    }
    one.beyond = true;
    const double edge = std::strtod(brief(too_little).c_str(), nullptr);
    one.shown = suffices_at(pulled, one, edge) ? one.amount : edge;
  }

  const Situation& situation_;
  Trend direction_;
};

/// Every lever at its fullest, then the ones that are not needed let go again, settings first.
std::vector<Pulled> smallest_set(const Search& search, const std::vector<Handle>& handles) {
  std::vector<Pulled> pulled;
  for (const auto& handle : handles)
    pulled.push_back({.handle = handle, .amount = handle.full, .shown = handle.full});
  if (!search.suffices(pulled)) return {};
  for (std::size_t i = pulled.size(); i-- > 0;) {
    auto without = pulled;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    if (search.suffices(without)) pulled = std::move(without);
  }
  return pulled;
}

}  // namespace

bool moves(const Situation& situation, Trend direction) {
  const auto desired = situation.decide().decision.desired;
  const auto current = situation.observation.target.spec_replicas;
  return direction == Trend::Up ? desired > current : desired < current;
}

WhyNot why_not(const Situation& situation, Trend direction) {
  WhyNot answer{.direction = direction, .current = situation.observation.target.spec_replicas};
  if (moves(situation, direction)) {
    answer.happens = situation.decide().decision.desired;
    return answer;
  }
  const Search search(situation, direction);
  const auto handles = handles_of(situation, direction);
  for (const auto& handle : handles) {
    const std::vector<Pulled> one{{.handle = handle, .amount = handle.full, .shown = handle.full}};
    if (search.suffices(one)) answer.ways.push_back(search.way_of(search.eased(one)));
  }
  if (!answer.ways.empty()) return answer;
  const auto set = smallest_set(search, handles);
  if (!set.empty()) answer.ways.push_back(search.way_of(search.eased(set)));
  return answer;
}

Situation changed(const Situation& situation, Trend direction, const Way& way) {
  auto other = situation;
  double wait = 0;
  for (const auto& change : way) {
    const Handle handle{.lever = change.lever, .signal = change.signal};
    if (change.lever == Lever::Wait)
      wait = change.amount;
    else
      pull(other, direction, handle, change.amount);
  }
  const auto rounds = static_cast<int>(wait / situation.policy.interval_seconds);
  return rounds > 0 ? after_rounds(std::move(other), rounds) : other;
}

std::string text_of(const WhyNot& answer) {
  const std::string word = answer.direction == Trend::Up ? "up" : "down";
  if (answer.happens)
    return "scaling " + word + " happens now: " + std::to_string(answer.current) + " -> " +
           std::to_string(*answer.happens) + "\n";
  if (answer.ways.empty()) return "nothing that is known here would scale " + word + " now\n";
  const bool together = answer.ways.size() == 1 && answer.ways.front().size() > 1;
  std::string text = "to scale " + word + " now" +
                     (together                   ? ", all of this together:\n"
                      : answer.ways.size() == 1 ? ":\n"
                                                : ", one of these would do:\n");
  for (const auto& way : answer.ways)
    for (const auto& change : way) text += "  - " + change.text + "\n";
  return text;
}

}  // namespace poolscaler::explain
