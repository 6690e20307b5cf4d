#include "poolscaler/simulation/replay/recommend.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hindsight.hpp"
#include "poolscaler/simulation/replay/variations.hpp"
#include "rehearsal.hpp"
#include "search.hpp"

namespace poolscaler::replay {
namespace {

constexpr int rounds_of_refinement = 2;
constexpr std::size_t refined = 3;  // of the best settings, in each round
/// What refinement comes to, in both rounds.
constexpr std::size_t neighbours_most = 105;
constexpr std::size_t settings_least = 8;

struct Halves {
  Rehearsals first;          // traces that end in the middle
  std::vector<Case> second;  // whole traces, of which the second half is measured
};

Result<Halves> halves_of(const std::vector<Load>& loads, const Setup& setup) {
  std::vector<Load> firsts;
  for (const auto& load : loads) firsts.push_back(until(load, load.end / 2));
  auto first = Rehearsals::of(firsts, setup);
  if (!first) return fail(first.error().context("the first half"));
  auto second = cases_of(loads, setup);
  if (!second) return fail(second.error());
  for (auto& one : *second) {
    one.measured.begin = std::max(one.measured.begin, one.load.end / 2);
    one.bounds = bounds_of(one.load, setup, one.measured);
  }
  return Halves{.first = std::move(*first), .second = std::move(*second)};
}

/// One step of the search: so many settings in one rehearsal.
struct Stage {
  Rehearsal rehearsal;
  std::size_t settings;
  std::size_t neighbours = 0;

  [[nodiscard]] double seconds() const {
    return static_cast<double>(settings + neighbours) * rehearsal.seconds;
  }
};

Stage stage_of(const Rehearsals& rehearsals, double settings, std::size_t neighbours,
               double seconds) {
  const auto more = static_cast<double>(neighbours);
  auto rehearsal = rehearsals.within(seconds / (settings + more));
  const double affordable = std::floor(seconds / rehearsal.seconds - more);
  const auto played = std::max(std::min(std::ceil(settings), affordable),
                               static_cast<double>(settings_least));
  return {.rehearsal = std::move(rehearsal),
          .settings = static_cast<std::size_t>(played),
          .neighbours = neighbours};
}

/// All settings on everything, where there is time; else all on little, and the best of them on
/// more.
std::vector<Stage> stages_of(const Rehearsals& rehearsals, std::size_t settings, bool refines,
                             double seconds) {
  const auto neighbours = refines ? neighbours_most : 0;
  const auto all = static_cast<double>(settings);
  const double on_everything = rehearsals.seconds() * (1 + variations_max) *
                               (all + static_cast<double>(neighbours));
  std::vector<Stage> stages;
  if (on_everything <= seconds) {
    stages.push_back(stage_of(rehearsals, all, neighbours, seconds));
    return stages;
  }
  stages.push_back(stage_of(rehearsals, all, 0, 0.35 * seconds));
  stages.push_back(stage_of(rehearsals, all / 4, 0, 0.25 * seconds));
  stages.push_back(stage_of(rehearsals, all / 12, neighbours, 0.4 * seconds));
  return stages;
}

/// Makes one progress of that of many studies.
class Meter {
 public:
  Meter(const Effort& effort, double planned_seconds)
      : effort_(effort), planned_(std::max(planned_seconds, 1e-9)) {}

  /// For the next study: so many seconds in all.
  [[nodiscard]] Effort next(double seconds) {
    const auto before = spent_;
    spent_ += seconds;
    auto effort = effort_;
    if (!effort_.progress) return effort;
    effort.progress = [this, before, seconds](std::size_t done, std::size_t total) {
      const double part = static_cast<double>(done) / static_cast<double>(total);
      const double of_all = std::min((before + seconds * part) / planned_, 1.0);
      effort_.progress(static_cast<std::size_t>(of_all * 1000), 1000);
    };
    return effort;
  }

 private:
  const Effort& effort_;
  double planned_;
  double spent_ = 0;
};

struct Found {
  Trial best;
  std::vector<Tried> tried;
};

class Recommender {
 public:
  Recommender(const Halves& halves, const Setup& setup, const Present& present,
              const Effort& effort, std::size_t asks)
      : halves_(halves),
        setup_(setup),
        present_(present),
        search_(halves.first, setup, present),
        stages_(stages_of(halves.first, search_.coarse().size(), search_.is_long(),
                          effort.search_seconds)),
        second_seconds_(seconds_to_play(halves.second)),
        meter_(effort, planned(effort, asks)) {
    sweep_others(effort.hindsight_seconds);
  }

  [[nodiscard]] Recommendation recommend(const Ask& ask) {
    const auto found = best_for(ask);
    const auto& knobs = found.best.knobs;
    Recommendation answer{.knobs = knobs,
                          .policy = search_.policy(knobs),
                          .floors = search_.floors(knobs),
                          .keeps_ask = keeps(found.best.figures, ask),
                          .tried = found.tried,
                          .hindsight = cheapest_of(others_, ask),
                          .hindsight_played = played_,
                          .hindsight_swept = swept_,
                          .others = defaults_of(others_)};
    score(answer, ask);
    return answer;
  }

