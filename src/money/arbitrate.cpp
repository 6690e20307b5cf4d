#include "poolscaler/money/arbitrate.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <queue>
#include <tuple>
#include <utility>

#include "pool_stock.hpp"
#include "poolscaler/base/check.hpp"
#include "room.hpp"

namespace poolscaler::money {
namespace {

/// What a policy would have for its weight with one more replica; the least is served next.
struct Turn {
  Wide would_have;
  std::int64_t weight;
  std::size_t claim;

  /// std::priority_queue serves the greatest. Claims are in the order of their names.
  friend bool operator<(const Turn& a, const Turn& b) {
    const auto left = a.would_have * b.weight;
    const auto right = b.would_have * a.weight;
    return left != right ? left > right : a.claim > b.claim;
  }
};

class Arbiter {
 public:
  Arbiter(std::span<const Claim> claims, std::span<const PoolSupply> pools,
          std::span<const Limit> limits, Instant now)
      : claims_(claims), pools_(pools), limits_(limits), now_(now), grants_(claims.size()),
        by_name_(claims.size()), shares_(limits.size()), waiting_(pools.size()) {
    for (const auto& limit : limits) room_.push_back(room_of(limit, now));
    for (const auto& pool : pools) {
      stocks_.emplace_back(pool);
      places_.push_back(pool.places);
    }
    check();
    for (const auto& claim : claims) own_limits_.push_back(own_limits_of(claim));
    for (std::size_t i = 0; i < claims.size(); ++i)
      if (claims[i].waiting > 0 && places_[claims[i].pool]) wait(i);
    std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
    std::ranges::sort(by_name_, {}, [&](std::size_t i) -> const std::string& {
      return claims[i].policy;
    });
  }

  Arbitration result() {
    serve_all(true);
    serve_all(false);
    look_ahead();
    Arbitration arbitration;
    arbitration.grants = std::move(grants_);
    arbitration.places = std::move(places_);
    arbitration.shares = std::move(shares_);
    for (const auto& stock : stocks_) {
      arbitration.new_nodes.push_back(stock.added());
      arbitration.free_nodes.push_back(stock.free_nodes());
      arbitration.free_spot_nodes.push_back(stock.free_spot_nodes());
      arbitration.late_nodes.push_back(stock.late_nodes());
      arbitration.late_spot_nodes.push_back(stock.late_spot_nodes());
    }
    return arbitration;
  }

 private:
  void check() const {
    const auto within = [&](const std::vector<std::size_t>& indices) {
      return std::ranges::all_of(indices, [&](std::size_t i) { return i < limits_.size(); });
    };
    for (const auto& pool : pools_) CHECK(within(pool.limits), "limits of a pool are there");
    for (const auto& claim : claims_)
      CHECK(claim.pool < pools_.size() && within(claim.limits) && claim.weight >= 1 &&
                claim.accelerators >= 1,
            "a claim is on what is there");
  }

  [[nodiscard]] std::vector<std::size_t> own_limits_of(const Claim& claim) const {
    auto own = claim.limits;
    const auto& of_pool = pools_[claim.pool].limits;
    std::erase_if(own, [&](std::size_t limit) {
      return std::ranges::find(of_pool, limit) != of_pool.end();
    });
    return own;
  }

  /// How far a claim may go in this pass.
  [[nodiscard]] std::int64_t goal(const Claim& claim, bool protected_only) const {
    const auto wanted = std::max<std::int64_t>(claim.wanted, 0);
    if (!protected_only) return wanted;
    return std::clamp<std::int64_t>(claim.protected_replicas - claim.replicas, 0, wanted);
  }

  void serve_all(bool protected_only) {
    auto order = by_name_;
    std::ranges::stable_sort(order, std::greater{},
                             [&](std::size_t i) { return claims_[i].priority; });
    for (std::size_t begin = 0; begin < order.size();) {
      auto end = begin;
      while (end < order.size() && claims_[order[end]].priority == claims_[order[begin]].priority)
        ++end;
      serve(std::span(order).subspan(begin, end - begin), protected_only);
      begin = end;
    }
  }

