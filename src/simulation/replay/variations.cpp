#include "poolscaler/simulation/replay/variations.hpp"

#include <algorithm>
#include <array>

#include "poolscaler/base/random.hpp"

namespace poolscaler::replay {
namespace {

struct Variation {
  double later = 0;           // seconds
  double amount = 1;          // of requests, times those recorded
  bool in_stretches = false;  // of the record, drawn at random
};

constexpr Variation stretched{.in_stretches = true};
/// The first ones tell most: of long loads there is time for few.
constexpr std::array<Variation, variations_max> kinds = {{stretched,
                                                          {.amount = 1.25},
                                                          {.amount = 0.8},
                                                          stretched,
                                                          {.amount = 1.4, .in_stretches = true},
                                                          {.amount = 0.7, .in_stretches = true},
                                                          stretched,
                                                          {.later = 3.7},
                                                          stretched,
                                                          {.amount = 1.6},
                                                          {.amount = 0.6},
                                                          stretched,
                                                          {.later = 7.1},
                                                          stretched,
                                                          {.amount = 1.25, .in_stretches = true},
                                                          {.amount = 0.8, .in_stretches = true},
                                                          stretched,
                                                          stretched,
                                                          {.later = 11.3},
                                                          stretched,
                                                          stretched,
                                                          stretched,
                                                          stretched}};

constexpr std::int64_t stretches = 20;
constexpr Micros stretch_least{60'000'000};
constexpr Micros day{std::chrono::hours(24)};
/// A request that is added comes near the one that it is like.
constexpr double near_seconds = 1;

void in_order(Load& load) {
  std::ranges::stable_sort(load.requests, {}, &Request::arrival);
}

Load later(Load load, double seconds) {
  const auto by = micros_of(seconds);
  for (auto& request : load.requests) request.arrival += by;
  load.end += by;
  return load;
}

/// Each request `amount` times on average.
Load with_amount(const Load& load, double amount, Random& random) {
  auto varied = load;
  varied.requests.clear();
  for (const auto& request : load.requests) {
    if (random.fraction() < amount) varied.requests.push_back(request);
    if (random.fraction() >= amount - 1) continue;
    const auto by = micros_of(near_seconds * (2 * random.fraction() - 1));
    varied.requests.push_back({.arrival = std::clamp(request.arrival + by, Micros(0), load.end),
                               .service = request.service});
  }
  in_order(varied);
  return varied;
}

/// The same time of another day, so that what depends on the hour still does.
Micros on_some_day(const Load& load, Micros at, Micros length, Random& random) {
  const auto time = at % day;
  const auto last = std::max(load.end - length, time);
  const auto days = (last - time) / day + 1;
  return time + day * static_cast<std::int64_t>(random.fraction() * static_cast<double>(days));
}

/// The record as a ring, cut into stretches that begin anywhere, or on any day.
Load of_stretches(const Load& load, Random& random) {
  auto varied = load;
  varied.requests.clear();
  const auto length = std::max(load.end / stretches, stretch_least);
  for (Micros at{0}; at < load.end; at += length) {
    const auto take = [&](Micros from) {
      auto request = std::ranges::lower_bound(load.requests, from, {}, &Request::arrival);
      for (; request != load.requests.end() && request->arrival < from + length; ++request)
        if (const auto arrival = at + (request->arrival - from); arrival < load.end)
          varied.requests.push_back({.arrival = arrival, .service = request->service});
    };
    const auto from = load.end >= 2 * day ? on_some_day(load, at, length, random)
                                          : micros_of(random.fraction() * seconds_of(load.end));
    take(from);
    take(from - load.end);
  }
  in_order(varied);
  return varied;
}

}  // namespace

std::vector<Load> variations_of(const Load& load, std::size_t count) {
  std::vector<Load> all;
  for (std::size_t i = 0; i < std::min(count, kinds.size()); ++i) {
    Random random(i);
    const auto& kind = kinds[i];
    auto varied = kind.in_stretches ? of_stretches(load, random) : load;
    if (kind.amount != 1) varied = with_amount(varied, kind.amount, random);
    if (kind.later > 0) varied = later(std::move(varied), kind.later);
    all.push_back(std::move(varied));
  }
  return all;
}

}  // namespace poolscaler::replay
