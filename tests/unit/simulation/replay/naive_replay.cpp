#include "naive_replay.hpp"

#include <algorithm>

namespace poolscaler::replay::testing {
namespace {

struct Replica {
  std::int64_t ready_at;
  bool ready;
  bool draining = false;
  bool gone = false;
  std::vector<std::int64_t> ends{};  // of the requests that run
};

struct World {
  const Load& load;
  const NaiveSetup& setup;
  std::vector<Replica> replicas{};
  std::vector<std::size_t> queue{};
  NaiveFigures figures{};
  std::size_t arrived = 0;
  std::int64_t inflight_micros = 0;

  [[nodiscard]] bool measured(std::int64_t t) const { return setup.begin <= t && t <= setup.end; }

  Replica* freest() {
    Replica* best = nullptr;
    for (auto& replica : replicas) {
      if (!replica.ready || replica.draining || replica.gone) continue;
      if (std::ssize(replica.ends) >= setup.slots) continue;
      if (best == nullptr || replica.ends.size() < best->ends.size()) best = &replica;
    }
    return best;
  }

  void hand_out(std::int64_t now) {
    while (!queue.empty()) {
      auto* const replica = freest();
      if (replica == nullptr) return;
      const auto& request = load.requests[queue.front()];
      queue.erase(queue.begin());
      replica->ends.push_back(now + request.service.count());
      if (!measured(request.arrival.count())) continue;
      const auto wait = now - request.arrival.count();
      figures.waits.push_back(wait);
      figures.delayed += wait > setup.delayed_above ? 1 : 0;
    }
  }

  bool complete(std::int64_t now) {
    std::size_t ended = 0;
    for (auto& replica : replicas) {
      ended += std::erase(replica.ends, now);
      if (replica.draining && replica.ends.empty()) replica.gone = true;
    }
    return ended > 0;
  }

  /// Until nothing ends any more: requests without length end at once.
  void settle(std::int64_t now) {
    do hand_out(now);
    while (complete(now));
  }

  [[nodiscard]] Sight look(std::int64_t now) const {
    Sight sight{.now = Micros(now),
                .waiting = std::ssize(queue),
                .slots = setup.slots,
                .arrivals = static_cast<std::int64_t>(arrived),
                .inflight_micros = inflight_micros};
    for (const auto& replica : replicas) {
      sight.running += std::ssize(replica.ends);
      if (replica.gone || replica.draining) continue;
      sight.ready += replica.ready ? 1 : 0;
      sight.starting += replica.ready ? 0 : 1;
      sight.running_on_ready += std::ssize(replica.ends);
    }
    for (std::size_t i = 0; i < arrived; ++i)
      sight.arrivals_last_minute += load.requests[i].arrival.count() > now - 60'000'000 ? 1 : 0;
    return sight;
  }

  void grow(std::int32_t by, std::int64_t now, bool from_zero) {
    for (std::int32_t i = 0; i < by; ++i)
      replicas.push_back({.ready_at = now + setup.cold_start, .ready = false});
    if (!measured(now)) return;
    figures.cold_starts += by;
    figures.starts_from_zero += from_zero ? 1 : 0;
  }

  void shrink_by_one() {
    for (auto replica = replicas.rbegin(); replica != replicas.rend(); ++replica)
      if (!replica->ready && !replica->gone) {
        replica->gone = true;
        return;
      }
    Replica* victim = nullptr;
    for (auto& replica : replicas) {
      if (replica.gone || replica.draining) continue;
      if (victim == nullptr || replica.ends.size() <= victim->ends.size()) victim = &replica;
    }
    victim->draining = true;
    victim->gone = victim->ends.empty();
  }

  void evaluate(std::int64_t now, const Rule& rule) {
    const auto sight = look(now);
    const auto wanted = rule(sight);
    if (wanted > sight.current()) grow(wanted - sight.current(), now, sight.current() == 0);
    for (auto n = sight.current(); n > wanted; --n) shrink_by_one();
  }

  void make_ready(std::int64_t now) {
    for (auto& replica : replicas)
      if (!replica.gone && replica.ready_at == now) replica.ready = true;
  }

  void instant(std::int64_t now, const Rule& rule) {
    complete(now);
    make_ready(now);
    settle(now);
    while (arrived < load.requests.size() && load.requests[arrived].arrival.count() == now) {
      queue.push_back(arrived++);
      settle(now);
    }
    if (now > 0 && now % setup.period == 0) evaluate(now, rule);
    make_ready(now);
    settle(now);
  }

  void pass_one(std::int64_t now) {
    inflight_micros += look(now).inflight();
    if (now < setup.begin || now >= setup.end) return;
    for (const auto& replica : replicas) figures.replica_micros += replica.gone ? 0 : 1;
  }
};

}  // namespace

NaiveFigures naive_replay(const Load& load, const NaiveSetup& setup, const Rule& rule) {
  World world{.load = load, .setup = setup};
  for (std::int32_t i = 0; i < setup.at_start; ++i)
    world.replicas.push_back({.ready_at = -1, .ready = true});
  const auto left = [&] {
    return std::ranges::any_of(world.queue, [&](std::size_t i) {
      return world.measured(load.requests[i].arrival.count());
    });
  };
  for (std::int64_t now = 0; now <= setup.end || left(); ++now) {
    world.instant(now, rule);
    world.pass_one(now);
  }
  return std::move(world.figures);
}

Bounds naive_bounds(const Load& load, const NaiveSetup& setup) {
  const auto needed_at = [&](std::int64_t t) {
    std::int64_t count = 0;
    for (const auto& request : load.requests)
      count += request.arrival.count() <= t && t < (request.arrival + request.service).count();
    return (count + setup.slots - 1) / setup.slots;
  };
  Bounds bounds;
  for (std::int64_t t = 0; t <= load.end.count(); ++t)
    bounds.peak = std::max(bounds.peak, needed_at(t));
  std::int64_t work = 0;
  for (std::int64_t t = setup.begin; t < setup.end; ++t)
    for (const auto& request : load.requests)
      work += request.arrival.count() <= t && t < (request.arrival + request.service).count();
  bounds.work_replica_seconds = static_cast<double>(work) / 1e6 / setup.slots;
  std::int64_t cost = 0;
  for (std::int64_t layer = 1; layer <= bounds.peak; ++layer) {
    std::int64_t gap = 0;  // since the last need, or since the begin
    for (std::int64_t t = setup.begin; t <= setup.end; ++t) {
      if (needed_at(t) < layer) {
        ++gap;
        continue;
      }
      cost += std::min(gap, setup.cold_start);
      cost += t < setup.end ? 1 : 0;
      gap = 0;
    }
  }
  bounds.zero_wait_replica_seconds = static_cast<double>(cost) / 1e6;
  return bounds;
}

}  // namespace poolscaler::replay::testing
