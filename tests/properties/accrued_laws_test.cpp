// The law of caps, with everything that takes its time: nodes that boot, idle and are drained, pods
// that stop, looks far apart, steps and graces. What a cap admits may be wanted by somebody for as
// long as there is a period; budgets that take replicas take them early enough.

#include <algorithm>
#include <array>
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "poolscaler/money/arbitrate.hpp"
#include "poolscaler/money/budget_book.hpp"

namespace poolscaler::laws {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Instant beginning{std::chrono::sys_days(std::chrono::year(2026) / 11 / 1)};
constexpr std::size_t policies = 3;

std::shared_ptr<const TimeZone> utc() {
  static const auto zone = std::make_shared<const TimeZone>(
      "UTC", std::vector<Stretch>{{.begin = {}, .offset = Seconds(0)}});
  return zone;
}

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  /// Both ends belong to it.
  std::int64_t of(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(engine_);
  }
  /// Mostly the longest.
  Millis up_to(Millis most) { return of(0, 2) > 0 ? most : Millis(of(0, most.count())); }
  bool one_of(std::int64_t n) { return of(1, n) == 1; }

 private:
  std::mt19937 engine_;
};

struct Delays {
  Millis boot;
  Millis idle;
  Millis drain;
  Millis stop;
  Millis between;
};

struct Machine {
  HourlyRate rate;
  std::optional<Instant> started{};  // nothing: asked for, and not there
  Instant ready{};
  Instant empty_since{};
  std::optional<Instant> cordoned{};
  std::optional<Instant> ends{};
};

struct Replica {
  std::size_t tenant;
  std::optional<std::size_t> machine{};
  std::optional<Instant> gone{};
};

/// A pool whose nodes come by grants alone, and three policies that want what they like.
class Town {
 public:
  Town(std::uint32_t seed, OnBudgetLimit on_limit, BudgetPeriod period)
      : dice_(seed), period_(period) {
    delays_ = {.boot = minutes(dice_.of(1, 15)),
               .idle = minutes(dice_.of(0, 15)),
               .drain = minutes(dice_.of(0, 15)),
               .stop = seconds(dice_.of(0, 120)),
               .between = period == BudgetPeriod::Hour ? seconds(dice_.of(15, 120))
                                                       : seconds(dice_.of(60, 900))};
    found(on_limit);
    stock_.per_node = per_node_;
    stock_.hold = round_.pools[0].hold;
    for (const bool spot : {false, true})
      stock_.tiers.push_back({.price = HourlyRate::of(dice_.of(1, 60) * Amount::per_whole),
                              .nodes = dice_.of(0, 12),
                              .spot = spot});
    for (const auto& tier : stock_.tiers)
      stock_.share = std::max(stock_.share, HourlyRate::of(tier.price->nano() / per_node_));
    keep_some();
  }

  void live(int periods) {
    const auto end = beginning + length() * periods;
    while (round_.now < end) {
      step();
      round_.now = std::min(round_.now + dice_.up_to(delays_.between), end);
    }
    advance();
    note_shares(book_.look(round_));
  }

  /// What nodes have cost in each period, by when they were there.
  [[nodiscard]] Amount worst_period() const {
    Amount worst;
    for (auto begin = beginning; begin < round_.now; begin += length()) {
      money::Integral bill;
      for (const auto& machine : machines_) {
        if (!machine.started) continue;
        const auto from = std::max(*machine.started, begin);
        const auto to = std::min({machine.ends.value_or(round_.now), begin + length(),
                                  round_.now});
        if (to > from) bill.add(machine.rate, to - from);
      }
      worst = std::max(worst, bill.rounded_up());
    }
    return worst;
  }

  [[nodiscard]] Amount whole() const { return whole_; }
  [[nodiscard]] HourlyRate most_rate() const { return most_rate_; }
  [[nodiscard]] HourlyRate rate_cap() const { return rate_cap_; }
  [[nodiscard]] bool has_shares_over() const { return shares_over_; }
  [[nodiscard]] std::int64_t granted() const { return granted_; }
  [[nodiscard]] std::int64_t taken() const { return taken_; }

 private:
  [[nodiscard]] Millis length() const {
    return period_ == BudgetPeriod::Hour ? Millis(hours(1)) : Millis(hours(24));
  }

