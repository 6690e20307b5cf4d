// A study: several scalers, each in one or many settings, against the same loads, on all cores.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/simulation/replay/bounds.hpp"
#include "poolscaler/simulation/replay/frontier.hpp"
#include "poolscaler/simulation/replay/replay.hpp"

namespace poolscaler::replay {

/// One load with what every scaler is told of it.
struct Case {
  Load load;
  Interval measured;
  Bounds bounds;
  std::int32_t max_replicas;  // of scalers that set none
};

/// InvalidInput when nothing would be left to measure, or when a unit has no business here.
[[nodiscard]] Result<std::vector<Case>> cases_of(std::vector<Load> loads, const Setup& setup);

using MakeScaler = std::function<std::unique_ptr<Scaler>(const Case&)>;

struct Setting {
  std::string label;  // "u 0.7, window 300 s"; empty where there is but one
  MakeScaler make;
  bool is_default = false;  // what one gets who sets nothing
  std::shared_ptr<const Estate> estate{};
};

enum class Role {
  Policy,  // given by the user
  Family,  // ours, swept
  Peer,
  Oracle,  // knows the whole trace
};
[[nodiscard]] std::string_view name_of(Role role);

struct Contender {
  std::string name;
  Role role;
  std::vector<Setting> settings;
};

struct Ran {
  std::string label;
  bool is_default = false;
  Figures total{};                // of all loads together
  std::vector<Figures> by_load{};
};

struct Standing {
  std::string name;
  Role role;
  std::vector<Ran> ran;
  std::vector<Point> points{};
  std::vector<std::size_t> frontier{};

  [[nodiscard]] std::optional<Reached> at(double share) const {
    return at_share(points, frontier, share);
  }
};

/// What a pool came to that several policies drew on.
struct PoolBill {
  std::string pool;
  Spending spending;
  std::int64_t restarted = 0;    // requests
  std::vector<Share> shares{};  // by standing
};

struct Study {
  Setup setup;
  std::vector<Case> cases;
  Bounds bounds;  // of all loads together
  std::vector<Standing> standings;
  /// With it each standing has played the case of its own index, all together over one pool.
  std::optional<PoolBill> pool{};

  /// Of metric traces alone there are no waits and no bounds to tell.
  [[nodiscard]] bool has_requests() const {
    return std::ranges::any_of(cases, [](const Case& one) { return !one.load.is_metric(); });
  }
};

struct Effort {
  unsigned threads = 0;  // 0: all cores
  /// Called as runs end, from any thread but never from two at once.
  std::function<void(std::size_t done, std::size_t total)> progress{};
  /// About so long may recommend() search, and play what others come to, in seconds of a processor.
  /// Reckoned from the load, not measured, so that what is found is the same on every machine.
  double search_seconds = 160;
  double hindsight_seconds = 80;
};

/// What every contender comes to on all cases.
[[nodiscard]] std::vector<Standing> standings_of(const std::vector<Case>& cases,
                                                 const Setup& setup,
                                                 const std::vector<Contender>& contenders,
                                                 const Effort& effort);

[[nodiscard]] Study study(std::vector<Case> cases, const Setup& setup,
                          const std::vector<Contender>& contenders, const Effort& effort);

/// Runs `work(index)` for each index below `count` on so many threads; the first exception that
/// escapes is thrown again.
void on_all_cores(std::size_t count, const Effort& effort,
                  const std::function<void(std::size_t)>& work);

inline constexpr std::array compared_shares = {0.01, 0.05, 0.10, 0.20};

}  // namespace poolscaler::replay
