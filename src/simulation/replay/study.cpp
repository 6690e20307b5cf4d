#include "poolscaler/simulation/replay/study.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

namespace poolscaler::replay {
namespace {

Ran run(const Setting& setting, const std::vector<Case>& cases, const Setup& setup) {
  Ran ran{.label = setting.label, .is_default = setting.is_default};
  Tally total;
  for (const auto& one : cases) {
    const auto scaler = setting.make(one);
    auto own = setup;
    own.measured = one.measured;
    own.estate = setting.estate;
    auto tally = replay(one.load, own, *scaler).value();
    if (cases.size() > 1) ran.by_load.push_back(figures_of(tally));
    total.add(std::move(tally));
  }
  ran.total = figures_of(std::move(total));
  return ran;
}

void settle(Standing& standing) {
  for (const auto& ran : standing.ran)
    standing.points.push_back({.share = ran.total.delayed_share,
                               .hours = ran.total.replica_hours(),
                               .wait_p99 = ran.total.wait_p99});
  // Of no requests no share is delayed, and none can be reached.
  if (std::ranges::any_of(standing.ran, [](const Ran& ran) { return ran.total.requests > 0; }))
    standing.frontier = frontier_of(standing.points);
}

}  // namespace

std::string_view name_of(Role role) {
  switch (role) {
    case Role::Policy: return "policy";
    case Role::Family: return "family";
    case Role::Peer: return "peer";
    case Role::Oracle: return "oracle";
  }
  return "";
}

Result<std::vector<Case>> cases_of(std::vector<Load> loads, const Setup& setup) {
  std::vector<Case> cases;
  for (auto& load : loads) {
    const auto measured = measured_of(load, setup);
    if (!measured) return fail(measured.error());
    const auto bounds = bounds_of(load, setup, *measured);
    cases.push_back({.load = std::move(load),
                     .measured = *measured,
                     .bounds = bounds,
                     .max_replicas = usual_max_replicas(bounds)});
  }
  return cases;
}

void on_all_cores(std::size_t count, const Effort& effort,
                  const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::size_t done = 0;
  std::exception_ptr failure;
  const auto labour = [&] {
    for (auto index = next++; index < count; index = next++) {
      try {
        work(index);
      } catch (...) {
        const std::scoped_lock lock(mutex);
        if (!failure) failure = std::current_exception();
        next = count;
        return;
      }
      const std::scoped_lock lock(mutex);
      ++done;
      if (effort.progress) effort.progress(done, count);
    }
  };
  const auto cores = effort.threads != 0 ? effort.threads : std::thread::hardware_concurrency();
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < std::min<std::size_t>(std::max(cores, 1U), count); ++i)
      threads.emplace_back(labour);
    labour();
  }
  if (failure) std::rethrow_exception(failure);
}

std::vector<Standing> standings_of(const std::vector<Case>& cases, const Setup& setup,
                                   const std::vector<Contender>& contenders,
                                   const Effort& effort) {
  struct Job {
    const Setting* setting;
    Ran* ran;
  };
  std::vector<Standing> standings;
  for (const auto& contender : contenders) {
    auto& standing = standings.emplace_back(
        Standing{.name = contender.name, .role = contender.role, .ran = {}});
    standing.ran.resize(contender.settings.size());
  }
  std::vector<Job> jobs;
  for (std::size_t i = 0; i < contenders.size(); ++i)
    for (std::size_t j = 0; j < contenders[i].settings.size(); ++j)
      jobs.push_back({&contenders[i].settings[j], &standings[i].ran[j]});
  on_all_cores(jobs.size(), effort, [&](std::size_t index) {
    *jobs[index].ran = run(*jobs[index].setting, cases, setup);
  });
  for (auto& standing : standings) settle(standing);
  return standings;
}

Study study(std::vector<Case> cases, const Setup& setup, const std::vector<Contender>& contenders,
            const Effort& effort) {
  auto standings = standings_of(cases, setup, contenders, effort);
  Study result{.setup = setup,
               .cases = std::move(cases),
               .bounds = {},
               .standings = std::move(standings)};
  for (const auto& one : result.cases) result.bounds.add(one.bounds);
  return result;
}

}  // namespace poolscaler::replay