  /// `order` is by name, which the indices of turns stand for.
  void serve(std::span<const std::size_t> order, bool protected_only) {
    std::vector<Turn> turns;
    for (std::size_t i = 0; i < order.size(); ++i)
      if (may_go_on(order[i], protected_only)) turns.push_back(turn_of(order[i], i));
    std::priority_queue<Turn> queue({}, std::move(turns));
    while (!queue.empty()) {
      const auto turn = queue.top();
      queue.pop();
      const auto claim = order[turn.claim];
      if (grant_one(claim) && may_go_on(claim, protected_only))
        queue.push(turn_of(claim, turn.claim));
    }
  }

  [[nodiscard]] bool may_go_on(std::size_t i, bool protected_only) const {
    return grants_[i].refusal == Refusal::None &&
           grants_[i].granted < goal(claims_[i], protected_only);
  }

  [[nodiscard]] Turn turn_of(std::size_t i, std::size_t place) const {
    const auto& claim = claims_[i];
    const auto share = std::max<std::int64_t>(pools_[claim.pool].share.nano(), 1);
    const auto replicas = Wide{claim.replicas} + grants_[i].granted + 1;
    return {replicas * claim.accelerators * share, claim.weight, place};
  }

  [[nodiscard]] HourlyRate share_of(const Claim& claim) const {
    return pools_[claim.pool].share * claim.accelerators;
  }

  bool grant_one(std::size_t i) {
    const auto& claim = claims_[i];
    if (places_[claim.pool]) return place_one(i, true).has_value();
    const auto share = share_of(claim);
    if (const auto limit = first_without_room(own_limits_[i], share, claim.pool))
      return refuse(i, Refusal::Budget, limit, share);
    if (!place_one(i, false)) return false;
    spend(own_limits_[i], share, claim.pool);
    for (const auto limit : own_limits_[i]) shares_[limit] += share;
    return true;
  }

  /// On nodes of its pool, under the pool's limits, and under its own as far as those are asked.
  std::optional<Placement> place_one(std::size_t i, bool own) {
    const auto& claim = claims_[i];
    auto& stock = stocks_[claim.pool];
    bool unpriced = false;
    const auto placement = stock.place(claim.accelerators, claim.avoids_spot, unpriced);
    if (!placement) {
      refuse(i, unpriced ? Refusal::Unpriced : Refusal::Pool, std::nullopt, {});
      return std::nullopt;
    }
    const auto price = stock.price_of(*placement);
    const auto& pool_limits = pools_[claim.pool].limits;
    if (own && !may_have_share(i, *placement)) return std::nullopt;
    if (const auto limit = first_without_room(pool_limits, price, claim.pool)) {
      refuse(i, Refusal::Budget, limit, price);
      return std::nullopt;
    }
    if (own) charge_shares(i, *placement);
    spend(pool_limits, price, claim.pool);
    stock.take(*placement);
    ++grants_[i].granted;
    grants_[i].late += placement->late ? 1 : 0;
    return placement;
  }

  /// Who waits in a pool under one limit, and at what they are reckoned. Those who are alike
  /// together, others each for itself: the dearest place may go to either.
  struct Waiting {
    std::vector<Unplaced> kinds{};
    HourlyRate rate{};
    std::optional<HourlyRate> cheapest{};  // that they are reckoned at, where each has a place
  };

  [[nodiscard]] static bool is_alike(const Unplaced& kind, const Claim& claim) {
    return kind.smallest == claim.accelerators && kind.avoids_spot == claim.avoids_spot;
  }

  [[nodiscard]] static Unplaced kind_of(const Claim& claim, std::int64_t replicas) {
    return {.accelerators = claim.accelerators * replicas,
            .smallest = claim.accelerators,
            .avoids_spot = claim.avoids_spot};
  }