 private:
  [[nodiscard]] double planned(const Effort& effort, std::size_t asks) const {
    double search = 0;
    for (const auto& stage : stages_) search += stage.seconds();
    const double scores = 2 * halves_.first.seconds() + 3 * second_seconds_;
    return static_cast<double>(asks) * (search + scores) + effort.hindsight_seconds;
  }

  void sweep_others(double seconds) {
    auto sweep = swept_peers(setup_);
    sweep.push_back(swept_family(setup_, present_.start));
    swept_ = settings_of(sweep);
    sweep = played_of(std::move(sweep), second_seconds_, seconds);
    played_ = settings_of(sweep);
    const auto needed = static_cast<double>(played_) * second_seconds_;
    others_ = standings_of(halves_.second, setup_, sweep, meter_.next(std::min(needed, seconds)));
  }

  [[nodiscard]] std::vector<Trial> play(std::size_t stage, const std::vector<Knobs>& knobs) {
    const auto& rehearsal = stages_[stage].rehearsal;
    const auto seconds = static_cast<double>(knobs.size()) * rehearsal.seconds;
    return search_.play(stage, rehearsal, knobs, meter_.next(seconds));
  }

  [[nodiscard]] Found best_for(const Ask& ask) {
    Found found{.best = {}, .tried = {}};
    auto settings = spread(search_.coarse(), stages_.front().settings);
    std::vector<Trial> trials;
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      if (i > 0) settings = best_of(trials, ask, stages_[i].settings);
      trials = play(i, settings);
      if (i + 1 == stages_.size()) refine(trials, ask);
      found.tried.push_back({.settings = trials.size(),
                             .part = stages_[i].rehearsal.part,
                             .variations = stages_[i].rehearsal.variations});
    }
    rank(trials, ask);
    found.best = safest_of_best(trials, ask);
    return found;
  }

  /// Searches the neighbourhood of what is best so far, where the record is long enough to tell
  /// neighbours apart and not only the luck that they had.
  void refine(std::vector<Trial>& trials, const Ask& ask) {
    for (int round = 0; search_.is_long() && round < rounds_of_refinement; ++round) {
      rank(trials, ask);
      std::vector<Knobs> next;
      for (std::size_t i = 0; i < std::min(refined, trials.size()); ++i) {
        const auto& knobs = trials[i].knobs;
        std::ranges::copy(Search::around(knobs, round), std::back_inserter(next));
        if (round == 0) std::ranges::copy(search_.with_floors(knobs), std::back_inserter(next));
      }
      for (auto& trial : play(stages_.size() - 1, next))
        if (std::ranges::find(trials, trial.knobs, &Trial::knobs) == trials.end())
          trials.push_back(std::move(trial));
    }
  }

  /// What was found, what runs now, and as many replicas as the first half needs.
  void score(Recommendation& answer, const Ask& ask) {
    std::vector<Setting> settings{search_.setting(answer.policy, ""),
                                  search_.setting(present_.policy, "")};
    const auto first = figures_on(halves_.first.whole(), settings, halves_.first.seconds());
    answer.first_half = first[0];
    answer.present_first_half = first[1];
    const auto fixed = least_static(halves_.first.whole(), setup_, ask);
    if (fixed)
      settings.push_back(
          {.label = "", .make = [n = *fixed](const Case&) { return static_scaler(n); }});
    const auto second = figures_on(halves_.second, settings, second_seconds_);
    answer.second_half = second[0];
    answer.present_second_half = second[1];
    if (fixed)
      answer.others.push_back({.name = fmt::format("{} replicas all the time", *fixed),
                               .figures = second[2]});
  }

  [[nodiscard]] std::vector<Figures> figures_on(const std::vector<Case>& cases,
                                                const std::vector<Setting>& settings,
                                                double seconds_each) {
    const Contender contender{.name = "", .role = Role::Policy, .settings = settings};
    const auto seconds = static_cast<double>(settings.size()) * seconds_each;
    auto standings = standings_of(cases, setup_, {contender}, meter_.next(seconds));
    std::vector<Figures> figures;
    for (auto& ran : standings.front().ran) figures.push_back(std::move(ran.total));
    return figures;
  }

  const Halves& halves_;
  const Setup& setup_;
  const Present& present_;
  Search search_;
  std::vector<Stage> stages_;
  double second_seconds_;
  Meter meter_;
  std::vector<Standing> others_{};
  std::size_t played_ = 0;
  std::size_t swept_ = 0;
};

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
  const auto halves = halves_of(loads, setup);
  if (!halves) return fail(halves.error());
  Recommender recommender(*halves, setup, present, effort, asks.size());
  std::vector<Recommendation> all;
  for (const auto& ask : asks) all.push_back(recommender.recommend(ask));
  return all;
}

}  // namespace poolscaler::replay
