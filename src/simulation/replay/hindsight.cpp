#include "hindsight.hpp"

#include <algorithm>
#include <cmath>

#include "poolscaler/simulation/replay/families.hpp"

namespace poolscaler::replay {
namespace {

/// Neighbours in a sweep are alike: steps of the golden ratio take some of each kind.
class Spread {
 public:
  explicit Spread(double share) : share_(share) {}
  bool takes_next() {
    constexpr double golden = 0.6180339887498949;
    at_ += golden;
    return at_ - std::floor(at_) < share_;
  }

 private:
  double share_;
  double at_ = 0;
};

}  // namespace

std::size_t settings_of(const std::vector<Contender>& contenders) {
  std::size_t count = 0;
  for (const auto& contender : contenders) count += contender.settings.size();
  return count;
}

bool keeps(const Figures& figures, const Ask& ask) {
  return figures.delayed_share <= ask.max_delayed &&
         (!ask.max_wait_p99 || figures.wait_p99 <= *ask.max_wait_p99) && figures.unserved == 0;
}

std::vector<Contender> played_of(std::vector<Contender> sweep, double seconds_each,
                                 double seconds) {
  constexpr double fewest = 12;
  const double share = std::max(seconds / seconds_each, fewest) /
                       static_cast<double>(settings_of(sweep));
  if (share >= 1) return sweep;
  Spread spread(share);
  for (auto& contender : sweep)
    std::erase_if(contender.settings, [&](const Setting& setting) {
      return !spread.takes_next() && !setting.is_default;
    });
  std::erase_if(sweep, [](const Contender& contender) { return contender.settings.empty(); });
  return sweep;
}

std::optional<Hindsight> cheapest_of(const std::vector<Standing>& standings, const Ask& ask) {
  std::optional<Hindsight> best;
  const auto consider = [&](const std::string& name, double hours) {
    if (!best || hours < best->hours) best = Hindsight{.name = name, .hours = hours};
  };
  for (const auto& standing : standings) {
    const auto name = [&](std::size_t i) { return standing.name + " " + standing.ran[i].label; };
    if (!ask.max_wait_p99) {
      if (const auto at = standing.at(ask.max_delayed)) consider(name(at->nearest), at->hours);
      continue;
    }
    for (std::size_t i = 0; i < standing.ran.size(); ++i)
      if (keeps(standing.ran[i].total, ask))
        consider(name(i), standing.ran[i].total.replica_hours());
  }
  return best;
}

std::vector<Scored> defaults_of(const std::vector<Standing>& standings) {
  std::vector<Scored> all;
  for (const auto& standing : standings)
    for (const auto& ran : standing.ran)
      if (ran.is_default)
        all.push_back({.name = standing.name + " " + ran.label + " (default)",
                       .figures = ran.total});
  return all;
}

std::optional<std::int32_t> least_static(const std::vector<Case>& cases, const Setup& setup,
                                         const Ask& ask) {
  const auto enough = [&](std::int32_t n) {
    const Contender contender{
        .name = "",
        .role = Role::Oracle,
        .settings = {{.label = "", .make = [n](const Case&) { return static_scaler(n); }}}};
    const auto result = standings_of(cases, setup, {contender}, {.threads = 1});
    return keeps(result.front().ran.front().total, ask);
  };
  constexpr std::int64_t tried_most = 500;
  std::int64_t peak = 1;
  for (const auto& one : cases) peak = std::max(peak, one.bounds.peak);
  // No request waits longer where there is one replica more.
  auto most = static_cast<std::int32_t>(std::min(peak, tried_most));
  if (!enough(most)) return std::nullopt;
  for (std::int32_t least = 1; least < most;) {
    const auto middle = least + (most - least) / 2;
    if (enough(middle))
      most = middle;
    else
      least = middle + 1;
  }
  return most;
}

}  // namespace poolscaler::replay