  static void add(Waiting& waiting, const Claim& claim, std::int64_t replicas) {
    const auto kind = std::ranges::find_if(
        waiting.kinds, [&](const Unplaced& one) { return is_alike(one, claim); });
    if (kind == waiting.kinds.end())
      waiting.kinds.push_back(kind_of(claim, replicas));
    else
      kind->accelerators += claim.accelerators * replicas;
  }

  [[nodiscard]] static HourlyRate reckoned(std::span<const Places> places,
                                           const Waiting& waiting) {
    HourlyRate rate;
    for (const auto& kind : waiting.kinds) rate += dearest(places, kind);
    return rate;
  }

  /// The same with so many more replicas of a claim.
  [[nodiscard]] static HourlyRate reckoned(std::span<const Places> places, const Waiting& waiting,
                                           const Claim& claim, std::int64_t replicas) {
    HourlyRate rate;
    auto more = kind_of(claim, replicas);
    for (const auto& kind : waiting.kinds) {
      if (is_alike(kind, claim))
        more.accelerators += kind.accelerators;
      else
        rate += dearest(places, kind);
    }
    return rate + dearest(places, more);
  }

  void reckon(Waiting& waiting, std::size_t pool) {
    const auto& places = *places_[pool];
    waiting.rate = reckoned(places, waiting);
    waiting.cheapest.reset();
    for (const auto& kind : waiting.kinds) {
      const auto taken = cheapest_taken(places, kind);
      if (!taken) return waiting.cheapest.reset();
      waiting.cheapest = std::min(waiting.cheapest.value_or(*taken), *taken);
    }
  }

  /// Whether those who wait might cost more with such nodes.
  [[nodiscard]] static bool may_take(const Waiting& waiting, const Places& more) {
    return !waiting.cheapest || *waiting.cheapest < more.share;
  }

  void wait(std::size_t i) {
    const auto& claim = claims_[i];
    for (const auto limit : own_limits_[i]) {
      auto& waiting = waiting_[claim.pool][limit];
      add(waiting, claim, claim.waiting);
      reckon(waiting, claim.pool);
    }
  }

  [[nodiscard]] const Waiting& waiting_under(std::size_t pool, std::size_t limit) const {
    static const Waiting nobody;
    const auto found = waiting_[pool].find(limit);
    return found == waiting_[pool].end() ? nobody : found->second;
  }

  /// The places of its pool with the nodes that a placement adds.
  [[nodiscard]] std::vector<Places> places_with(std::size_t pool,
                                                const Placement& placement) const {
    auto places = *places_[pool];
    add_nodes(places, stocks_[pool].new_places(placement));
    return places;
  }

  /// Each limit admits what all who wait under it would cost more then, at the dearest.
  bool may_have_share(std::size_t i, const Placement& placement) {
    const auto& claim = claims_[i];
    if (own_limits_[i].empty() && (placement.new_nodes == 0 || waiting_[claim.pool].empty()))
      return true;
    std::vector<Places> grown;
    if (placement.new_nodes > 0) grown = places_with(claim.pool, placement);
    const auto& places = placement.new_nodes > 0 ? grown : *places_[claim.pool];
    for (const auto limit : own_limits_[i]) {
      const auto& before = waiting_under(claim.pool, limit);
      const auto more = reckoned(places, before, claim, 1) - before.rate;
      if (!has_room(limit, more, claim.pool)) return refuse(i, Refusal::Budget, limit, more);
    }
    if (placement.new_nodes == 0) return true;
    const auto more_places = stocks_[claim.pool].new_places(placement);
    for (const auto& [limit, waiting] : waiting_[claim.pool]) {
      if (!may_take(waiting, more_places)) continue;
      if (std::ranges::find(own_limits_[i], limit) != own_limits_[i].end()) continue;
      const auto more = reckoned(places, waiting) - waiting.rate;
      if (!has_room(limit, more, claim.pool)) return refuse(i, Refusal::Others, limit, more);
    }
    return true;
  }

