#include "poolscaler/simulation/replay/recommend.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "poolscaler/simulation/replay/variations.hpp"

namespace poolscaler::replay {
namespace {

constexpr std::array fine_loads = {0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9,
                                   1.0, 1.1, 1.25, 1.4, 1.6, 2.0};
constexpr std::array coarse_loads = {0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.5};
constexpr std::array tolerances = {0.1, 0.3};
constexpr std::array windows = {60, 300, 600, 900};
constexpr std::array short_windows = {0, 60};
constexpr std::array idle_times = {60, 300, 1800, 4 * 3600, 24 * 3600};
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
  /// The first halves, then each of their variations: what a setting is chosen on.
  std::vector<Case> rehearsals;
  std::size_t variations = 0;
};

/// So many variations that one setting is rehearsed within a bounded time.
std::size_t affordable_variations(const std::vector<Case>& first, double events_most) {
  constexpr double round_seconds = 5;
  double events = 1;
  for (const auto& one : first)
    events += static_cast<double>(one.load.requests.size()) +
              seconds_of(one.load.end) / round_seconds;
  return static_cast<std::size_t>(
      std::clamp(events_most / events - 1, 0.0, static_cast<double>(variations_max)));
}

Result<void> rehearse(Halves& halves, const Setup& setup, double events_most) {
  halves.variations = affordable_variations(halves.first, events_most);
  std::vector<std::vector<Load>> varied;
  for (const auto& one : halves.first)
    varied.push_back(variations_of(one.load, halves.variations));
  halves.rehearsals = halves.first;
  for (std::size_t i = 0; i < halves.variations; ++i) {
    std::vector<Load> loads;
    for (auto& load : varied) loads.push_back(std::move(load[i]));
    auto cases = cases_of(std::move(loads), setup);
    if (!cases) return fail(cases.error());
    std::ranges::move(*cases, std::back_inserter(halves.rehearsals));
  }
  return {};
}

Result<Halves> halves_of(const std::vector<Load>& loads, const Setup& setup, double events_most) {
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
  Halves halves{.first = std::move(*first), .second = std::move(*second), .rehearsals = {}};
  if (auto done = rehearse(halves, setup, events_most); !done) return fail(done.error());
  return halves;
}

/// How one setting did on all rehearsals together.
struct Trial {
  Knobs knobs;
  Figures figures;
};

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
    const auto learned = floors(knobs);
    if (!learned.empty()) policy.schedule = schedule_of(learned);
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

  /// What is tried first. A short record tells little: then only settings that follow the load
  /// quickly, whatever it is, and whose course does not depend on what they have learned.
  [[nodiscard]] std::vector<Knobs> coarse() const {
    std::vector<Knobs> all;
    add_quick(all);
    add_idle_times(all, Pace::Fast, short_windows);
    if (!is_long()) return all;
    if (averages_) add_idle_times(all, Pace::Averaged, short_windows);
    add_idle_times(all, Pace::Usual, windows);
    for (const auto pace : {Pace::Usual, Pace::Fast})
      for (const auto load : coarse_loads)
        for (const auto miss : misses)
          all.push_back({.load = load,
                         .window_seconds = 0,
                         .idle_after_seconds = 0,
                         .seconds_per_miss = miss,
                         .pace = pace});
    return all;
  }

  static void add_quick(std::vector<Knobs>& all) {
    for (const auto tolerance : tolerances)
      for (const auto load : fine_loads)
        for (const auto window : windows)
          all.push_back({.load = load,
                         .window_seconds = window,
                         .min_replicas = 1,
                         .pace = Pace::Fast,
                         .tolerance = tolerance});
  }

  template <class Windows>
  static void add_idle_times(std::vector<Knobs>& all, Pace pace, const Windows& some) {
    for (const auto load : coarse_loads)
      for (const auto window : some)
        for (const auto idle : idle_times)
          all.push_back({.load = load,
                         .window_seconds = window,
                         .idle_after_seconds = idle,
                         .pace = pace});
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

  /// Rehearses those that have not been.
  void play(const std::vector<Knobs>& knobs) {
    Contender contender{.name = present_.name, .role = Role::Family, .settings = {}};
    std::vector<Knobs> fresh;
    for (const auto& one : knobs) {
      const auto same = [&](const Knobs& other) { return other == one; };
      if (std::ranges::any_of(trials_, same, &Trial::knobs) || std::ranges::any_of(fresh, same))
        continue;
      fresh.push_back(one);
      contender.settings.push_back(setting(policy(one), one.label()));
    }
    auto result = study(halves_.rehearsals, setup_, {contender}, effort_);
    auto& ran = result.standings.front().ran;
    for (std::size_t i = 0; i < fresh.size(); ++i)
      trials_.push_back({.knobs = fresh[i], .figures = std::move(ran[i].total)});
  }

  /// Indices of the trials, the best first.
  [[nodiscard]] std::vector<std::size_t> ranked(const Ask& ask) const {
    std::vector<std::size_t> order(trials_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
      return is_better(trials_[a].figures, trials_[b].figures, ask);
    });
    return order;
  }

