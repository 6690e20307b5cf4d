#include "poolscaler/simulation/replay/shared_study.hpp"

#include "poolscaler/simulation/replay/shared.hpp"
#include "scribe.hpp"

namespace poolscaler::replay {
namespace {

/// Plays them; `recorders` has one for each, or none at all.
SharedTally play(const std::vector<Sharer>& sharers, const std::vector<Case>& cases,
                 const Setup& setup, const std::vector<Recorder*>& recorders,
                 const Watching& watching) {
  std::vector<std::unique_ptr<Scaler>> scalers;
  std::vector<Part> parts;
  for (std::size_t i = 0; i < sharers.size(); ++i) {
    scalers.push_back(sharers[i].make(cases[i]));
    parts.push_back({.load = cases[i].load,
                     .scaler = *scalers.back(),
                     .drawing = sharers[i].drawing,
                     .recorder = recorders.empty() ? nullptr : recorders[i]});
  }
  auto own = setup;
  own.measured = cases.front().measured;
  return replay_together(parts, own, watching).value();
}

}  // namespace

Study study_together(const std::vector<Sharer>& sharers, std::vector<Case> cases,
                     const Setup& setup, const std::function<bool(Micros)>& progress) {
  auto shared = play(sharers, cases, setup, {}, {.progress = progress});
  Study result{.setup = setup, .cases = std::move(cases), .bounds = {}, .standings = {}};
  PoolBill bill{.pool = setup.estate->pool.name,
                .spending = std::move(shared.spending),
                .shares = std::move(shared.shares)};
  for (std::size_t i = 0; i < sharers.size(); ++i) {
    bill.restarted += shared.tallies[i].restarted;
    auto& standing = result.standings.emplace_back(
        Standing{.name = sharers[i].name, .role = Role::Policy, .ran = {}});
    standing.ran.push_back({.label = "", .total = figures_of(std::move(shared.tallies[i]))});
    const auto& total = standing.ran.front().total;
    standing.points.push_back({.share = total.delayed_share,
                               .hours = total.replica_hours(),
                               .wait_p99 = total.wait_p99});
    if (total.requests > 0) standing.frontier = frontier_of(standing.points);
    result.bounds.add(result.cases[i].bounds);
  }
  result.pool = std::move(bill);
  return result;
}

std::vector<Timeline> timelines_together(const std::vector<Sharer>& sharers, const Study& study) {
  std::vector<Timeline> timelines;
  for (std::size_t i = 0; i < sharers.size(); ++i)
    timelines.push_back(empty_timeline(sharers[i].name, study.cases[i]));
  timelines.push_back(empty_timeline(study.pool->pool, study.cases.front()));
  timelines.back().has_nodes = true;
  timelines.back().is_pool = true;
  std::vector<Scribe> scribes;
  scribes.reserve(timelines.size());
  for (auto& timeline : timelines) scribes.emplace_back(timeline, study.setup.delayed_above);
  std::vector<Recorder*> recorders;
  for (std::size_t i = 0; i < sharers.size(); ++i) {
    scribes[i].demand_of(study.cases[i].load, study.setup.slots);
    recorders.push_back(&scribes[i]);
  }
  static_cast<void>(play(sharers, study.cases, study.setup, recorders,
                         {.recorder = &scribes.back()}));
  for (auto& scribe : scribes) scribe.finish();
  return timelines;
}

}  // namespace poolscaler::replay