  void found(OnBudgetLimit on_limit) {
    const Millis release = delays_.stop + delays_.idle + delays_.drain;
    round_ = {.now = beginning,
              .pools = {{.name = "p",
                         .uid = "p",
                         .hold = delays_.boot + delays_.idle + release,
                         .boot = delays_.boot,
                         .release = release,
                         .stop = delays_.stop}},
              .between = delays_.between};
    const auto scale = period_ == BudgetPeriod::Hour ? 1 : 24;
    whole_ = Amount::of(dice_.of(1, 300) * scale * Amount::per_whole);
    shares_ = Amount::of(dice_.of(1, 150) * scale * Amount::per_whole);
    rate_cap_ = HourlyRate::of(dice_.of(1, 600) * Amount::per_whole);
    const CostBudget pattern{.name = "whole",
                             .limits = {{.name = "period",
                                         .mode = LimitMode::Accrued,
                                         .period = period_,
                                         .amount = whole_},
                                        {.name = "rate",
                                         .mode = LimitMode::Rate,
                                         .amount = Amount::of(rate_cap_.nano())}},
                             .zone = utc(),
                             .on_limit = on_limit,
                             .grace_seconds = static_cast<int>(dice_.of(120, 600)),
                             .cool_down_seconds = static_cast<int>(dice_.of(0, 900)),
                             .shed_step_max = static_cast<int>(dice_.of(1, 10))};
    auto shop = pattern;
    if (dice_.one_of(2)) shop.limits[0].burst_percent = static_cast<int>(dice_.of(100, 1000));
    shop.name = "shop";
    shop.selector.namespaces = {"ns0"};
    shop.limits.resize(1);
    shop.limits[0].amount = shares_;
    auto whole = pattern;
    if (dice_.one_of(2)) whole.limits[0].burst_percent = static_cast<int>(dice_.of(100, 1000));
    for (const auto& budget : {whole, shop})
      round_.budgets.push_back({budget.name, std::make_shared<CostBudget>(budget)});
    for (std::size_t i = 0; i < policies; ++i) {
      accelerators_[i] = dice_.one_of(3) ? per_node_ : dice_.of(1, per_node_);
      round_.tenants.push_back(
          {.uid = std::to_string(i),
           .policy = "ns" + std::to_string(i) + "/x",
           .ns = "ns" + std::to_string(i),
           .pool = "p",
           .cost = {.priority = static_cast<std::int32_t>(dice_.of(0, 2))}});
    }
  }

  /// Protected replicas whose nodes are theirs alone, as far as every amount has room for them.
  void keep_some() {
    if (!dice_.one_of(2)) return;
    auto& tenant = round_.tenants[0];
    accelerators_[0] = per_node_;
    const auto each = stock_.share * per_node_;
    const auto most = std::min(whole_, shares_);
    const auto fits = most.nano() / std::max<std::int64_t>(
                                        money::cost_of(each, length()).nano(), 1);
    tenant.kept_replicas = std::min<std::int64_t>(dice_.of(0, 2), fits);
    tenant.floor = each * tenant.kept_replicas;
  }

  [[nodiscard]] bool is_there(const Machine& machine) const {
    return machine.started && (!machine.ends || *machine.ends > round_.now);
  }
  [[nodiscard]] std::int64_t used(std::size_t machine) const {
    std::int64_t sum = 0;
    for (const auto& replica : replicas_)
      if (replica.machine == machine) sum += accelerators_[replica.tenant];
    return sum;
  }
  [[nodiscard]] std::int64_t replicas_of(std::size_t tenant) const {
    return std::ranges::count_if(replicas_, [&](const Replica& replica) {
      return replica.tenant == tenant && !replica.gone;
    });
  }

  /// What has happened up to now.
  void advance() {
    for (auto& machine : machines_)
      if (!machine.started && dice_.one_of(2)) {
        machine.started = round_.now;
        machine.empty_since = round_.now;
        machine.ready = round_.now + dice_.up_to(delays_.boot);
      }
    for (const auto& replica : replicas_)
      if (replica.gone && *replica.gone <= round_.now && replica.machine) {
        auto& machine = machines_[*replica.machine];
        machine.empty_since = std::max(machine.empty_since, *replica.gone);
      }
    std::erase_if(replicas_, [&](const Replica& replica) {
      return replica.gone && *replica.gone <= round_.now;
    });
    for (std::size_t i = 0; i < machines_.size(); ++i) leave(i);
    round_.nodes.clear();
    for (std::size_t i = 0; i < machines_.size(); ++i) show(i);
  }

