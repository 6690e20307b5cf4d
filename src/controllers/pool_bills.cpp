// The money of PoolDesk: what the nodes cost, who pays, what is left, and what must be taken back.
#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "money_status.hpp"
#include "own_conditions.hpp"
#include "pool_round.hpp"

namespace poolscaler::controllers {
namespace {

constexpr Millis ledger_period{60'000};
constexpr int default_interval_seconds = 15;
constexpr Millis write_takes{5'000};

/// "p5.48xlarge Spot": what anomalies tell apart.
std::string kind_of_node(const capacity::Node& node, const NodeGroup& group) {
  const auto type = node.labels.find("node.kubernetes.io/instance-type");
  return fmt::format("{} {}", type == node.labels.end() ? group.name : type->second,
                     name_of(group.capacity_type));
}

/// What a replica costs at most, wherever it is.
HourlyRate price_of_one(const capacity::Sight& sight, const capacity::Asking& asking) {
  return sight.supplies[asking.draw.pool].stock.share * asking.draw.accelerators;
}

/// What one of those costs at most that are not on a node yet.
HourlyRate price_of_waiting(const capacity::Sight& sight, const capacity::Asking& asking,
                            const capacity::Placing& placing) {
  if (placing.placed == 0 || placing.without_node > 0) return price_of_one(sight, asking);
  const auto nano = placing.coming.nano();
  return HourlyRate::of((nano + placing.placed - 1) / placing.placed);
}

/// That no budget takes, unless it goes to zero.
std::int64_t kept_replicas(const capacity::Asking& asking, const ScalingPolicy& policy) {
  return std::max<std::int64_t>(asking.protected_replicas, policy.min_replicas);
}

/// How far two looks are apart at most: every policy is due by then, and is written.
Millis between_looks(const std::vector<const PolicyRecord*>& policies) {
  Millis between = Seconds(default_interval_seconds);
  for (const auto* policy : policies)
    between = std::max<Millis>(between, Seconds(policy->spec->interval_seconds));
  return between + write_takes;
}

/// The minNodes of each group, those that are used before others. `nodes` are those of `survey`.
void mark_kept(std::span<money::SeenNode> nodes, const capacity::PoolSurvey& survey,
               const AcceleratorPool& pool) {
  std::vector<std::int64_t> left;
  for (const auto& group : pool.node_groups) left.push_back(group.min_nodes);
  for (const bool used : {true, false})
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].uses.empty() == used || left[survey.nodes[i].group] <= 0) continue;
      nodes[i].kept = true;
      --left[survey.nodes[i].group];
    }
}

/// Who is on the bill: policies in the order of asking, then namespaces.
std::vector<money::Tenant> tenants_of(const capacity::Sight& sight,
                                      const std::vector<capacity::Asking>& asking,
                                      const std::vector<const PolicyRecord*>& policies) {
  std::vector<money::Tenant> tenants;
  for (std::size_t i = 0; i < asking.size(); ++i) {
    const auto each = price_of_one(sight, asking[i]);
    const auto& spec = *policies[i]->spec;
    const auto kept = kept_replicas(asking[i], spec);
    tenants.push_back({.uid = policies[i]->uid,
                       .policy = asking[i].draw.policy,
                       .ns = policies[i]->key.ns,
                       .labels = policies[i]->labels,
                       .pool = spec.pool,
                       .cost = spec.cost,
                       .coming = sight.placings[i].coming,
                       .floor = each * kept,
                       .kept_replicas = kept});
  }
  return tenants;
}

}  // namespace

