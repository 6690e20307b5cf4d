#include "poolscaler/simulation/replay/recommend.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace poolscaler::replay {
namespace {

constexpr std::array coarse_loads = {0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.5};
constexpr std::array coarse_windows = {60, 300, 900};
constexpr std::array coarse_idle_times = {60, 300, 1800, 4 * 3600, 24 * 3600};
constexpr std::array quick_windows = {0, 60};
constexpr std::array misses = {100, 1000, 3000, 10'000, 30'000};
constexpr std::array floor_shares = {0.5, 0.75, 1.0};
constexpr std::array floor_loads = {0.0, 0.15, 0.3};  // more load, now that there is a floor
constexpr int rounds_of_refinement = 2;
constexpr std::size_t refined = 3;  // of the best settings, in each round
constexpr int window_max = 3600;
constexpr int idle_max = 86'400;

struct Halves {
  std::vector<Case> first;   // traces that end in the middle
  std::vector<Case> second;  // whole traces, of which the second half is measured
};

Result<Halves> halves_of(const std::vector<Load>& loads, const Setup& setup) {
  std::vector<Load> firsts;
  for (const auto& load : loads) firsts.push_back(until(load, load.end / 2));
  auto first = cases_of(std::move(firsts), setup);
  if (!first) return fail(first.error().context("the first half"));
  auto second = cases_of(loads, setup);
  if (!second) return fail(second.error());
  for (auto& one : *second) {
    one.measured.begin = std::max(one.measured.begin, one.load.end / 2);
    one.bounds = bounds_of(one.load, setup, one.measured);
  }
  return Halves{.first = std::move(*first), .second = std::move(*second)};
}

/// Where signals count requests, the target that is turned is all slots of a replica.
ScalingPolicy anchored(ScalingPolicy policy, const std::vector<SignalSource>& sources, int slots) {
  for (std::size_t i = 0; i < policy.signals.size(); ++i) {
    const auto meaning = sources[i].meaning;
    const bool counts = meaning == Meaning::Inflight || meaning == Meaning::Running;
    auto& signal = policy.signals[i];
    if (counts && signal.target_type == TargetType::PerReplica) signal.target = slots;
  }
  return policy;
}

/// The present policy as a family of settings.
class Search {
 public:
  Search(const Halves& halves, const Setup& setup, const Present& present, const Effort& effort)
      : halves_(halves),
        setup_(setup),
        present_(present),
        effort_(effort),
        sources_(sources_of(present.policy, present.said, false).value()),
        anchor_(anchored(present.policy, sources_, setup.slots)) {
    averages_ = present.policy.signals.size() == 1 &&
                can_be_averaged(present.policy.signals.front()) &&
                sources_.front().meaning != Meaning::Rate;
    // Floors of several loads would not be those of any.
    if (halves.first.size() == 1 && present.policy.schedule.empty())
      hours_ = std::make_unique<BusyHours>(halves.first.front().load, setup.slots, present.start);
  }

  [[nodiscard]] ScalingPolicy policy(const Knobs& knobs) const {
    auto policy = turned(anchor_, knobs);
    const auto windows = floors(knobs);
    if (!windows.empty()) policy.schedule = schedule_of(windows);
    return policy;
  }

  [[nodiscard]] std::vector<FloorWindow> floors(const Knobs& knobs) const {
    if (hours_ == nullptr || knobs.floor_share <= 0) return {};
    return hours_->floors(knobs.floor_share);
  }

  /// The setting with floors by the hour, where the load is long enough to tell any.
  [[nodiscard]] std::vector<Knobs> with_floors(const Knobs& knobs) const {
    std::vector<Knobs> all;
    for (const auto share : floor_shares)
      for (const auto more : floor_loads) {
        auto next = knobs;
        next.floor_share = share;
        next.load += more;
        if (!floors(next).empty()) all.push_back(next);
      }
    return all;
  }

  [[nodiscard]] Setting setting(const ScalingPolicy& policy, std::string label) const {
    auto sources = sources_;
    // The quick average reads what its signal reads.
    sources.resize(policy.signals.size(), sources.empty() ? SignalSource{} : sources.front());
    return {.label = std::move(label), .make = [=, start = present_.start](const Case&) {
              return std::make_unique<PolicyScaler>(policy, sources, start);
            }};
  }

