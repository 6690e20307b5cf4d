#include "poolscaler/simulation/replay/replay.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/simulation/replay/shared.hpp"

namespace poolscaler::replay {
namespace {

constexpr Micros minute{60'000'000};

}  // namespace

Result<Interval> measured_of(const Load& load, const Setup& setup) {
  const Micros usual = setup.start == Start::Floor ? Micros(0) : Micros(600'000'000);
  const auto measured =
      setup.measured.value_or(Interval{setup.warm_up.value_or(usual), load.end});
  if (measured.begin < measured.end) return measured;
  return fail(ErrorKind::InvalidInput,
              fmt::format("{}: the trace ends at {} s, and what is measured begins at {} s: give a "
                          "shorter --warm-up or a longer trace",
                          load.name, brief(seconds_of(load.end)),
                          brief(seconds_of(measured.begin))));
}

std::int32_t replicas_at_start(const Load& load, const Setup& setup, const Scaler& scaler) {
  const auto least = scaler.min_replicas();
  if (setup.start == Start::Floor) return least;
  Micros work{0};
  for (const auto& request : load.requests) {
    if (request.arrival >= minute) break;
    work += request.service;
  }
  const auto per_replica = minute.count() * setup.slots;
  const auto needed = (work.count() + per_replica - 1) / per_replica;
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(needed, least, std::max(least, scaler.max_replicas())));
}

Result<Tally> replay(const Load& load, const Setup& setup, Scaler& scaler,
                     const Watching& watching) {
  const std::array parts = {
      Part{.load = load,
           .scaler = scaler,
           .drawing = setup.estate ? setup.estate->drawing : Drawing(),
           .recorder = watching.recorder}};
  auto shared = replay_together(parts, setup, watching);
  if (!shared) return fail(shared.error());
  auto& tally = shared->tallies.front();
  if (setup.estate) tally.spending = std::move(shared->spending);
  return std::move(tally);
}

}  // namespace poolscaler::replay