void PoolDesk::count(Round& round) {
  adopt_books(round);
  auto& bills = round.bills;
  bills.now = round.now;
  std::vector<const PolicyRecord*> policies;
  for (std::size_t i = 0; i < round.asking.size(); ++i) policies.push_back(&round.policy_of(i));
  bills.between = between_looks(policies);
  bills.tenants = tenants_of(round.sight, round.asking, policies);
  const auto& cluster = round.snapshot.cluster;
  std::map<std::size_t, std::size_t> tenant_of_namespace;
  const auto tenant_of = [&](const capacity::Use& use) {
    if (use.draw) return *use.draw;
    const auto [found, added] = tenant_of_namespace.try_emplace(use.ns, bills.tenants.size());
    if (added) bills.tenants.push_back({.ns = cluster.namespaces[use.ns]});
    return found->second;
  };
  for (std::size_t i = 0; i < round.pools.size(); ++i) {
    const auto& pool = *round.pools[i]->spec;
    bills.pools.push_back({.name = pool.name,
                           .uid = round.pools[i]->uid,
                           .currency = pool.currency,
                           .max_hourly = pool.limits.max_hourly,
                           .hold = round.sight.supplies[i].stock.hold,
                           .boot = round.sight.supplies[i].boot,
                           .release = round.sight.supplies[i].release,
                           .stop = capacity::pod_stops,
                           .coming = round.sight.supplies[i].in_flight});
    for (const auto& seen : round.sight.survey.pools[i].nodes) {
      const auto& node = *cluster.nodes[seen.node];
      auto& bill = bills.nodes.emplace_back(
          money::SeenNode{.uid = node.uid,
                          .pool = pool.name,
                          .kind = kind_of_node(node, pool.node_groups[seen.group]),
                          .rate = seen.quote->rate,
                          .marginal = seen.quote->marginal,
                          .doubtful = seen.quote->state == money::PriceState::Stale,
                          .contested = seen.contested,
                          .started = node.created,
                          .accelerators = seen.capacity});
      for (const auto& use : seen.uses) bill.uses.push_back({tenant_of(use), use.accelerators});
    }
    mark_kept(std::span(bills.nodes).last(round.sight.survey.pools[i].nodes.size()),
              round.sight.survey.pools[i], pool);
  }
  for (const auto& record : round.snapshot.budgets)
    if (record->spec != nullptr) bills.budgets.push_back({record->uid, record->spec});
  round.standings = book_.look(bills);
  // Nobody knows what a budget with errors is about, so it may be about everything.
  for (const auto& record : round.snapshot.budgets) {
    if (record->spec != nullptr) continue;
    for (auto& limits : round.standings.of_pool) limits.push_back(round.standings.limits.size());
    round.standings.limits.push_back({.budget = record->name,
                                      .cap = money::RateCap{},
                                      .frozen = true,
                                      .trouble = record->errors});
  }
}

/// What a predecessor has counted is taken up once; after a lost write what the winner has counted.
void PoolDesk::adopt_books(const Round& round) {
  for (const auto& record : round.pools) {
    const bool take_up = std::exchange(pools_.at(record->name)->take_up, false);
    const auto& ledger = record->status->ledger;
    if (ledger && (take_up || !book_.holds_pool(record->name, record->uid)))
      book_.adopt_pool(record->name, record->uid, told::ledger_state(*ledger));
  }
  std::map<std::string, std::unique_ptr<BudgetState>> known;
  for (const auto& record : round.snapshot.budgets) {
    auto& state = known[record->name];
    if (const auto found = budgets_.find(record->name); found != budgets_.end())
      state = std::move(found->second);
    if (!state || state->uid != record->uid) {
      state = std::make_unique<BudgetState>();
      state->uid = record->uid;
    }
    if (!state->stored.saw(record->resource_version)) continue;
    state->told = *record->status;
    if (record->spec == nullptr) continue;
    if (auto stored = told::budget_state(record->uid, *record->status))
      book_.adopt_budget(record->name, *std::move(stored));
  }
  for (const auto& [name, gone] : budgets_)
    if (gone && !known.contains(name)) parts_.metrics.drop_budget(name);
  budgets_ = std::move(known);
}

