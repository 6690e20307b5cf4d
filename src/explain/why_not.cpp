#include "poolscaler/explain/why_not.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "levers.hpp"
#include "poolscaler/base/text.hpp"
#include "probes.hpp"

namespace poolscaler::explain {
namespace {

constexpr int halvings_max = 120;
constexpr std::size_t mixtures_max = 243;
/// Closer to zero a signal's value is told as zero.
constexpr double tiny = 1e-6;

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
    for (const auto& one : pulled) {
      auto handle = one.handle;
      handle.rises = one.amount > handle.now;
      const auto shown = handle.lever == Lever::Wait ? one.amount : one.shown;
      way.push_back({.lever = handle.lever,
                     .signal = handle.signal,
                     .amount = one.amount,
                     .text = told(situation_, direction_, handle, shown, one.beyond)});
    }
    return way;
  }

  /// The nearest value of a signal below and above that suffices alone, of those that are tried.
  [[nodiscard]] std::vector<std::vector<Pulled>> tried(const Handle& handle) const {
    const auto values = probes(situation_, handle.signal);
    const auto above = std::ranges::upper_bound(values, handle.now);
    const std::vector<double> up(above, values.end());
    std::vector<double> down(values.begin(), std::ranges::lower_bound(values, handle.now));
    std::ranges::reverse(down);
    std::vector<std::vector<Pulled>> found;
    if (handle.lever == Lever::Data) {  // there is no value now that one could start from
      if (auto one = first_of(handle, std::nullopt, values); !one.empty()) found.push_back(one);
      return found;
    }
    for (const auto& side : {up, down})
      if (auto one = first_of(handle, handle.now, side); !one.empty()) found.push_back(one);
    return found;
  }

 private:
  [[nodiscard]] std::vector<Pulled> first_of(const Handle& handle, std::optional<double> before,
                                             const std::vector<double>& values) const {
    for (const double value : values) {
      std::vector<Pulled> pulled{{.handle = handle, .amount = value, .shown = value}};
      if (!suffices(pulled)) {
        before = value;
        continue;
      }
      if (before) halve(pulled, pulled.front(), *before);
      return pulled;
    }
    return {};
  }

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

  /// Brings `one`, an element of `pulled`, back as far as it can be.
  void ease(std::vector<Pulled>& pulled, Pulled& one) const {
    if (suffices_at(pulled, one, one.handle.now))
      one.amount = one.shown = one.handle.now;
    else
      halve(pulled, one, one.handle.now);
  }

  /// Halves between what is not enough and what is.
  void halve(std::vector<Pulled>& pulled, Pulled& one, double too_little) const {
    const auto& handle = one.handle;
    double enough = one.amount;
    const double grain = handle.whole ? 1 : 1e-9;
    for (int i = 0; i < halvings_max; ++i) {
      const double span = std::abs(enough - too_little);
      const double scale =
          handle.whole ? 1 : std::max({std::abs(enough), std::abs(too_little), tiny});
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
    if (std::abs(one.amount) < tiny && std::abs(too_little) < tiny) {
      one.shown = 0;
      one.beyond = !suffices_at(pulled, one, 0);
      if (!one.beyond) one.amount = 0;
      return;
    }
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

/// Every lever at its fullest; of the signals that have no such value, the mixture of the extremes
/// and of what they are now that has this number. Nothing: there are no more mixtures.
std::optional<std::vector<Pulled>> mixture(const std::vector<Handle>& handles,
                                           std::size_t number) {
  std::vector<Pulled> pulled;
  for (const auto& handle : handles) {
    Pulled one{.handle = handle, .amount = handle.full, .shown = handle.full};
    if (handle.exact) {
      const auto choice = number % 3;
      number /= 3;
      if (choice == 1 && handle.lever == Lever::Signal) continue;
      if (choice == 1) one.amount = handle.now;
      if (choice == 2) one.amount = handle.full > 0 ? 0 : value_max;
      one.shown = one.amount;
    }
    pulled.push_back(one);
  }
  if (number > 0) return std::nullopt;
  return pulled;
}

/// Levers that are enough together, then the ones that are not needed let go again, settings first.
std::vector<Pulled> smallest_set(const Search& search, const std::vector<Handle>& handles) {
  std::vector<Pulled> pulled;
  for (std::size_t number = 0; number < mixtures_max && pulled.empty(); ++number) {
    auto mixed = mixture(handles, number);
    if (!mixed) break;
    if (search.suffices(*mixed)) pulled = *std::move(mixed);
  }
  for (std::size_t i = pulled.size(); i-- > 0;) {
    auto without = pulled;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    if (search.suffices(without)) pulled = std::move(without);
  }
  return pulled;
}

/// Each single change that suffices.
std::vector<std::vector<Pulled>> single_changes(const Search& search,
                                                const std::vector<Handle>& handles) {
  std::vector<std::vector<Pulled>> found;
  for (const auto& handle : handles) {
    if (handle.exact) {
      for (auto& one : search.tried(handle)) found.push_back(std::move(one));
      continue;
    }
    const std::vector<Pulled> one{{.handle = handle, .amount = handle.full, .shown = handle.full}};
    if (search.suffices(one)) found.push_back(search.eased(one));
  }
  return found;
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
  answer.tried_values = std::ranges::any_of(handles, &Handle::exact);
  for (const auto& one : single_changes(search, handles)) answer.ways.push_back(search.way_of(one));
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
  if (answer.ways.empty() && answer.tried_values)
    return "no change that would scale " + word +
           " now was found among the values tried: the formula need not rise with what it reads\n";
  if (answer.ways.empty()) return "nothing that is known here would scale " + word + " now\n";
  const bool together = answer.ways.size() == 1 && answer.ways.front().size() > 1;
  std::string text = "to scale " + word + " now" +
                     (together && answer.tried_values
                          ? ", all of this together (no single change was found among the values "
                            "tried):\n"
                      : together                ? ", all of this together:\n"
                      : answer.ways.size() == 1 ? ":\n"
                                                : ", one of these would do:\n");
  for (const auto& way : answer.ways)
    for (const auto& change : way) text += "  - " + change.text + "\n";
  return text;
}

}  // namespace poolscaler::explain
