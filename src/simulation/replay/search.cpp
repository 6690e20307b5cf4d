#include "search.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "hindsight.hpp"

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
constexpr std::array floor_loads = {0.0, 0.15, 0.3};  // more load, where there is a floor
constexpr int window_max = 3600;
constexpr int idle_max = 86'400;
/// Differences of cost below this are those of another seed.
constexpr double noise = 0.02;
constexpr std::array stricter = {1.0, 0.5, 0.25};  // times what is asked for

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

bool averages(const ScalingPolicy& policy, const std::vector<SignalSource>& sources) {
  return policy.signals.size() == 1 && can_be_averaged(policy.signals.front()) &&
         sources.front().meaning != Meaning::Rate;
}

void add_quick(std::vector<Knobs>& all) {
  for (const auto tolerance : tolerances)
    for (const auto load : fine_loads)
      for (const auto window : windows)
        all.push_back({.load = load,
                       .window_seconds = window,
                       .min_replicas = 1,
                       .pace = Pace::Fast,
                       .tolerance = tolerance});
}

void add_idle_times(std::vector<Knobs>& all, Pace pace, std::span<const int> some) {
  for (const auto load : coarse_loads)
    for (const auto window : some)
      for (const auto idle : idle_times)
        all.push_back({.load = load,
                       .window_seconds = window,
                       .idle_after_seconds = idle,
                       .pace = pace});
}

void add_learned(std::vector<Knobs>& all) {
  for (const auto pace : {Pace::Usual, Pace::Fast})
    for (const auto load : coarse_loads)
      for (const auto miss : misses)
        all.push_back({.load = load,
                       .window_seconds = 0,
                       .idle_after_seconds = 0,
                       .seconds_per_miss = miss,
                       .pace = pace});
}

bool is_better(const Figures& a, const Figures& b, const Ask& ask) {
  const bool a_keeps = keeps(a, ask);
  if (a_keeps != keeps(b, ask)) return a_keeps;
  if (a_keeps) return a.replica_seconds < b.replica_seconds;
  const auto miss = [&](const Figures& f) {
    const double late = ask.max_wait_p99 ? f.wait_p99 / std::max(*ask.max_wait_p99, 0.001) : 0;
    return std::max(f.delayed_share / std::max(ask.max_delayed, 1e-6), late);
  };
  return miss(a) < miss(b);
}

}  // namespace

Search::Search(const Rehearsals& rehearsals, const Setup& setup, const Present& present)
    : setup_(setup),
      present_(present),
      sources_(sources_of(present.policy, present.said, false).value()),
      anchor_(anchored(present.policy, sources_, setup.slots)),
      averages_(averages(present.policy, sources_)) {
  const auto& cases = rehearsals.whole();
  long_ = std::ranges::all_of(
      cases, [](const Case& one) { return one.load.end >= Micros(std::chrono::hours(12)); });
  // Floors of several loads would not be those of any.
  if (cases.size() == 1 && present.policy.schedule.empty())
    hours_ = std::make_unique<BusyHours>(cases.front().load, setup.slots, present.start);
}

ScalingPolicy Search::policy(const Knobs& knobs) const {
  auto policy = turned(anchor_, knobs);
  const auto learned = floors(knobs);
  if (!learned.empty()) policy.schedule = schedule_of(learned);
  return policy;
}

std::vector<FloorWindow> Search::floors(const Knobs& knobs) const {
  if (hours_ == nullptr || knobs.floor_share <= 0) return {};
  return hours_->floors(knobs.floor_share);
}

Setting Search::setting(const ScalingPolicy& policy, std::string label) const {
  auto sources = sources_;
  // The quick average reads what its signal reads.
  sources.resize(policy.signals.size(), sources.empty() ? SignalSource{} : sources.front());
  return {.label = std::move(label), .make = [=, start = present_.start](const Case& one) {
            return std::make_unique<PolicyScaler>(
                policy, sources, start + std::chrono::floor<Millis>(one.load.began));
          }};
}

std::vector<Knobs> Search::coarse() const {
  std::vector<Knobs> all;
  add_quick(all);
  add_idle_times(all, Pace::Fast, short_windows);
  if (!is_long()) return all;
  if (averages_) add_idle_times(all, Pace::Averaged, short_windows);
  add_idle_times(all, Pace::Usual, windows);
  add_learned(all);
  return all;
}

std::vector<Knobs> Search::around(const Knobs& knobs, int round) {
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

std::vector<Knobs> Search::with_floors(const Knobs& knobs) const {
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

std::vector<Trial> Search::play(std::size_t stage, const Rehearsal& rehearsal,
                                const std::vector<Knobs>& knobs, const Effort& effort) {
  auto& played = played_[stage];
  Contender contender{.name = present_.name, .role = Role::Family, .settings = {}};
  std::vector<Knobs> fresh;
  for (const auto& one : knobs) {
    if (std::ranges::find(played, one, &Trial::knobs) != played.end() ||
        std::ranges::find(fresh, one) != fresh.end())
      continue;
    fresh.push_back(one);
    contender.settings.push_back(setting(policy(one), one.label()));
  }
  auto standings = standings_of(rehearsal.cases, setup_, {contender}, effort);
  auto& ran = standings.front().ran;
  for (std::size_t i = 0; i < fresh.size(); ++i)
    played.push_back({.knobs = fresh[i], .figures = std::move(ran[i].total)});
  std::vector<Trial> trials;
  for (const auto& one : knobs)
    if (std::ranges::find(trials, one, &Trial::knobs) == trials.end())
      trials.push_back(*std::ranges::find(played, one, &Trial::knobs));
  return trials;
}

std::vector<Knobs> spread(const std::vector<Knobs>& knobs, std::size_t count) {
  if (count >= knobs.size()) return knobs;
  std::vector<Knobs> some;
  for (std::size_t i = 0; i < count; ++i) some.push_back(knobs[i * knobs.size() / count]);
  return some;
}

void rank(std::vector<Trial>& trials, const Ask& ask) {
  std::ranges::stable_sort(trials, [&](const Trial& a, const Trial& b) {
    return is_better(a.figures, b.figures, ask);
  });
}

const Trial& safest_of_best(const std::vector<Trial>& ranked, const Ask& ask) {
  const auto* safest = &ranked.front();
  if (!keeps(safest->figures, ask)) return *safest;
  const double most = safest->figures.replica_seconds * (1 + noise);
  for (const auto& trial : ranked) {
    const bool as_good = keeps(trial.figures, ask) && trial.figures.replica_seconds <= most;
    if (as_good && trial.figures.delayed_share < safest->figures.delayed_share) safest = &trial;
  }
  return *safest;
}

std::vector<Knobs> best_of(const std::vector<Trial>& trials, const Ask& ask, std::size_t count) {
  std::vector<std::vector<Trial>> rankings;
  for (const auto share : stricter) {
    auto strict = ask;
    strict.max_delayed *= share;
    if (strict.max_wait_p99) *strict.max_wait_p99 *= share;
    rank(rankings.emplace_back(trials), strict);
  }
  std::vector<Knobs> best;
  for (std::size_t place = 0; place < trials.size(); ++place)
    for (const auto& ranking : rankings) {
      if (best.size() >= count) return best;
      const auto& knobs = ranking[place].knobs;
      if (std::ranges::find(best, knobs) == best.end()) best.push_back(knobs);
    }
  return best;
}

}  // namespace poolscaler::replay
