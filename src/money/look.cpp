#include "look.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"

namespace poolscaler::money {
namespace {

const std::shared_ptr<const TimeZone>& utc() {
  static const auto zone = std::make_shared<const TimeZone>(
      "UTC", std::vector<Stretch>{{.begin = {}, .offset = Seconds(0)}});
  return zone;
}

std::uint64_t digest_of(const BudgetSelector& selector) {
  auto sorted = selector;
  std::ranges::sort(sorted.namespaces);
  std::ranges::sort(sorted.pools);
  std::ranges::sort(sorted.policy_labels);
  std::string text;
  for (const auto& ns : sorted.namespaces) text += "n" + ns + "\n";
  for (const auto& pool : sorted.pools) text += "p" + pool + "\n";
  for (const auto& label : sorted.policy_labels) text += "l" + label.key + "=" + label.value + "\n";
  return stable_hash(text);
}

std::vector<std::string> dimensions_of(const CostBudget& budget) {
  std::vector<std::string> dimensions = {std::string(namespace_dimension)};
  for (const auto& label : budget.cost_labels)
    if (std::ranges::find(dimensions, label) == dimensions.end()) dimensions.push_back(label);
  return dimensions;
}

std::string trouble_of(const CostBudget& budget, const std::optional<ForeignMoney>& foreign) {
  if (!budget.zone)
    return "its time zone is not known; name one of the IANA data base, such as UTC";
  if (foreign)
    return fmt::format("it is in {} and {} is in {}; give it that currency, or make it select "
                       "pools of its own",
                       budget.currency.code(), foreign->what, foreign->currency.code());
  if (const auto key = contradiction_in(budget.selector))
    return fmt::format("its selector asks for two values of the label '{}', which no policy has; "
                       "name one of them, or make two budgets",
                       *key);
  return {};
}

std::string note_of(const CostBudget& budget, const std::set<std::string, std::less<>>& pools) {
  for (const auto& pool : budget.selector.pools)
    if (!pools.contains(pool))
      return fmt::format("it selects pool '{}', which does not exist; correct the name", pool);
  return {};
}

bool has_own_ledger(const Tenant& tenant) {
  return !tenant.policy.empty() && (tenant.cost.max_daily || tenant.cost.max_monthly);
}

}  // namespace

Look::Look(const BudgetRound& round, const Outlay& last)
    : round_(round),
      outlay_(outlay_of(round)),
      last_(last),
      between_(spans_between(last_, outlay_)),
      there_(running_in(outlay_)),
      rates_(round.tenants.size()) {
  for (const auto& pool : round.pools) pools_.insert(pool.name);
  answer_.of_pool.resize(round.pools.size());
  answer_.of_tenant.resize(round.tenants.size());
  answer_.pool_warned.resize(round.pools.size());
  answer_.tenants.resize(round.tenants.size());
  for (const auto& [place, cell] : there_.cells)
    for (const auto& [tenant, part] : cell.parts) {
      answer_.tenants[tenant].rate += part.marginal;
      rates_[tenant] += part.rate;
    }
  for (const auto& node : outlay_.nodes)
    if (!node.stopped && (node.kept || std::ranges::any_of(node.parts, [this](const auto& part) {
                            return keeps(part.first);
                          })))
      keepable_.push_back(&node);
}

void Look::pool(std::size_t index, HeldLedger& held) {
  const auto& facts = round_.pools[index];
  const auto view = View::of_pool(facts.name);
  const std::vector<std::string> dimensions = {std::string(namespace_dimension)};
  prepare(held, utc(), dimensions, round_.now);
  const auto sums = there_.sums(view, dimensions);
  static_cast<void>(count(held, {view, view}, sums));
  answer_.pools.push_back({.rate = sums.marginal,
                           .committed = sums.rate - sums.marginal,
                           .idle = sums.split.idle,
                           .nodes = sizes(sums.nodes),
                           .unpriced = sizes(sums.unpriced)});
  if (!facts.max_hourly) return;
  bind_pool(index, {.budget = facts.name,
                    .cap = RateCap{*facts.max_hourly},
                    .rate = sums.marginal + facts.coming,
                    .hold = facts.hold,
                    .owner = LimitOwner::Pool,
                    .name = "maxHourly"});
}

void Look::tenant(std::size_t index, HeldLedger* held) {
  const auto& tenant = round_.tenants[index];
  if (tenant.policy.empty()) return;
  const auto rate = answer_.tenants[index].rate + tenant.coming;
  const auto hold = hold_of(tenant.pool);
  const auto bind_one = [&](Limit limit) {
    answer_.of_tenant[index].push_back(answer_.limits.size());
    answer_.limits.push_back(std::move(limit));
  };
  const auto limit = [&](std::string_view name, std::variant<RateCap, AccruedCap> cap,
                         HourlyRate now) {
    const Limit one{.budget = tenant.policy,
                    .cap = cap,
                    .rate = now,
                    .hold = hold,
                    .owner = LimitOwner::Policy,
                    .name = std::string(name)};
    bind_one(one);
    if (auto next = next_period(one, *utc(), round_.now)) bind_one(*std::move(next));
  };
  const auto& cost = tenant.cost;
  if (cost.max_hourly) limit("maxHourly", RateCap{*cost.max_hourly}, rate);
  if (cost.max_added_hourly) limit("maxAddedHourly", RateCap{*cost.max_added_hourly}, {});
  if (!held) return;
  const auto accrued = [&](PeriodKind kind, Amount most) {
    const auto& book = *held->ledger->book_of(kind);
    const auto full = held->ledger->rate;
    const auto committed = std::max(full - answer_.tenants[index].rate, HourlyRate());
    return std::pair(AccruedCap{.kind = kind,
                                .period = book.period,
                                .most = most,
                                .accrued = book.book.bill.rounded_up(),
                                .floor = tenant.floor + committed},
                     full + tenant.coming);
  };
  if (cost.max_daily) {
    const auto [cap, now] = accrued(PeriodKind::Day, *cost.max_daily);
    limit("maxDaily", cap, now);
  }
  if (cost.max_monthly) {
    const auto [cap, now] = accrued(PeriodKind::Month, *cost.max_monthly);
    limit("maxMonthly", cap, now);
  }
}

void Look::budget(const KeptBudget& kept, HeldBudget& held) {
  const auto& budget = *kept.budget;
  const Views views{View::of_selector(budget.selector, last_.tenants),
                    View::of_selector(budget.selector, outlay_.tenants)};
  BudgetStanding standing{.name = budget.name,
                          .trouble = trouble_of(budget, foreign_to(budget, views.now)),
                          .note = note_of(budget, pools_)};
  if (!standing.trouble.empty()) {
    for (const auto& declared : budget.limits)
      finish(standing, budget, views.now, frozen_limit(budget, declared, standing.trouble));
    answer_.budgets.push_back(std::move(standing));
    return;
  }
  const auto dimensions = dimensions_of(budget);
  prepare(held.ledger, budget.zone, dimensions, round_.now);
  follow_selector(held, budget);
  const auto sums = there_.sums(views.now, dimensions);
  const auto counted_to = held.ledger.ledger->counted_to;
  auto charges = count(held.ledger, views, sums);
  remember(held, charges.kinds, counted_to);
  standing.rate = sums.marginal;
  standing.committed = sums.rate - sums.marginal;
  standing.nodes = sizes(sums.nodes);
  standing.unpriced = sizes(sums.unpriced);
  standing.doubtful = sizes(sums.doubtful);
  standing.contested = sizes(sums.contested);
  standing.clock_behind = charges.clock_behind;
  standing.gone = charges.gone;
  standing.anomaly = held.anomaly;
  const bool takes = budget.on_limit == OnBudgetLimit::Shed ||
                     budget.on_limit == OnBudgetLimit::ScaleToZero;
  const auto stopping = takes ? stopping_of(views.now) : std::vector<Stopping>();
  const BudgetFacts facts{.budget = budget,
                          .ledger = *held.ledger.ledger,
                          .sums = sums,
                          .coming = coming_of(views.now),
                          .floor = floor_of(views.now),
                          .hold = hold_of(views.now),
                          .notice = takes ? notice_of(budget) : Millis(),
                          .stopping = stopping,
                          .usual = held.usual,
                          .now = round_.now};
  std::map<std::string, NamedGuard> guards;
  for (const auto& declared : budget.limits) {
    auto& guard = guards[declared.name];
    guard = guard_of(held, declared);
    finish(standing, budget, views.now, judge_limit(facts, declared, guard.state));
  }
  held.guards = std::move(guards);
  answer_.budgets.push_back(std::move(standing));
}

void Look::policies(std::map<std::string, HeldLedger>& held) {
  std::map<std::string, std::vector<Charge>> charges;
  std::map<std::string, std::size_t> wanted;
  for (std::size_t i = 0; i < round_.tenants.size(); ++i)
    if (has_own_ledger(round_.tenants[i])) wanted[round_.tenants[i].policy] = i;
  std::erase_if(held, [&](const auto& one) { return !wanted.contains(one.first); });
  for (const auto& [policy, index] : wanted) {
    auto& ledger = held[policy];
    if (ledger.uid != round_.tenants[index].uid) ledger = {.uid = round_.tenants[index].uid};
    prepare(ledger, utc(), {}, round_.now);
  }
  for (const auto& span : between_) add_policies(span, held, true, charges);
  const bool all_run =
      std::ranges::all_of(held, [](const auto& one) { return one.second.running; });
  // Each node from its own start on, since ledgers are counted up to different times.
  if (!all_run)
    for (const auto& span : spans_since(outlay_, Instant::min()))
      add_policies(span, held, false, charges);
  for (const auto& [policy, index] : wanted)
    count_policy(held[policy], charges[policy], rates_[index]);
}

Look::Counted Look::count(HeldLedger& held, const Views& views, const Sums& now) {
  Counted result;
  auto& ledger = *held.ledger;
  const auto since = ledger.counted_to;
  if (round_.now < since) {
    result.clock_behind = since - round_.now;
  } else {
    std::vector<Charge> charges;
    const auto charge = [&](const Span& span, const View& view) {
      const auto begin = std::max(span.begin, since);
      if (span.end <= begin) return;
      auto sums = span.sums(view, ledger.dimensions);
      charges.push_back({.begin = begin,
                         .end = span.end,
                         .rate = sums.rate,
                         .unpriced = sums.unpriced,
                         .split = std::move(sums.split)});
      result.kinds.push_back({begin, span.end, std::move(sums.kinds)});
    };
    if (held.running) {
      for (const auto& span : between_)
        charge(span, span.from == &outlay_ ? views.now : views.last);
    } else {
      for (const auto& span : spans_since(outlay_, since)) charge(span, views.now);
      result.gone = gone_of(ledger, views.now);
      charges.push_back(
          {.begin = since, .end = round_.now, .rate = result.gone,
           .split = {.tenants = std::vector<std::map<std::string, HourlyRate>>(
                         ledger.dimensions.size()),
                     .idle = result.gone}});
    }
    ledger = counted(std::move(ledger), charges, round_.now);
  }
  ledger.rate = now.rate;
  ledger.unpriced = sizes(now.unpriced);
  held.running = true;
  return result;
}

HourlyRate Look::gone_of(const Ledger& ledger, const View& view) const {
  if (round_.now <= ledger.counted_to) return {};
  Span before{.from = &outlay_};
  for (const auto& node : outlay_.nodes)
    if (node.started <= ledger.counted_to) before.add(node);
  return std::max(ledger.rate - before.sums(view, {}).rate, HourlyRate());
}

std::optional<ForeignMoney> Look::foreign_to(const CostBudget& budget,
                                                     const View& view) const {
  for (const auto& pool : round_.pools)
    if (pool.currency != budget.currency && view.has_pool(pool.name) && is_drawn(view, pool.name))
      return ForeignMoney{"pool " + pool.name, pool.currency};
  const bool loose = std::ranges::any_of(outlay_.nodes, [&](const NodeCost& node) {
    return !pools_.contains(node.pool) && view.touches(node);
  });
  if (loose && round_.currency != budget.currency)
    return ForeignMoney{"what nodes of no pool cost", round_.currency};
  return std::nullopt;
}

bool Look::is_drawn(const View& view, const std::string& pool) const {
  if (view.whole()) return true;
  for (std::size_t t = 0; t < round_.tenants.size(); ++t)
    if (round_.tenants[t].pool == pool && view.has_tenant(t)) return true;
  return std::ranges::any_of(outlay_.nodes, [&](const NodeCost& node) {
    return node.pool == pool && view.touches(node);
  });
}

void Look::follow_selector(HeldBudget& held, const CostBudget& budget) const {
  const auto digest = digest_of(budget.selector);
  const auto counted_to = held.ledger.ledger->counted_to;
  auto& history = held.history;
  // A state may tell of past hours alone; the one that was not over is lost then.
  if (history.open_begin == Instant()) {
    history.open_begin = history_from(counted_to).open_begin;
    if (held.selector == 0) held.selector = digest;
  }
  if (held.selector == digest) return;
  held.selector = digest;
  history = history_from(round_.now);
  held.judged = false;
}

void Look::remember(HeldBudget& held, const std::vector<KindCharge>& kinds,
                    Instant counted_to) const {
  const bool any = round_.now >= counted_to && extend(held.history, kinds, round_.now);
  if (held.judged && !any) return;
  held.judged = true;
  held.anomaly = judge_last(held.history);
  held.usual = usual_week(held.history, *held.ledger.ledger->zone);
}

NamedGuard Look::guard_of(const HeldBudget& held, const BudgetLimit& declared) {
  const auto found = held.guards.find(declared.name);
  if (found != held.guards.end() && found->second.mode == declared.mode &&
      found->second.period == declared.period)
    return found->second;
  return {.limit = declared.name, .mode = declared.mode, .period = declared.period, .state = {}};
}

void Look::finish(BudgetStanding& standing, const CostBudget& budget, const View& view,
            JudgedLimit judged) {
  // What was taken must not come back to the nodes that it leaves, although they cost no more.
  if (judged.standing.act >= GuardAct::Shed && view.whole()) bind_tenants(view, judged.limit);
  if (budget.on_limit != OnBudgetLimit::Notify) {
    bind(view, std::move(judged.limit));
    if (judged.next) bind(view, *std::move(judged.next));
    if (judged.paced) bind(view, *std::move(judged.paced));
  }
  const bool near = judged.standing.warned || judged.standing.act != GuardAct::None;
  for (std::size_t p = 0; p < round_.pools.size(); ++p)
    if (near && view.whole() && view.has_pool(round_.pools[p].name))
      answer_.pool_warned[p] = true;
  standing.limits.push_back(std::move(judged.standing));
}

void Look::bind_pool(std::size_t pool, Limit limit) {
  answer_.of_pool[pool].push_back(answer_.limits.size());
  answer_.limits.push_back(std::move(limit));
}

void Look::bind(const View& view, Limit limit) {
  if (!view.whole()) return bind_tenants(view, std::move(limit));
  for (std::size_t p = 0; p < round_.pools.size(); ++p)
    if (view.has_pool(round_.pools[p].name)) answer_.of_pool[p].push_back(answer_.limits.size());
  answer_.limits.push_back(std::move(limit));
}

void Look::bind_tenants(const View& view, Limit limit) {
  for (std::size_t t = 0; t < round_.tenants.size(); ++t)
    if (is_bound(view, t)) answer_.of_tenant[t].push_back(answer_.limits.size());
  answer_.limits.push_back(std::move(limit));
}

bool Look::is_bound(const View& view, std::size_t tenant) const {
  const auto& one = round_.tenants[tenant];
  return !one.policy.empty() && view.has_pool(one.pool) &&
         (view.whole() || view.has_tenant(tenant));
}

HourlyRate Look::coming_of(const View& view) const {
  HourlyRate coming;
  if (view.whole()) {
    for (const auto& pool : round_.pools)
      if (view.has_pool(pool.name)) coming += pool.coming;
  } else {
    for (std::size_t t = 0; t < round_.tenants.size(); ++t)
      if (is_bound(view, t)) coming += round_.tenants[t].coming;
  }
  return coming;
}

HourlyRate Look::floor_of(const View& view) const {
  HourlyRate floor;
  for (std::size_t t = 0; t < round_.tenants.size(); ++t)
    if (is_bound(view, t)) floor += round_.tenants[t].floor;
  return view.whole() ? std::max(floor, kept_nodes(view)) : floor;
}

HourlyRate Look::kept_nodes(const View& view) const {
  std::map<std::size_t, std::vector<const NodeCost*>> nodes_of;
  std::set<const NodeCost*> kept;
  for (const auto* node : keepable_) {
    if (!view.has_pool(node->pool)) continue;
    if (node->kept) kept.insert(node);
    for (const auto& [tenant, part] : node->parts)
      if (keeps(tenant)) nodes_of[tenant].push_back(node);
  }
  // Which replicas go is not ours to say, so the dearest of their nodes stay.
  for (auto& [tenant, nodes] : nodes_of) {
    std::ranges::stable_sort(nodes, std::greater{}, &NodeCost::marginal);
    const auto most = static_cast<std::size_t>(round_.tenants[tenant].kept_replicas);
    kept.insert(nodes.begin(),
                nodes.begin() + static_cast<std::ptrdiff_t>(std::min(most, nodes.size())));
  }
  HourlyRate rate;
  for (const auto* node : kept) rate += node->marginal;
  return rate;
}

/// A share of a node is counted up to the look that does not see it any more.
std::vector<Stopping> Look::stopping_of(const View& view) const {
  std::map<Millis, HourlyRate> by_time;
  for (const auto& node : outlay_.nodes) {
    if (node.stopped || !view.has_pool(node.pool)) continue;
    const auto* pool = find_pool(node.pool);
    if (view.whole()) {
      const auto boot = pool == nullptr ? Millis() : node.started + pool->boot - round_.now;
      by_time[std::max(boot, Millis()) + (pool == nullptr ? Millis() : pool->release)] +=
          node.rate;
      continue;
    }
    for (const auto& [tenant, part] : node.parts)
      if (view.has_tenant(tenant))
        by_time[round_.between + (pool == nullptr ? Millis() : pool->stop)] += part.rate;
  }
  for (const auto& pool : round_.pools)
    if (view.whole() && view.has_pool(pool.name))
      by_time[pool.boot + pool.release] += pool.coming;
  for (std::size_t t = 0; t < round_.tenants.size() && !view.whole(); ++t)
    if (const auto* pool = find_pool(round_.tenants[t].pool); pool != nullptr && is_bound(view, t))
      by_time[round_.between + pool->stop] += round_.tenants[t].coming;
  std::vector<Stopping> stopping;
  for (const auto& [after, rate] : by_time)
    if (rate > HourlyRate()) stopping.push_back({rate, after});
  return stopping;
}

/// The grace, a look until it is seen and one until the grace is over, and those of the steps.
Millis Look::notice_of(const CostBudget& budget) const {
  return Seconds(budget.grace_seconds) + round_.between * (1 + shed_looks_max);
}

Millis Look::hold_of(const View& view) const {
  Millis hold{};
  for (const auto& pool : round_.pools)
    if (view.has_pool(pool.name)) hold = std::max(hold, pool.hold);
  return hold;
}

Millis Look::hold_of(const std::string& pool) const {
  const auto* found = find_pool(pool);
  return found == nullptr ? Millis() : found->hold;
}

const PoolFacts* Look::find_pool(const std::string& pool) const {
  const auto found = std::ranges::find(round_.pools, pool, &PoolFacts::name);
  return found == round_.pools.end() ? nullptr : &*found;
}

void Look::add_policies(const Span& span, const std::map<std::string, HeldLedger>& held,
                         bool running, std::map<std::string, std::vector<Charge>>& charges) {
  for (const auto& [place, cell] : span.cells)
    for (const auto& [tenant, part] : cell.parts) {
      const auto& policy = span.from->tenants[tenant].policy;
      const auto ledger = held.find(policy);
      if (ledger != held.end() && ledger->second.running == running)
        charges[policy].push_back({.begin = span.begin, .end = span.end, .rate = part.rate});
    }
}

void Look::count_policy(HeldLedger& held, std::vector<Charge>& charges, HourlyRate rate) const {
  auto& ledger = *held.ledger;
  if (round_.now >= ledger.counted_to) {
    for (auto& charge : charges) charge.begin = std::max(charge.begin, ledger.counted_to);
    ledger = counted(std::move(ledger), charges, round_.now);
  }
  ledger.rate = rate;
  held.running = true;
}

}  // namespace poolscaler::money
