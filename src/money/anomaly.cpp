#include "poolscaler/money/anomaly.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "wide.hpp"

namespace poolscaler::money {
namespace {

using std::chrono::hours;

constexpr Wide milli = 1000;
constexpr int weeks = 4;
constexpr std::size_t samples_min = 6;  // two weeks of three hours
constexpr std::size_t mean_samples_min = 24;
constexpr hours mean_window{24 * 30};
constexpr std::int64_t nodes_min = 2;

Wide milli_cost(const CostHour& hour) {
  Wide cost = 0;
  for (const auto& group : hour.groups) cost += Wide{group.milli_nodes} * group.price.nano();
  return cost;
}

/// Of an even number the mean of the two in the middle.
std::int64_t median(std::vector<std::int64_t> values) {
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return narrowed((Wide{values[middle - 1]} + values[middle]) / 2);
}

using Usual = std::vector<const CostHour*>;

/// The same hour of the weeks before, one to either side.
Usual same_hours(std::span<const CostHour> history, Instant hour) {
  Usual usual;
  for (int week = 1; week <= weeks; ++week)
    for (int beside = -1; beside <= 1; ++beside) {
      const auto wanted = hour - hours(168 * week) + hours(beside);
      const auto found = std::ranges::lower_bound(history, wanted, {}, &CostHour::begin);
      if (found != history.end() && found->begin == wanted && !found->excluded)
        usual.push_back(&*found);
    }
  return usual;
}

Usual last_month(std::span<const CostHour> history, Instant hour) {
  Usual usual;
  for (const auto& one : history)
    if (one.begin >= hour - mean_window && one.begin < hour && !one.excluded)
      usual.push_back(&one);
  return usual;
}

const CostHour& nearest(const Usual& usual, Amount expected) {
  return **std::ranges::min_element(usual, {}, [&](const CostHour* hour) {
    const auto away = hour->cost() - expected;
    return away < Amount() ? Amount() - away : away;
  });
}

bool is_far(const Usual& usual, Amount expected, Amount excess) {
  std::vector<std::int64_t> away;
  for (const auto* hour : usual) {
    const auto difference = (hour->cost() - expected).nano();
    away.push_back(difference < 0 ? -difference : difference);
  }
  const auto deviation = std::max(median(std::move(away)), expected.nano() / 100);
  return Wide{6745} * excess.nano() > Wide{35'000} * deviation;
}

Amount mean(const Usual& usual) {
  Wide sum = 0;
  for (const auto* hour : usual) sum += hour->cost().nano();
  return Amount::of(narrowed(sum / static_cast<Wide>(usual.size())));
}

std::string words_of(const CostHour& hour, const AnomalyVerdict& verdict) {
  const auto& change = verdict.change;
  return fmt::format("{} this hour, usually {}: nodes {}, price {}, mix {}; mostly {}",
                     shown(hour.cost()), shown(verdict.expected), shown(change.nodes),
                     shown(change.price), shown(change.mix), change.cause());
}

void conclude(AnomalyVerdict& verdict, const CostHour& hour, const Usual& usual) {
  verdict.change = change_between(nearest(usual, verdict.expected), hour);
  if (verdict.anomalous) verdict.words = words_of(hour, verdict);
}

}  // namespace

Amount CostHour::cost() const { return Amount::of(narrowed(milli_cost(*this) / milli)); }

std::string_view CostChange::cause() const {
  if (nodes >= price && nodes >= mix) return "nodes";
  return price >= mix ? "price" : "mix";
}

CostChange change_between(const CostHour& before, const CostHour& after) {
  std::map<std::string_view, HourlyRate> prices;
  Wide nodes_before = 0;
  for (const auto& group : before.groups) {
    prices[group.group] = group.price;
    nodes_before += group.milli_nodes;
  }
  Wide nodes_after = 0;
  Wide price = 0;
  for (const auto& group : after.groups) {
    nodes_after += group.milli_nodes;
    // A kind that is new has no price that it could have changed.
    if (const auto old = prices.find(group.group); old != prices.end())
      price += Wide{group.milli_nodes} * (group.price - old->second).nano();
  }
  const auto cost = milli_cost(before);
  const auto whole = milli_cost(after) - cost;
  const auto nodes =
      nodes_before == 0 ? whole - price : cost * (nodes_after - nodes_before) / nodes_before;
  CostChange change{.nodes = Amount::of(narrowed(nodes / milli)),
                    .price = Amount::of(narrowed(price / milli)),
                    .mix = {}};
  change.mix = (after.cost() - before.cost()) - change.nodes - change.price;
  return change;
}

AnomalyVerdict judge_hour(std::span<const CostHour> history, const CostHour& hour,
                          HourlyRate node_price) {
  AnomalyVerdict verdict;
  const auto least = Amount::of(node_price.nano()) * nodes_min;
  const auto cost = hour.cost();
  if (const auto usual = same_hours(history, hour.begin); usual.size() >= samples_min) {
    verdict.baseline = Baseline::HourOfWeek;
    std::vector<std::int64_t> costs;
    for (const auto* one : usual) costs.push_back(one->cost().nano());
    verdict.expected = Amount::of(median(std::move(costs)));
    const auto excess = cost - verdict.expected;
    verdict.anomalous = excess > least && is_far(usual, verdict.expected, excess);
    conclude(verdict, hour, usual);
  } else if (const auto month = last_month(history, hour.begin);
             month.size() >= mean_samples_min) {
    verdict.baseline = Baseline::Mean;
    verdict.expected = mean(month);
    const auto excess = cost - verdict.expected;
    verdict.anomalous = excess > least && excess * 2 > verdict.expected;
    conclude(verdict, hour, month);
  }
  return verdict;
}

}  // namespace poolscaler::money