  [[nodiscard]] std::vector<Knobs> coarse() const {
    std::vector<Knobs> all;
    for (const auto load : coarse_loads) {
      for (const auto window : coarse_windows) {
        all.push_back({.load = load, .window_seconds = window, .min_replicas = 1});
        for (const auto idle : coarse_idle_times)
          all.push_back({.load = load, .window_seconds = window, .idle_after_seconds = idle});
      }
      learned(all, {.load = load, .window_seconds = 0});
      for (const auto pace : {Pace::Fast, Pace::Averaged}) {
        if (pace == Pace::Averaged && !averages_) continue;
        if (pace == Pace::Fast) learned(all, {.load = load, .window_seconds = 0, .pace = pace});
        for (const auto window : quick_windows)
          for (const auto idle : coarse_idle_times)
            all.push_back({.load = load,
                           .window_seconds = window,
                           .idle_after_seconds = idle,
                           .pace = pace});
      }
    }
    return all;
  }

  static void learned(std::vector<Knobs>& all, Knobs knobs) {
    knobs.idle_after_seconds = 0;
    for (const auto miss : misses) {
      knobs.seconds_per_miss = miss;
      all.push_back(knobs);
    }
  }

  /// The neighbours of a setting.
  [[nodiscard]] static std::vector<Knobs> around(const Knobs& knobs, int round) {
    std::vector<Knobs> all;
    const double step = 0.1 / (round + 1);
    for (const double by : {-step, -step / 2, step / 2, step}) {
      auto next = knobs;
      next.load = std::max(0.05, knobs.load + by);
      all.push_back(next);
    }
    for (const double factor : {0.5, 0.75, 1.5, 2.0}) {
      auto window = knobs;
      window.window_seconds =
          std::clamp(static_cast<int>(std::max(knobs.window_seconds, 15) * factor), 0, window_max);
      all.push_back(window);
      if (knobs.seconds_per_miss) {
        auto miss = knobs;
        miss.seconds_per_miss = static_cast<int>(*knobs.seconds_per_miss * factor);
        all.push_back(miss);
        continue;
      }
      if (knobs.min_replicas > 0) continue;
      auto idle = knobs;
      idle.idle_after_seconds =
          std::clamp(static_cast<int>(knobs.idle_after_seconds * factor), 0, idle_max);
      all.push_back(idle);
    }
    auto floor = knobs;
    ++floor.min_replicas;
    all.push_back(floor);
    return all;
  }

  /// Plays those that have not been played, on the first half.
  void play(const std::vector<Knobs>& knobs) {
    Contender contender{.name = present_.name, .role = Role::Family, .settings = {}};
    std::vector<Knobs> fresh;
    for (const auto& one : knobs) {
      const auto same = [&](const Knobs& other) { return other == one; };
      if (std::ranges::any_of(played_, same) || std::ranges::any_of(fresh, same)) continue;
      fresh.push_back(one);
      contender.settings.push_back(setting(policy(one), one.label()));
    }
    auto result = study(halves_.first, setup_, {contender}, effort_);
    played_.insert(played_.end(), fresh.begin(), fresh.end());
    for (auto& ran : result.standings.front().ran) figures_.push_back(std::move(ran.total));
  }

  /// Indices of what was played, the best first.
  [[nodiscard]] std::vector<std::size_t> ranked(const Ask& ask) const {
    std::vector<std::size_t> order(played_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
      return is_better(figures_[a], figures_[b], ask);
    });
    return order;
  }

  static bool keeps(const Figures& figures, const Ask& ask) {
    return figures.delayed_share <= ask.max_delayed &&
           (!ask.max_wait_p99 || figures.wait_p99 <= *ask.max_wait_p99) && figures.unserved == 0;
  }

  [[nodiscard]] const Knobs& knobs(std::size_t index) const { return played_[index]; }
  [[nodiscard]] const Figures& figures(std::size_t index) const { return figures_[index]; }
  [[nodiscard]] std::size_t tried() const { return played_.size(); }

 private:
  /// What keeps the ask beats what does not; then fewer hours win, or else the smaller miss.
  static bool is_better(const Figures& a, const Figures& b, const Ask& ask) {
    const bool a_keeps = keeps(a, ask);
    if (a_keeps != keeps(b, ask)) return a_keeps;
    if (a_keeps) return a.replica_seconds < b.replica_seconds;
    const auto miss = [&](const Figures& f) {
      const double late = ask.max_wait_p99 ? f.wait_p99 / std::max(*ask.max_wait_p99, 0.001) : 0;
      return std::max(f.delayed_share / std::max(ask.max_delayed, 1e-6), late);
    };
    return miss(a) < miss(b);
  }

  const Halves& halves_;
  const Setup& setup_;
  const Present& present_;
  const Effort& effort_;
  std::vector<SignalSource> sources_;
  ScalingPolicy anchor_;
  bool averages_ = false;
  std::unique_ptr<BusyHours> hours_;
  std::vector<Knobs> played_;
  std::vector<Figures> figures_;
};

