// What the nodes of a run came to, and who pays for it.
#include <algorithm>
#include <array>

#include "poolscaler/money/integral.hpp"
#include "premises.hpp"

namespace poolscaler::replay {
namespace {

Millis whole_millis(std::int64_t micros) {
  return std::chrono::duration_cast<Millis>(Micros(micros));
}

}  // namespace

/// Of accelerators, on nodes with a price.
std::int64_t Premises::used_micros() const {
  std::int64_t micros = 0;
  for (const auto& [what, time] : billed_) micros += time * estate_.pool.accelerator.per_node;
  for (const auto& [rate, time] : idle_) micros -= time;
  return micros;
}

Spending Premises::spent() const {
  auto spending = spending_;
  std::array<money::Integral, capacity_type_count> sums;
  for (const auto& [what, micros] : billed_)
    sums[static_cast<std::size_t>(what.first)].add(what.second, whole_millis(micros));
  for (std::size_t i = 0; i < capacity_type_count; ++i)
    spending.cost[i] = sums[i].rounded_down();
  money::Integral idle;
  for (const auto& [rate, micros] : idle_)
    idle.add(rate, whole_millis(micros / estate_.pool.accelerator.per_node));
  spending.idle = used_micros() == 0 ? spending.total() : idle.rounded_down();
  return spending;
}

/// What rounding leaves goes to the largest share, so that nothing is missing.
std::vector<Share> Premises::shares_of(const Spending& spent) const {
  std::vector<Share> shares;
  auto rest = spent.total() - spent.idle;
  for (std::size_t i = 0; i < tenants_.size(); ++i) {
    auto& share = shares.emplace_back(Share{.policy = tenants_[i].policy});
    money::Integral cost;
    for (const auto& [rate, micros] : had_[i]) {
      share.accelerator_micros += micros;
      cost.add(rate, whole_millis(micros / estate_.pool.accelerator.per_node));
    }
    share.cost = cost.rounded_down();
    rest = rest - share.cost;
  }
  std::ranges::max_element(shares, {}, &Share::cost)->cost += rest;
  if (shares.size() == 1) shares.front().accelerator_micros = used_micros();
  return shares;
}

}  // namespace poolscaler::replay
