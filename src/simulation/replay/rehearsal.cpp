#include "rehearsal.hpp"

#include <algorithm>

#include "poolscaler/simulation/replay/variations.hpp"

namespace poolscaler::replay {
namespace {

constexpr double seconds_per_request = 80e-9;
constexpr double seconds_per_round = 600e-9;
constexpr Micros round{5'000'000};
/// Rounds in a longer gap are passed over by most settings.
constexpr Micros awake_at_most{600'000'000};
/// Beyond what is not measured, so much of a load tells something.
constexpr Micros told_least{1'800'000'000};

double seconds_to_play(const Load& load) {
  Micros awake{0};
  Micros before{0};
  for (const auto& request : load.requests) {
    awake += std::min(request.arrival - before, awake_at_most);
    before = request.arrival;
  }
  awake += std::min(load.end - before, awake_at_most);
  return static_cast<double>(load.requests.size()) * seconds_per_request +
         static_cast<double>(awake / round + 1) * seconds_per_round;
}

/// What is left of a load keeps its hours, so that a schedule means the same.
Micros whole_hours(Micros time) { return std::chrono::floor<std::chrono::hours>(time); }

}  // namespace

double seconds_to_play(const std::vector<Case>& cases) {
  double seconds = 0;
  for (const auto& one : cases) seconds += seconds_to_play(one.load);
  return seconds;
}

Load from(const Load& load, Micros begin) {
  auto rest = load;
  const auto first = std::ranges::lower_bound(rest.requests, begin, {}, &Request::arrival);
  rest.requests.erase(rest.requests.begin(), first);
  for (auto& request : rest.requests) request.arrival -= begin;
  rest.end -= begin;
  rest.began += begin;
  return rest;
}

Rehearsals::Rehearsals(std::vector<Case> whole, const Setup& setup)
    : whole_(std::move(whole)), setup_(setup), seconds_(seconds_to_play(whole_)) {}

Result<Rehearsals> Rehearsals::of(const std::vector<Load>& loads, const Setup& setup) {
  auto whole = cases_of(loads, setup);
  if (!whole) return fail(whole.error());
  return Rehearsals(std::move(*whole), setup);
}

Rehearsal Rehearsals::varied(std::size_t variations) const {
  Rehearsal all{.cases = whole_};
  std::vector<std::vector<Load>> varied;
  for (const auto& one : whole_) varied.push_back(variations_of(one.load, variations));
  for (std::size_t i = 0; i < variations; ++i) {
    std::vector<Load> loads;
    for (auto& load : varied) loads.push_back(std::move(load[i]));
    // As long as the whole, so there is as much to measure.
    std::ranges::move(cases_of(std::move(loads), setup_).value(), std::back_inserter(all.cases));
  }
  all.variations = variations;
  all.seconds = seconds_to_play(all.cases);
  return all;
}

Rehearsal Rehearsals::end_of_it(double part) const {
  std::vector<Load> loads;
  Micros left{0};
  Micros all{0};
  for (const auto& one : whole_) {
    const auto& load = one.load;
    const auto least = one.measured.begin + told_least;
    const auto wanted = micros_of(seconds_of(load.end) * part);
    const auto begin = whole_hours(std::max(load.end - std::max(wanted, least), Micros(0)));
    loads.push_back(from(load, begin));
    left += loads.back().end;
    all += load.end;
  }
  Rehearsal end{.cases = cases_of(std::move(loads), setup_).value(),
                .part = seconds_of(left) / seconds_of(all)};
  end.seconds = seconds_to_play(end.cases);
  return end;
}

Rehearsal Rehearsals::within(double seconds) const {
  if (seconds < seconds_) return end_of_it(seconds / seconds_);
  const auto variations = std::min(seconds / seconds_ - 1, static_cast<double>(variations_max));
  return varied(static_cast<std::size_t>(variations));
}

}  // namespace poolscaler::replay
