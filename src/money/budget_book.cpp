#include "poolscaler/money/budget_book.hpp"

#include <algorithm>
#include <set>

#include "look.hpp"
#include "poolscaler/base/check.hpp"

namespace poolscaler::money {

std::int64_t BudgetStanding::unpriced_basis_points() const {
  return basis_points(Amount::of(static_cast<std::int64_t>(unpriced)),
                      Amount::of(static_cast<std::int64_t>(nodes)));
}

GuardAct BudgetStanding::act() const {
  auto act = GuardAct::None;
  for (const auto& limit : limits) act = std::max(act, limit.act);
  return act;
}

struct BudgetBook::Held {
  Outlay last{};
  std::map<std::string, HeldBudget> budgets{};
  std::map<std::string, HeldLedger> pools{};
  std::map<std::string, HeldLedger> policies{};
};

namespace {

template <class Map, class Names>
void forget_others(Map& map, const Names& names) {
  std::erase_if(map, [&](const auto& one) { return !names.contains(one.first); });
}

}  // namespace

BudgetBook::BudgetBook() : held_(std::make_unique<Held>()) {}
BudgetBook::~BudgetBook() = default;
BudgetBook::BudgetBook(BudgetBook&&) noexcept = default;
BudgetBook& BudgetBook::operator=(BudgetBook&&) noexcept = default;

void BudgetBook::adopt_budget(const std::string& name, BudgetState state) {
  HeldBudget held{.ledger = {.uid = state.uid, .adopted = std::move(state.ledger)},
                  .history = std::move(state.history),
                  .selector = state.selector};
  for (auto& guard : state.guards) held.guards[guard.limit] = std::move(guard);
  held_->budgets[name] = std::move(held);
}

void BudgetBook::adopt_pool(const std::string& name, const std::string& uid, LedgerState state) {
  held_->pools[name] = {.uid = uid, .adopted = std::move(state)};
}

void BudgetBook::adopt_policy(const std::string& policy, const std::string& uid,
                              LedgerState state) {
  held_->policies[policy] = {.uid = uid, .adopted = std::move(state)};
}

bool BudgetBook::holds_budget(const std::string& name, const std::string& uid) const {
  const auto found = held_->budgets.find(name);
  return found != held_->budgets.end() && found->second.ledger.uid == uid;
}

bool BudgetBook::holds_pool(const std::string& name, const std::string& uid) const {
  const auto found = held_->pools.find(name);
  return found != held_->pools.end() && found->second.uid == uid;
}

bool BudgetBook::holds_policy(const std::string& policy, const std::string& uid) const {
  const auto found = held_->policies.find(policy);
  return found != held_->policies.end() && found->second.uid == uid;
}

Standings BudgetBook::look(const BudgetRound& round) {
  Look look(round, held_->last);
  std::set<std::string> names;
  for (std::size_t i = 0; i < round.pools.size(); ++i) {
    const auto& pool = round.pools[i];
    auto& held = held_->pools[pool.name];
    if (held.uid != pool.uid) held = {.uid = pool.uid};
    look.pool(i, held);
    names.insert(pool.name);
  }
  forget_others(held_->pools, names);
  look.policies(held_->policies);
  for (std::size_t i = 0; i < round.tenants.size(); ++i) {
    const auto found = held_->policies.find(round.tenants[i].policy);
    look.tenant(i, found == held_->policies.end() ? nullptr : &found->second);
  }
  names.clear();
  for (const auto& kept : round.budgets) {
    CHECK(kept.budget, "a budget is there");
    auto& held = held_->budgets[kept.budget->name];
    if (held.ledger.uid != kept.uid) held = {.ledger = {.uid = kept.uid}};
    look.budget(kept, held);
    names.insert(kept.budget->name);
  }
  forget_others(held_->budgets, names);
  auto answer = std::move(look).take_answer();
  held_->last = std::move(look).take_outlay();
  return answer;
}

std::optional<BudgetState> BudgetBook::state_of_budget(const std::string& name) const {
  const auto found = held_->budgets.find(name);
  if (found == held_->budgets.end()) return std::nullopt;
  const auto& held = found->second;
  if (!held.ledger.ledger && !held.ledger.adopted) return std::nullopt;
  BudgetState state{.uid = held.ledger.uid,
                    .ledger = held.ledger.ledger ? state_of(*held.ledger.ledger)
                                                 : *held.ledger.adopted,
                    .history = held.history,
                    .selector = held.selector};
  for (const auto& [limit, guard] : held.guards) state.guards.push_back(guard);
  return state;
}

namespace {

std::optional<LedgerState> state_in(const std::map<std::string, HeldLedger>& ledgers,
                                    const std::string& name) {
  const auto found = ledgers.find(name);
  if (found == ledgers.end()) return std::nullopt;
  if (found->second.ledger) return state_of(*found->second.ledger);
  return found->second.adopted;
}

}  // namespace

std::optional<LedgerState> BudgetBook::state_of_pool(const std::string& name) const {
  return state_in(held_->pools, name);
}

std::optional<LedgerState> BudgetBook::state_of_policy(const std::string& policy) const {
  return state_in(held_->policies, policy);
}

}  // namespace poolscaler::money
