#include "poolscaler/query/derived.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "poolscaler/base/check.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/query/planner.hpp"

namespace poolscaler::query {
namespace {

/// The less is known about the data, the graver.
int gravity(SignalState state) {
  constexpr std::array order{SignalState::Zero,       SignalState::Value,   SignalState::Absent,
                             SignalState::Stale,      SignalState::NotANumber,
                             SignalState::Partial,    SignalState::Error};
  return static_cast<int>(std::ranges::find(order, state) - order.begin());
}

const MetricSelector& part_of(const DerivedQuery& query, std::size_t index) {
  return index < query.terms.size() ? query.terms[index]
                                    : query.divisor[index - query.terms.size()];
}

std::size_t part_count(const DerivedQuery& query) {
  return query.terms.size() + query.divisor.size();
}

double sum_of(std::span<const SignalReading> readings) {
  return std::accumulate(readings.begin(), readings.end(), 0.0,
                         [](double sum, const auto& reading) { return sum + reading.value; });
}

/// Whether nothing having happened is what makes it zero.
bool counts_events(const MetricSelector& selector) {
  return selector.range_function == RangeFunction::Rate ||
         selector.range_function == RangeFunction::Increase;
}

SignalReading of_number(double value, std::optional<double> age, std::string_view how) {
  if (!std::isfinite(value))
    return {.state = SignalState::NotANumber,
            .age_seconds = age,
            .detail = fmt::format("the value is {}{}", brief(value), how)};
  if (value == 0) return {.state = SignalState::Zero, .value = 0, .age_seconds = age};
  return {.state = SignalState::Value, .value = value, .age_seconds = age};
}

}  // namespace

bool has_derived(std::span<const SignalQuery> signals) {
  return std::ranges::any_of(signals, [](const SignalQuery& signal) {
    return std::holds_alternative<DerivedQuery>(signal.query);
  });
}

SignalReading derived_reading(const DerivedQuery& query, std::span<const SignalReading> parts) {
  CHECK(!query.terms.empty() && parts.size() == part_count(query), "one reading for each part");
  std::optional<double> age;
  std::size_t gravest = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (gravity(parts[i].state) > gravity(parts[gravest].state)) gravest = i;
    if (parts[i].age_seconds) age = std::max(age.value_or(0), *parts[i].age_seconds);
  }
  if (!is_usable(parts[gravest].state)) {
    SignalReading reading = parts[gravest];
    reading.detail = capped(fmt::format("{}: {}", part_of(query, gravest).metric, reading.detail),
                            detail_bytes_max);
    return reading;
  }
  const double above = sum_of(parts.first(query.terms.size()));
  if (query.divisor.empty()) return of_number(query.scale * above, age, "");
  const double below = sum_of(parts.subspan(query.terms.size()));
  const bool idle =
      above == 0 && below == 0 && std::ranges::all_of(query.divisor, counts_events);
  if (idle) return of_number(0, age, "");
  return of_number(query.scale * (above / below), age,
                   fmt::format(" ({} / {})", brief(above), brief(below)));
}

std::vector<Sign> signs_of(const SignalQuery& signal, double above) {
  const auto* derived = std::get_if<DerivedQuery>(&signal.query);
  if (derived == nullptr) return {{.query = signal, .above = above}};
  // Of a sum above a value, one term is above its even share of it. A ratio may be above anything
  // as soon as it is there.
  const bool bounded = derived->divisor.empty() && derived->scale > 0;
  const double share = bounded ? above / derived->scale / static_cast<double>(derived->terms.size())
                               : -std::numeric_limits<double>::infinity();
  std::vector<Sign> signs;
  for (const auto& term : derived->terms)
    signs.push_back({.query = {.source = signal.source,
                               .ns = signal.ns,
                               .query = term,
                               .max_age_seconds = signal.max_age_seconds},
                     .above = std::nextafter(share, -std::numeric_limits<double>::infinity())});
  return signs;
}

Parts::Parts(std::span<const SignalQuery> signals) : signals_(signals) {
  for (const auto& signal : signals) {
    const auto* derived = std::get_if<DerivedQuery>(&signal.query);
    if (derived == nullptr) {
      queries_.push_back(signal);
      continue;
    }
    for (std::size_t i = 0; i < part_count(*derived); ++i)
      queries_.push_back({.source = signal.source,
                          .ns = signal.ns,
                          .query = part_of(*derived, i),
                          .max_age_seconds = signal.max_age_seconds});
  }
}

std::vector<SignalReading> Parts::combined(std::vector<SignalReading> readings) const {
  CHECK(readings.size() == queries_.size(), "one reading for each query");
  std::vector<SignalReading> whole;
  whole.reserve(signals_.size());
  std::size_t next = 0;
  for (const auto& signal : signals_) {
    const auto* derived = std::get_if<DerivedQuery>(&signal.query);
    if (derived == nullptr) {
      whole.push_back(std::move(readings[next++]));
      continue;
    }
    const auto count = part_count(*derived);
    whole.push_back(derived_reading(*derived, std::span(readings).subspan(next, count)));
    next += count;
  }
  return whole;
}

}  // namespace poolscaler::query