  void charge_shares(std::size_t i, const Placement& placement) {
    const auto pool = claims_[i].pool;
    if (placement.new_nodes > 0) {
      const auto more = stocks_[pool].new_places(placement);
      add_nodes(*places_[pool], more);
      for (auto& [limit, waiting] : waiting_[pool])
        if (may_take(waiting, more)) charge(pool, limit, waiting);
    }
    for (const auto limit : own_limits_[i]) {
      auto& waiting = waiting_[pool][limit];
      add(waiting, claims_[i], 1);
      charge(pool, limit, waiting);
    }
  }

  void charge(std::size_t pool, std::size_t limit, Waiting& waiting) {
    const auto before = waiting.rate;
    reckon(waiting, pool);
    if (waiting.rate == before) return;
    room_[limit] -= cost(limit, waiting.rate, pool) - cost(limit, before, pool);
    shares_[limit] += waiting.rate - before;
  }

  /// What the pool has for a claim beyond what it has been granted depends on this alone.
  using Kin = std::tuple<std::size_t, std::int64_t, bool>;

  [[nodiscard]] Kin kin_of(std::size_t i) const {
    return {claims_[i].pool, claims_[i].accelerators, claims_[i].avoids_spot};
  }

  [[nodiscard]] bool may_reach(std::size_t i) const {
    return grants_[i].refusal == Refusal::None && claims_[i].reach > grants_[i].granted;
  }

  /// What one more round would grant if one claim alone wanted something. Kin are looked at once,
  /// as far as one of them reaches: most of a fleet's policies are alike. No limit is both a
  /// pool's and a claim's own, so that the two are counted apart.
  void look_ahead() {
    struct Furthest {
      std::size_t claim;
      std::int64_t more;
      Ahead ahead{};
    };
    std::map<Kin, Furthest> furthest;
    for (std::size_t i = 0; i < claims_.size(); ++i) {
      grants_[i].reachable = grants_[i].granted;
      if (!may_reach(i)) continue;
      const auto more = claims_[i].reach - grants_[i].granted;
      auto& known = furthest.try_emplace(kin_of(i), i, more).first->second;
      if (more > known.more) known = {i, more};
    }
    for (auto& [kin, known] : furthest) known.ahead = ahead_of(known.claim);
    for (std::size_t i = 0; i < claims_.size(); ++i) {
      if (!may_reach(i)) continue;
      const auto& ahead = furthest.at(kin_of(i)).ahead;
      const auto most = std::min(claims_[i].reach - grants_[i].granted,
                                 static_cast<std::int64_t>(ahead.after.size()));
      grants_[i].reachable += places_[claims_[i].pool] ? own_room_of(i, ahead, most)
                                                       : std::min(most, own_room_of(i));
    }
  }

  /// What there is of places after each further replica of a claim: many have the same.
  struct Ahead {
    std::vector<std::vector<Places>> places{};
    std::vector<std::size_t> after{};  // replica: index of its places
  };

  /// Where its pool would place more of this claim alone; all stays as it is.
  Ahead ahead_of(std::size_t i) {
    const auto served = grants_[i];
    const auto pool = claims_[i].pool;
    const auto stock = stocks_[pool];
    std::vector<std::pair<std::size_t, Wide>> rooms;
    for (const auto limit : pools_[pool].limits) rooms.emplace_back(limit, room_[limit]);
    Ahead ahead;
    if (places_[pool]) ahead.places.push_back(*places_[pool]);
    while (grants_[i].granted < claims_[i].reach) {
      const auto placement = place_one(i, false);
      if (!placement) break;
      if (placement->new_nodes > 0 && places_[pool]) {
        ahead.places.push_back(ahead.places.back());
        add_nodes(ahead.places.back(), stocks_[pool].new_places(*placement));
      }
      ahead.after.push_back(ahead.places.empty() ? 0 : ahead.places.size() - 1);
    }
    grants_[i] = served;
    stocks_[pool] = stock;
    for (const auto& [limit, room] : rooms) room_[limit] = room;
    return ahead;
  }