Figures alone(const std::vector<Case>& cases, const Setup& setup, const Setting& setting,
              const Effort& effort) {
  const Contender contender{.name = "", .role = Role::Policy, .settings = {setting}};
  return study(cases, setup, {contender}, effort).standings.front().ran.front().total;
}

/// The least number of replicas that keeps the ask on the first half, all the time.
std::optional<std::int32_t> learned_static(const Halves& halves, const Setup& setup, const Ask& ask,
                                           const Effort& effort) {
  std::int64_t most = 1;
  for (const auto& one : halves.first) most = std::max(most, one.bounds.peak);
  constexpr std::int64_t tried_most = 500;
  const auto contender = swept_static(static_cast<std::int32_t>(std::min(most, tried_most)));
  const auto result = study(halves.first, setup, {contender}, effort);
  const auto& ran = result.standings.front().ran;
  for (std::size_t n = 0; n < ran.size(); ++n)
    if (Search::keeps(ran[n].total, ask)) return static_cast<std::int32_t>(n) + 1;
  return std::nullopt;
}

void score_others(Recommendation& found, const Halves& halves, const Setup& setup,
                  const Present& present, std::pair<const Ask&, const Effort&> how) {
  const auto& [ask, effort] = how;
  auto contenders = swept_peers(setup);
  contenders.push_back(swept_family(setup, present.start));
  const auto result = study(halves.second, setup, contenders, effort);
  const auto consider = [&](const std::string& name, const Figures& figures) {
    if (!Search::keeps(figures, ask)) return;
    if (!found.hindsight || figures.replica_seconds < found.hindsight->figures.replica_seconds)
      found.hindsight = Scored{.name = name, .figures = figures};
  };
  for (const auto& standing : result.standings)
    for (const auto& ran : standing.ran) {
      const auto name = standing.name + " " + ran.label;
      consider(name, ran.total);
      if (ran.is_default)
        found.others.push_back({.name = name + " (default)", .figures = ran.total});
    }
  consider("the recommended policy", found.second_half);
  consider("what runs now", found.present_second_half);
  if (const auto n = learned_static(halves, setup, ask, effort)) {
    const Setting setting{.label = "", .make = [n](const Case&) { return static_scaler(*n); }};
    found.others.push_back({.name = fmt::format("{} replicas all the time", *n),
                            .figures = alone(halves.second, setup, setting, effort)});
  }
}

}  // namespace

Result<Recommendation> recommend(const std::vector<Load>& loads, const Setup& setup,
                                 const Present& present, const Ask& ask, const Effort& effort) {
  for (const auto& load : loads)
    if (load.is_metric())
      return fail(ErrorKind::InvalidInput,
                  fmt::format("{}: --recommend needs requests, and a metric trace has none; give a "
                              "request trace or a rate trace",
                              load.name));
  if (const auto sources = sources_of(present.policy, present.said, false); !sources)
    return fail(sources.error().context(fmt::format("policy '{}'", present.name)));
  const auto halves = halves_of(loads, setup);
  if (!halves) return fail(halves.error());

  Search search(*halves, setup, present, effort);
  search.play(search.coarse());
  for (int round = 0; round < rounds_of_refinement; ++round) {
    std::vector<Knobs> next;
    const auto ranked = search.ranked(ask);
    for (std::size_t i = 0; i < std::min(refined, ranked.size()); ++i)
      std::ranges::copy(Search::around(search.knobs(ranked[i]), round), std::back_inserter(next));
    if (round == 0)
      for (std::size_t i = 0; i < std::min(refined, ranked.size()); ++i)
        std::ranges::copy(search.with_floors(search.knobs(ranked[i])), std::back_inserter(next));
    search.play(next);
  }
  const auto best = search.ranked(ask).front();

  Recommendation found{.knobs = search.knobs(best),
                       .policy = search.policy(search.knobs(best)),
                       .floors = search.floors(search.knobs(best)),
                       .keeps_ask = Search::keeps(search.figures(best), ask),
                       .tried = search.tried(),
                       .first_half = search.figures(best)};
  const auto chosen = search.setting(found.policy, "");
  const auto now = search.setting(present.policy, "");
  found.second_half = alone(halves->second, setup, chosen, effort);
  found.present_first_half = alone(halves->first, setup, now, effort);
  found.present_second_half = alone(halves->second, setup, now, effort);
  score_others(found, *halves, setup, present, {ask, effort});
  return found;
}

}  // namespace poolscaler::replay