  static bool keeps(const Figures& figures, const Ask& ask) {
    return figures.delayed_share <= ask.max_delayed &&
           (!ask.max_wait_p99 || figures.wait_p99 <= *ask.max_wait_p99) && figures.unserved == 0;
  }

  /// Half a day shows gaps enough to learn from.
  [[nodiscard]] bool is_long() const {
    return std::ranges::all_of(halves_.first, [](const Case& one) {
      return one.load.end >= Micros(std::chrono::hours(12));
    });
  }
  [[nodiscard]] const Trial& trial(std::size_t index) const { return trials_[index]; }
  [[nodiscard]] std::size_t tried() const { return trials_.size(); }

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
  std::vector<Trial> trials_;
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

/// What others come to on the second half, with that half in view.
class Others {
 public:
  Others(const Halves& halves, const Setup& setup, const Present& present, const Effort& effort)
      : halves_(halves), setup_(setup), effort_(effort) {
    auto contenders = swept_peers(setup);
    contenders.push_back(swept_family(setup, present.start));
    study_ = study(halves.second, setup, contenders, effort);
  }

  [[nodiscard]] std::optional<Hindsight> best(const Ask& ask) const {
    std::optional<Hindsight> best;
    const auto consider = [&](const std::string& name, double hours) {
      if (!best || hours < best->hours) best = Hindsight{.name = name, .hours = hours};
    };
    for (const auto& standing : study_.standings) {
      const auto name = [&](std::size_t i) { return standing.name + " " + standing.ran[i].label; };
      if (!ask.max_wait_p99) {
        if (const auto at = standing.at(ask.max_delayed)) consider(name(at->nearest), at->hours);
        continue;
      }
      for (std::size_t i = 0; i < standing.ran.size(); ++i)
        if (Search::keeps(standing.ran[i].total, ask))
          consider(name(i), standing.ran[i].total.replica_hours());
    }
    return best;
  }

  [[nodiscard]] std::vector<Scored> beside(const Ask& ask) const {
    std::vector<Scored> others;
    for (const auto& standing : study_.standings)
      for (const auto& ran : standing.ran)
        if (ran.is_default)
          others.push_back({.name = standing.name + " " + ran.label + " (default)",
                            .figures = ran.total});
    if (const auto n = learned_static(halves_, setup_, ask, effort_)) {
      const Setting setting{.label = "", .make = [n](const Case&) { return static_scaler(*n); }};
      others.push_back({.name = fmt::format("{} replicas all the time", *n),
                        .figures = alone(halves_.second, setup_, setting, effort_)});
    }
    return others;
  }

 private:
  const Halves& halves_;
  const Setup& setup_;
  const Effort& effort_;
  Study study_;
};

/// Searches the neighbourhood of what is best so far, where the record is long enough to tell
/// neighbours apart and not only the luck that they had.
std::size_t best_for(const Ask& ask, Search& search) {
  for (int round = 0; search.is_long() && round < rounds_of_refinement; ++round) {
    std::vector<Knobs> next;
    const auto ranked = search.ranked(ask);
    for (std::size_t i = 0; i < std::min(refined, ranked.size()); ++i) {
      const auto& knobs = search.trial(ranked[i]).knobs;
      std::ranges::copy(Search::around(knobs, round), std::back_inserter(next));
      if (round == 0) std::ranges::copy(search.with_floors(knobs), std::back_inserter(next));
    }
    search.play(next);
  }
  return search.ranked(ask).front();
}

}  // namespace

Result<std::vector<Recommendation>> recommend(const std::vector<Load>& loads, const Setup& setup,
                                              const Present& present, const std::vector<Ask>& asks,
                                              const Effort& effort) {
  for (const auto& load : loads)
    if (load.is_metric())
      return fail(ErrorKind::InvalidInput,
                  fmt::format("{}: --recommend needs requests, and a metric trace has none; give a "
                              "request trace or a rate trace",
                              load.name));
  if (const auto sources = sources_of(present.policy, present.said, false); !sources)
    return fail(sources.error().context(fmt::format("policy '{}'", present.name)));
  const auto halves = halves_of(loads, setup, effort.rehearsed_events);
  if (!halves) return fail(halves.error());

  Search search(*halves, setup, present, effort);
  search.play(search.coarse());
  const Others others(*halves, setup, present, effort);
  const auto now = search.setting(present.policy, "");
  const auto present_first = alone(halves->first, setup, now, effort);
  const auto present_second = alone(halves->second, setup, now, effort);
  std::vector<Recommendation> all;
  for (const auto& ask : asks) {
    const auto best = search.trial(best_for(ask, search));
    auto policy = search.policy(best.knobs);
    const auto chosen = search.setting(policy, "");
    all.push_back({.knobs = best.knobs,
                   .policy = std::move(policy),
                   .floors = search.floors(best.knobs),
                   .keeps_ask = Search::keeps(best.figures, ask),
                   .tried = search.tried(),
                   .variations = halves->variations,
                   .first_half = alone(halves->first, setup, chosen, effort),
                   .second_half = alone(halves->second, setup, chosen, effort),
                   .present_first_half = present_first,
                   .present_second_half = present_second,
                   .hindsight = others.best(ask),
                   .others = others.beside(ask)});
  }
  return all;
}

}  // namespace poolscaler::replay