  /// How many more replicas of this claim its own limits have room for, at most so many. More of
  /// them on more places never cost less, so it is halved.
  [[nodiscard]] std::int64_t own_room_of(std::size_t i, const Ahead& ahead,
                                         std::int64_t most) const {
    const auto& claim = claims_[i];
    const auto have_room = [&](std::int64_t replicas) {
      const auto& places = ahead.places[ahead.after[static_cast<std::size_t>(replicas - 1)]];
      return std::ranges::all_of(own_limits_[i], [&](std::size_t limit) {
        const auto& before = waiting_under(claim.pool, limit);
        return has_room(limit, reckoned(places, before, claim, replicas) - before.rate, claim.pool);
      });
    };
    if (own_limits_[i].empty() || most == 0 || have_room(most)) return most;
    std::int64_t fit = 0;
    for (auto none = most; none - fit > 1;) {
      const auto middle = fit + (none - fit) / 2;
      (have_room(middle) ? fit : none) = middle;
    }
    return fit;
  }

  /// How many more replicas of this claim its own limits have room for.
  [[nodiscard]] std::int64_t own_room_of(std::size_t i) const {
    auto most = std::numeric_limits<std::int64_t>::max();
    const auto& claim = claims_[i];
    const auto share = share_of(claim);
    if (share <= HourlyRate()) return most;
    for (const auto limit : own_limits_[i]) {
      const auto each = cost(limit, share, claim.pool);
      if (each == 0 && is_over(limits_[limit], now_)) return 0;
      if (each == 0) continue;
      most = static_cast<std::int64_t>(std::clamp<Wide>(room_[limit] / each, 0, most));
    }
    return most;
  }

  bool refuse(std::size_t i, Refusal refusal, std::optional<std::size_t> limit,
              HourlyRate price) {
    grants_[i].refusal = refusal;
    grants_[i].limit = limit;
    grants_[i].price = price;
    return false;
  }

  [[nodiscard]] Wide cost(std::size_t limit, HourlyRate price, std::size_t pool) const {
    return cost_in(limits_[limit], price, pools_[pool].hold, now_);
  }

  [[nodiscard]] std::optional<std::size_t> first_without_room(
      const std::vector<std::size_t>& limits, HourlyRate price, std::size_t pool) const {
    const auto full = std::ranges::find_if(limits, [&](std::size_t limit) {
      return !has_room(limit, price, pool);
    });
    return full == limits.end() ? std::nullopt : std::optional(*full);
  }

  /// What costs nothing more passes every limit.
  [[nodiscard]] bool has_room(std::size_t limit, HourlyRate price, std::size_t pool) const {
    if (price <= HourlyRate()) return true;
    const auto each = cost(limit, price, pool);
    return room_[limit] >= each && (each > 0 || !is_over(limits_[limit], now_));
  }

  void spend(const std::vector<std::size_t>& limits, HourlyRate price, std::size_t pool) {
    for (const auto limit : limits) room_[limit] -= cost(limit, price, pool);
  }

  std::span<const Claim> claims_;
  std::span<const PoolSupply> pools_;
  std::span<const Limit> limits_;
  Instant now_;
  std::vector<ClaimGrant> grants_;
  std::vector<std::size_t> by_name_;
  std::vector<std::vector<std::size_t>> own_limits_;
  std::vector<Wide> room_;
  std::vector<PoolStock> stocks_;
  std::vector<HourlyRate> shares_;                             // charged, by limit
  std::vector<std::optional<std::vector<Places>>> places_{};  // by pool
  std::vector<std::map<std::size_t, Waiting>> waiting_;        // by pool and limit
};

}  // namespace

Arbitration arbitrate(std::span<const Claim> claims, std::span<const PoolSupply> pools,
                      std::span<const Limit> limits, Instant now) {
  return Arbiter(claims, pools, limits, now).result();
}

}  // namespace poolscaler::money
