// Which policies are lowered, under all the limits that say so.
#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "outlay.hpp"
#include "poolscaler/base/check.hpp"
#include "poolscaler/money/budget_book.hpp"
#include "spans.hpp"
#include "wide.hpp"

namespace poolscaler::money {
namespace {

class Shedding {
 public:
  Shedding(const BudgetRound& round, const Standings& standings,
           std::span<const Holding> holdings, ShedSteps& steps)
      : round_(round),
        standings_(standings),
        holdings_(holdings),
        steps_(steps),
        outlay_(outlay_of(round)),
        there_(running_in(outlay_)),
        taken_(holdings.size(), 0),
        most_(holdings.size()) {
    for (const auto& holding : holdings)
      CHECK(holding.tenant < round.tenants.size() && holding.accelerators >= 1,
            "a holding is of a tenant that is told");
  }

  std::vector<MostReplicas> result() {
    std::vector<std::size_t> order(round_.budgets.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) -> const std::string& {
      return round_.budgets[i].budget->name;
    });
    for (const auto i : order) take_for(*round_.budgets[i].budget, standings_.budgets[i]);
    std::vector<MostReplicas> result;
    for (auto& one : most_)
      if (one) result.push_back(*std::move(one));
    return result;
  }

 private:
  void take_for(const CostBudget& budget, const BudgetStanding& standing) {
    const auto view = View::of_selector(budget.selector, outlay_.tenants);
    auto& step = steps_[budget.name];
    if (is_over(step)) step = {.left = budget.shed_step_max};
    for (const auto& limit : standing.limits) {
      if (limit.act == GuardAct::ScaleToZero) {
        for (std::size_t h = 0; h < holdings_.size(); ++h)
          if (is_bound(view, h))
            if (const auto costly = costly_of(h, true); costly.price > HourlyRate())
              take(h, costly.replicas, budget, limit);
      } else if (limit.act == GuardAct::Shed) {
        take_again(budget, limit, view, step);
        shed_for(budget, limit, view, step);
      }
    }
  }

  [[nodiscard]] bool is_over(const ShedStep& step) const {
    return !step.began || round_.now < *step.began || round_.now - *step.began >= round_.between;
  }

  /// What was taken in this step is taken until it is written.
  void take_again(const CostBudget& budget, const LimitStanding& limit, const View& view,
                  const ShedStep& step) {
    for (std::size_t h = 0; h < holdings_.size(); ++h) {
      const auto& holding = holdings_[h];
      const auto before = step.most.find(round_.tenants[holding.tenant].policy);
      if (before == step.most.end() || !is_bound(view, h)) continue;
      take(h, holding.replicas - taken_[h] - std::max(before->second, holding.protected_replicas),
           budget, limit);
    }
  }

  void shed_for(const CostBudget& budget, const LimitStanding& limit, const View& view,
                ShedStep& step) {
    std::vector<Sheddable> from;
    std::vector<std::size_t> bound;
    HourlyRate saved;
    // An amount that is spent, or is by what goes already, leaves nothing for anyone.
    const bool all = limit.mode == LimitMode::Accrued;
    for (std::size_t h = 0; h < holdings_.size(); ++h) {
      if (!is_bound(view, h)) continue;
      const auto& holding = holdings_[h];
      const auto& tenant = round_.tenants[holding.tenant];
      saved += holding.price * taken_[h];
      bound.push_back(h);
      const auto costly = costly_of(h, all);
      from.push_back({.policy = tenant.policy,
                      .priority = tenant.cost.priority,
                      .replicas = std::min(costly.replicas, holding.replicas - taken_[h] -
                                                                holding.protected_replicas),
                      .price = costly.price,
                      .over_quota = holding.over_quota,
                      .checkpointed = holding.checkpointed,
                      .spot = holding.spot,
                      .started = holding.started});
    }
    const auto excess = all ? HourlyRate::of(no_bound) : excess_over(limit.amount, view) - saved;
    const auto most = all ? std::max(step.left, in_time(limit, from, step)) : step.left;
    for (const auto& cut : shed(from, excess, most)) {
      const auto h = bound[cut.index];
      take(h, cut.replicas, budget, limit);
      step.left = std::max<std::int64_t>(step.left - cut.replicas, 0);
      step.began = step.began.value_or(round_.now);
      step.most[round_.tenants[holdings_[h].tenant].policy] = holdings_[h].replicas - taken_[h];
    }
  }