/// Replicas that a budget's rule takes: the answer to those policies is another one.
void PoolDesk::take_back(Round& round) {
  const bool takes = std::ranges::any_of(round.standings.budgets, [](const auto& standing) {
    return standing.act() == money::GuardAct::Shed ||
           standing.act() == money::GuardAct::ScaleToZero;
  });
  if (!takes) return;
  std::vector<money::Holding> holdings;
  for (std::size_t i = 0; i < round.asking.size(); ++i) {
    const auto& asking = round.asking[i];
    HourlyRate each;
    bool spot = true;
    const auto& pool = round.sight.survey.pools[asking.draw.pool];
    for (const auto& node : pool.nodes) {
      if (std::ranges::find(node.uses, std::optional(i), &capacity::Use::draw) == node.uses.end())
        continue;
      const auto whole = node.quote->marginal.value_or(HourlyRate());
      const auto part = whole.nano() / std::max<std::int64_t>(node.capacity, 1);
      each = std::max(each, HourlyRate::of(part));
      spot = spot && round.pools[asking.draw.pool]->spec->node_groups[node.group].capacity_type ==
                         CapacityType::Spot;
    }
    if (!asking.acts || asking.draw.replicas == 0) continue;
    const auto& spec = *round.policy_of(i).spec;
    holdings.push_back({.tenant = i,
                        .replicas = asking.draw.replicas,
                        .accelerators = asking.draw.accelerators,
                        .price = each * asking.draw.accelerators,
                        .protected_replicas = kept_replicas(asking, spec),
                        .waiting = round.sight.placings[i].waiting(),
                        .coming = price_of_waiting(round.sight, asking,
                                                   round.sight.placings[i]),
                        .spot = spot});
  }
  for (const auto& cut :
       money::most_replicas(round.bills, round.standings, holdings, shed_steps_)) {
    const auto asking = holdings[cut.holding].tenant;
    round.answers[round.wish_of[asking]].grant =
        Grant{.most = static_cast<std::int32_t>(cut.most),
              .reason = cut.act == money::GuardAct::ScaleToZero ? Reason::ZeroedByBudget
                                                                : Reason::ShedByBudget,
              .words = cut.words,
              .takes = true};
  }
}

void PoolDesk::tell_budgets(Round& round) {
  std::size_t standing = 0;
  for (const auto& record : round.snapshot.budgets) {
    if (record->spec != nullptr) {
      tell_budget(*record, round.standings.budgets.at(standing++), round.now);
      continue;
    }
    auto status = *record->status;
    status.observed_generation = record->generation;
    Conditions conditions(record->status->conditions, record->generation, round.now);
    conditions.add("Ready", false, Reason::BudgetInvalid, record->errors);
    status.conditions = conditions.take();
    parts_.metrics.set_budget(record->name, {});
    write_budget(*record, std::move(status), false);
  }
}