  void leave(std::size_t i) {
    auto& machine = machines_[i];
    if (!machine.started || machine.ends || used(i) > 0) return;
    if (!machine.cordoned)
      machine.cordoned =
          std::max(machine.ready, machine.empty_since) + dice_.up_to(delays_.idle);
    if (*machine.cordoned > round_.now) return;
    machine.ends = *machine.cordoned + dice_.up_to(delays_.drain);
  }

  void show(std::size_t i) {
    const auto& machine = machines_[i];
    if (!machine.started || (machine.ends && *machine.ends <= looked_)) return;
    money::SeenNode node{.uid = std::to_string(i),
                         .pool = "p",
                         .rate = machine.rate,
                         .started = *machine.started,
                         .accelerators = per_node_};
    if (machine.ends && *machine.ends <= round_.now) node.stopped = machine.ends;
    for (const auto& replica : replicas_)
      if (replica.machine == i && machine.ready <= round_.now)
        node.uses.push_back({replica.tenant, accelerators_[replica.tenant]});
    round_.nodes.push_back(std::move(node));
  }

  void step() {
    advance();
    for (auto& tenant : round_.tenants) tenant.coming = {};
    for (const auto& replica : replicas_)
      if (!replica.machine || machines_[*replica.machine].ready > round_.now ||
          !machines_[*replica.machine].started)
        round_.tenants[replica.tenant].coming += stock_.share * accelerators_[replica.tenant];
    round_.pools[0].coming = {};
    HourlyRate rate;
    for (const auto& machine : machines_) {
      if (!machine.started) round_.pools[0].coming += machine.rate;
      if (is_there(machine)) rate += machine.rate;
    }
    most_rate_ = std::max(most_rate_, rate);
    const auto standings = book_.look(round_);
    looked_ = round_.now;
    note_shares(standings);
    shrink();
    take(standings);
    grow(standings);
    if (dice_.one_of(40)) restart();
  }

  /// Of this period and of the one before.
  void note_shares(const money::Standings& standings) {
    if (standings.budgets[1].limits[0].used > shares_) shares_over_ = true;
    const auto kind = period_ == BudgetPeriod::Hour ? money::PeriodKind::Hour
                                                    : money::PeriodKind::Day;
    const auto state = book_.state_of_budget("shop");
    for (const auto& book : state->ledger.books)
      if (book.kind == kind && book.closed && book.closed_bill.rounded_up() > shares_)
        shares_over_ = true;
  }

  void shrink() {
    for (std::size_t t = 0; t < policies; ++t)
      if (dice_.one_of(30)) lower(t, dice_.of(0, replicas_of(t)));
  }

  void take(const money::Standings& standings) {
    std::vector<money::Holding> holdings;
    for (std::size_t t = 0; t < policies; ++t) {
      HourlyRate price = stock_.share * accelerators_[t];
      holdings.push_back({.tenant = t,
                          .replicas = replicas_of(t),
                          .accelerators = accelerators_[t],
                          .price = price,
                          .protected_replicas = round_.tenants[t].kept_replicas});
    }
    for (const auto& cut : money::most_replicas(round_, standings, holdings, steps_)) {
      taken_ += holdings[cut.holding].replicas - cut.most;
      lower(holdings[cut.holding].tenant, cut.most);
    }
  }

  void lower(std::size_t tenant, std::int64_t to) {
    auto extra = replicas_of(tenant) - to;
    for (auto& replica : replicas_)
      if (extra > 0 && replica.tenant == tenant && !replica.gone) {
        const bool runs = replica.machine && machines_[*replica.machine].started;
        replica.gone = runs ? round_.now + dice_.up_to(delays_.stop) : round_.now;
        --extra;
      }
  }