  struct Costly {
    std::int64_t replicas;
    HourlyRate price;
  };
  /// What is left of a holding that costs something; with what will as soon as it has its node.
  [[nodiscard]] Costly costly_of(std::size_t h, bool with_waiting) const {
    const auto& holding = holdings_[h];
    const auto left = holding.replicas - taken_[h];
    if (holding.price > HourlyRate() || !with_waiting) return {left, holding.price};
    const auto most = std::max<std::int64_t>(left, 0);
    return {std::clamp<std::int64_t>(holding.waiting - taken_[h], 0, most), holding.coming};
  }

  /// How many of them have to go now for all to be gone within shed_looks_max looks. In a step that
  /// has been taken nothing more, unless it is the last look.
  [[nodiscard]] std::int64_t in_time(const LimitStanding& limit,
                                     const std::vector<Sheddable>& from,
                                     const ShedStep& step) const {
    if (round_.between <= Millis() || !limit.taking_since) return 0;
    std::int64_t replicas = 0;
    for (const auto& one : from)
      if (one.price > HourlyRate()) replicas += std::max<std::int64_t>(one.replicas, 0);
    const auto end = *limit.taking_since + round_.between * shed_looks_max;
    const auto looks = std::max<std::int64_t>((end - round_.now) / round_.between, 1);
    if (looks > 1 && step.began && *step.began < round_.now) return 0;
    return (replicas + looks - 1) / looks;
  }

  /// What has to be saved of a rate.
  [[nodiscard]] HourlyRate excess_over(Amount most, const View& view) const {
    const auto sums = there_.sums(view, {});
    return sums.marginal - sums.empty_marginal - HourlyRate::of(most.nano()) - leaving(view);
  }

  /// Of replicas that were taken before and still sit on nodes.
  [[nodiscard]] HourlyRate leaving(const View& view) const {
    std::map<std::size_t, std::int64_t> wanted;
    for (const auto& holding : holdings_)
      wanted[holding.tenant] += holding.replicas * holding.accelerators;
    HourlyRate rate;
    for (const auto& [tenant, keeps] : wanted) {
      Part placed;
      for (const auto& [place, cell] : there_.cells)
        if (const auto part = cell.parts.find(tenant);
            view.has_pool(place.first) && part != cell.parts.end())
          placed += part->second;
      const auto extra = placed.accelerators - keeps;
      if (extra <= 0 || !(view.whole() || view.has_tenant(tenant))) continue;
      rate += HourlyRate::of(narrowed(Wide{placed.marginal.nano()} * extra / placed.accelerators));
    }
    return rate;
  }

  [[nodiscard]] bool is_bound(const View& view, std::size_t holding) const {
    const auto index = holdings_[holding].tenant;
    return view.has_pool(round_.tenants[index].pool) &&
           (view.whole() || view.has_tenant(index));
  }

  void take(std::size_t h, std::int64_t replicas, const CostBudget& budget,
            const LimitStanding& limit) {
    if (replicas <= 0) return;
    taken_[h] += replicas;
    const auto most = holdings_[h].replicas - taken_[h];
    most_[h] = MostReplicas{
        .holding = h,
        .most = most,
        .budget = budget.name,
        .limit = limit.name,
        .act = limit.act,
        .words = fmt::format("budget {} ({}): {}; {} of {} replicas are taken", budget.name,
                             limit.name, limit.words, taken_[h], holdings_[h].replicas)};
  }

  const BudgetRound& round_;
  const Standings& standings_;
  std::span<const Holding> holdings_;
  ShedSteps& steps_;
  Outlay outlay_;
  Span there_;
  std::vector<std::int64_t> taken_;
  std::vector<std::optional<MostReplicas>> most_;
};

}  // namespace

std::vector<MostReplicas> most_replicas(const BudgetRound& round, const Standings& standings,
                                        std::span<const Holding> holdings, ShedSteps& steps) {
  std::erase_if(steps, [&](const auto& step) {
    return std::ranges::none_of(round.budgets, [&](const KeptBudget& kept) {
      return kept.budget->name == step.first;
    });
  });
  const bool any = std::ranges::any_of(standings.budgets, [](const BudgetStanding& budget) {
    return budget.act() >= GuardAct::Shed;
  });
  if (!any) return {};
  CHECK(standings.budgets.size() == round.budgets.size(), "the standings are those of the round");
  return Shedding(round, standings, holdings, steps).result();
}

}  // namespace poolscaler::money