namespace {

bool is_full(const api::LimitStatus& limit) { return limit.used_basis_points >= 10'000; }

bool same_limits(const std::vector<api::LimitStatus>& a, const std::vector<api::LimitStatus>& b) {
  return std::ranges::equal(a, b, [](const api::LimitStatus& one, const api::LimitStatus& other) {
    return one.name == other.name && one.amount == other.amount && one.act == other.act &&
           one.period_begin == other.period_begin && one.guard.fired == other.guard.fired &&
           one.guard.frozen_since == other.guard.frozen_since &&
           one.guard.warned == other.guard.warned && is_full(one) == is_full(other);
  });
}

bool same_meaning(const api::BudgetStatus& a, const api::BudgetStatus& b) {
  const auto costs = [](HourlyRate rate) { return rate > HourlyRate(); };
  return say_the_same(a.conditions, b.conditions) && same_limits(a.limits, b.limits) &&
         costs(a.rate) == costs(b.rate) && costs(a.committed) == costs(b.committed) &&
         a.ledger.has_value() == b.ledger.has_value();
}

/// What stands still while nothing costs anything.
bool same_numbers(const api::BudgetStatus& a, const api::BudgetStatus& b) {
  const auto same_limit = [](const api::LimitStatus& one, const api::LimitStatus& other) {
    return one.accrued == other.accrued && one.headroom == other.headroom &&
           one.used_basis_points == other.used_basis_points;
  };
  return a.rate == b.rate && a.committed == b.committed && a.nodes == b.nodes &&
         same_messages(a.conditions, b.conditions) &&
         a.unpriced_nodes == b.unpriced_nodes && a.doubtful_nodes == b.doubtful_nodes &&
         std::ranges::equal(a.limits, b.limits, same_limit);
}

telemetry::BudgetSample sample_of(const CostBudget& budget, const money::BudgetStanding& standing) {
  telemetry::BudgetSample sample{.ready = standing.trouble.empty(),
                                 .currency = std::string(budget.currency.code()),
                                 .rate = standing.rate,
                                 .unpriced_nodes = standing.unpriced,
                                 .anomalous = standing.anomaly.anomalous};
  for (const auto& limit : standing.limits)
    sample.limits.push_back({.name = limit.name,
                             .amount = limit.amount,
                             .used = limit.used,
                             .headroom = limit.headroom,
                             .used_basis_points = limit.used_basis_points,
                             .projected_worst = limit.projected_worst,
                             .projected_typical = limit.projected_typical,
                             .frozen = limit.frozen_since.has_value()});
  return sample;
}

}  // namespace

void PoolDesk::tell_budget(const BudgetRecord& record, const money::BudgetStanding& standing,
                           Instant now) {
  auto& known = *budgets_.at(record.name);
  parts_.metrics.set_budget(record.name, sample_of(*record.spec, standing));
  note_budget(record, known, standing);
  const auto state = book_.state_of_budget(record.name);
  auto status = told::budget_status({.budget = *record.spec,
                                     .generation = record.generation,
                                     .standing = standing,
                                     .state = state,
                                     .conditions_before = known.told.conditions},
                                    now);
  const bool billed = standing.rate > HourlyRate() || standing.committed > HourlyRate() ||
                      standing.unpriced > 0;
  write_budget(record, std::move(status), billed);
}

void PoolDesk::write_budget(const BudgetRecord& record, api::BudgetStatus status, bool billed) {
  auto& known = *budgets_.at(record.name);
  const auto now = parts_.clock.monotonic();
  const bool moved = billed || !same_numbers(known.told, status);
  const bool due = known.stored.unsaid() ||
                   (moved && (!known.told_at || now - *known.told_at >= ledger_period));
  if (!known.stored.may_write() || (same_meaning(known.told, status) && !due)) return;
  note_not_ready("CostBudget", record, known.told.conditions, status.conditions);
  known.told_at = now;
  parts_.writes.put_status({.what = WriteSlot::What::BudgetStatus,
                            .key = {.ns = {}, .name = record.name}},
                           {.plural = "costbudgets",
                            .key = {.ns = {}, .name = record.name},
                            .uid = record.uid,
                            .status_json = api::render_budget_status(status),
                            .resource_version = known.stored.begin()});
  known.told = std::move(status);
}

void PoolDesk::budget_done(const WriteDone& done) {
  const auto found = budgets_.find(done.slot.key.name);
  if (found == budgets_.end()) return;
  auto& known = *found->second;
  if (!done.error) return known.stored.wrote(done.resource_version);
  const bool conflict = done.error->kind == ErrorKind::Conflict;
  known.stored.failed(conflict);
  if (conflict || done.error->kind == ErrorKind::Cancelled) return;
  parts_.log.warning("cannot write the status of a budget",
                     {{"budget", done.slot.key.name}, {"error", done.error->message}});
}

void PoolDesk::note_budget(const BudgetRecord& record, const BudgetState& known,
                           const money::BudgetStanding& standing) {
  const auto* before = find_condition(known.told.conditions, "BudgetExceeded");
  const bool was = before != nullptr && before->status == api::ConditionStatus::True;
  const money::LimitStanding* reached = nullptr;
  for (const auto& limit : standing.limits) {
    for (const auto percent : limit.fired_now) {
      parts_.metrics.count_budget_threshold(record.name, limit.name, percent);
      note("CostBudget", record,
           {.warning = percent >= 100,
            .reason = Reason::BudgetThreshold,
            .action = "Count",
            .note = fmt::format("{} % of limit {}: {}", percent, limit.name, limit.words),
            .about = fmt::format("{} {} of {}", limit.name, percent, shown(limit.amount))});
      parts_.log.info("budget reaches a threshold", {{"budget", record.name},
                                                     {"limit", limit.name},
                                                     {"percent", percent},
                                                     {"stands", limit.words}});
    }
    if (limit.act != money::GuardAct::None) reached = &limit;
  }
  if (reached != nullptr && !was)
    note("CostBudget", record,
         {.warning = true,
          .reason = Reason::BudgetExceeded,
          .action = "Freeze",
          .note = reached->words});
  if (reached == nullptr && was)
    note("CostBudget", record, {.reason = Reason::BudgetResumed,
                                .action = "Resume",
                                .note = std::string(text_of(Reason::BudgetResumed))});
  const auto* usual = find_condition(known.told.conditions, "Anomaly");
  const bool anomalous = usual != nullptr && usual->status == api::ConditionStatus::True;
  if (!standing.anomaly.anomalous || anomalous) return;
  parts_.metrics.count_budget_anomaly(record.name);
  note("CostBudget", record,
       {.warning = true,
        .reason = Reason::CostAnomaly,
        .action = "Count",
        .note = standing.anomaly.words});
}

}  // namespace poolscaler::controllers