  void grow(const money::Standings& standings) {
    auto supply = stock_;
    supply.limits = standings.of_pool[0];
    supply.free_nodes.assign(static_cast<std::size_t>(per_node_) + 1, 0);
    for (std::size_t i = 0; i < machines_.size(); ++i)
      if (takes_replicas(i)) ++supply.free_nodes[static_cast<std::size_t>(per_node_ - used(i))];
    for (std::size_t tier = 0; tier < 2; ++tier)
      supply.tiers[tier].nodes = std::max<std::int64_t>(
          supply.tiers[tier].nodes - std::ranges::count_if(machines_, [&](const Machine& one) {
            return one.rate == *supply.tiers[tier].price && (!one.started || is_there(one));
          }), 0);
    std::vector<money::Claim> claims;
    for (std::size_t t = 0; t < policies; ++t)
      claims.push_back({.policy = round_.tenants[t].policy,
                        .accelerators = accelerators_[t],
                        .replicas = replicas_of(t),
                        .wanted = dice_.one_of(3) ? dice_.of(0, 12) : 0,
                        .protected_replicas = round_.tenants[t].kept_replicas,
                        .priority = round_.tenants[t].cost.priority,
                        .limits = standings.of_tenant[t]});
    const auto result = money::arbitrate(claims, std::span(&supply, 1), standings.limits,
                                         round_.now);
    for (std::size_t tier = 0; tier < 2; ++tier)
      for (std::int64_t i = 0; i < result.new_nodes[0][tier]; ++i)
        machines_.push_back({.rate = *supply.tiers[tier].price});
    for (std::size_t t = 0; t < policies; ++t)
      for (std::int64_t i = 0; i < result.grants[t].granted; ++i) {
        replicas_.push_back({.tenant = t});
        ++granted_;
      }
    for (auto& replica : replicas_) place(replica);
  }

  [[nodiscard]] bool takes_replicas(std::size_t i) const {
    const auto& machine = machines_[i];
    if (machine.ends || (machine.cordoned && *machine.cordoned <= round_.now)) return false;
    return true;
  }

  void place(Replica& replica) {
    if (replica.machine) return;
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < machines_.size(); ++i)
      if (takes_replicas(i) && per_node_ - used(i) >= accelerators_[replica.tenant] &&
          (!best || used(i) > used(*best)))
        best = i;
    if (!best) return;
    replica.machine = best;
    machines_[*best].cordoned.reset();
  }

  void restart() {
    money::BudgetBook next;
    for (const auto& kept : round_.budgets)
      next.adopt_budget(kept.budget->name, *book_.state_of_budget(kept.budget->name));
    book_ = std::move(next);
    steps_.clear();
  }

  Dice dice_;
  BudgetPeriod period_;
  Delays delays_{};
  std::int64_t per_node_ = dice_.of(1, 2) * 4;
  std::array<std::int64_t, policies> accelerators_{};
  money::PoolSupply stock_{};
  money::BudgetRound round_{};
  money::BudgetBook book_{};
  money::ShedSteps steps_{};
  std::vector<Machine> machines_{};
  std::vector<Replica> replicas_{};
  Instant looked_ = beginning;
  Amount whole_{};
  Amount shares_{};
  HourlyRate rate_cap_{};
  HourlyRate most_rate_{};
  bool shares_over_ = false;
  std::int64_t granted_ = 0;
  std::int64_t taken_ = 0;
};

void lives_within_its_caps(BudgetPeriod period, int periods) {
  Town town(*rc::gen::arbitrary<std::uint32_t>(),
            *rc::gen::element(OnBudgetLimit::Shed, OnBudgetLimit::ScaleToZero), period);
  town.live(periods);
  RC_TAG(std::string(town.granted() == 0 ? "nothing granted"
                     : town.taken() > 0  ? "granted and taken"
                                         : "granted"));
  RC_LOG() << shown(town.worst_period()) << " of " << shown(town.whole()) << "\n";
  RC_ASSERT(town.worst_period() <= town.whole());
  RC_ASSERT(!town.has_shares_over());
  RC_ASSERT(town.most_rate() <= town.rate_cap());
}

RC_GTEST_PROP(Town, LivesWithinItsDays, ()) { lives_within_its_caps(BudgetPeriod::Day, 2); }

RC_GTEST_PROP(Town, LivesWithinItsHours, ()) { lives_within_its_caps(BudgetPeriod::Hour, 4); }

}  // namespace
}  // namespace poolscaler::laws
