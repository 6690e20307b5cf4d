#include "poolscaler/capacity/supply.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "poolscaler/base/check.hpp"
#include "poolscaler/capacity/leaving.hpp"

namespace poolscaler::capacity {
namespace {

/// Nodes beyond this many changes of group are offered in a later round.
constexpr std::size_t tiers_max = 256;

std::optional<HourlyRate> marginal(const money::PriceQuote& quote) {
  return quote.allows_growth() ? quote.marginal : std::nullopt;
}

/// What spot costs with what its interruptions cost: a tenth more for each, at most twice as much.
HourlyRate with_risk(HourlyRate rate, const GroupMemory& memory) {
  const auto tenths = std::min<std::int64_t>(
      static_cast<std::int64_t>(memory.interruptions.size()), 10);
  return rate + HourlyRate::of(rate.nano() / 10) * tenths;
}

HourlyRate part_of(HourlyRate whole, std::int64_t accelerators) {
  return HourlyRate::of((whole.nano() + accelerators - 1) / accelerators);
}

class Supplier {
 public:
  Supplier(const SupplyInput& input, Instant now)
      : input_(input), pool_(*input.pool.pool), now_(now), left_(pool_.node_groups.size()) {
    CHECK(input.memory.groups.size() == pool_.node_groups.size(), "groups have been followed");
  }

  Supply result() {
    out_.stock.per_node = pool_.accelerator.per_node;
    out_.stock.places.emplace();
    take_sizes();
    take_times();
    take_share();
    count_free();
    count_in_flight();
    bound_groups();
    offer();
    return std::move(out_);
  }

 private:
  /// Which of several groups gives a pod its node, where nobody is asked, is not known before: it
  /// is paid for as if the dearest did, and not at all while one of them has no price.
  [[nodiscard]] std::optional<HourlyRate> price_of_next(std::size_t group) const {
    if (!survey(group).follows_pods) return marginal(survey(group).quote);
    std::optional<HourlyRate> dearest;
    for (const auto& one : input_.survey.groups) {
      if (!one.follows_pods || !one.may_grow) continue;
      const auto rate = marginal(one.quote);
      if (!rate) return std::nullopt;
      dearest = std::max(dearest, rate);
    }
    return dearest ? dearest : marginal(survey(group).quote);
  }

  /// A node is worth as much work as it would be kept empty for.
  void take_times() {
    const Millis idle = Seconds(pool_.scale_down.idle_after_seconds);
    out_.boot = boot_max;
    out_.release = pod_stops + idle + cordon_settles +
                   Seconds(pool_.scale_down.drain_timeout_seconds) + removal_patience +
                   release_looks;
    out_.stock.hold = out_.boot + idle + out_.release;
  }

  void take_sizes() {
    const auto declared = pool_.accelerator.per_node;
    out_.lesser.resize(pool_.node_groups.size());
    for (std::size_t i = 0; i < pool_.node_groups.size(); ++i) {
      out_.brings.push_back(std::max<std::int64_t>(memory(i).came.brings(declared), 1));
      if (out_.brings[i] < declared && survey(i).may_grow) out_.lesser[i] = lesser_words(i);
    }
  }

  [[nodiscard]] std::string lesser_words(std::size_t i) const {
    const auto& came = memory(i).came;
    const auto is_there = [this](const Came& one) { return one.seen >= now_; };
    std::string names;
    std::optional<Instant> again;
    for (const auto& one : came.newest) {
      names += (names.empty() ? "" : ", ") + one.name;
      if (!is_there(one)) again = std::min(again.value_or(Instant::max()), one.seen + came.kept());
    }
    return fmt::format("its newest nodes ({}) came with {} {}, and accelerator.perNode is {}: what "
                       "asks for more gets no node of it{}",
                       names, out_.brings[i], pool_.accelerator.resource,
                       pool_.accelerator.per_node,
                       again ? fmt::format(" before {}", to_rfc3339(*again)) : "");
  }

  [[nodiscard]] const GroupSurvey& survey(std::size_t group) const {
    return input_.survey.groups[group];
  }
  [[nodiscard]] const GroupMemory& memory(std::size_t group) const {
    return input_.memory.groups[group];
  }
  [[nodiscard]] CapacityType type(std::size_t group) const {
    return pool_.node_groups[group].capacity_type;
  }

  /// Its autoscaler does not know what it has been asked for, or counts it when it is ready.
  [[nodiscard]] bool is_late(std::size_t group) const {
    return input_.survey.follows_pods() && !survey(group).follows_pods;
  }

  void put(std::size_t group, std::int64_t free, std::int64_t nodes, bool late) {
    auto& shelf = out_.stock.nodes_of(type(group) == CapacityType::Spot, late);
    const auto size = static_cast<std::size_t>(
        std::min<std::int64_t>(free, pool_.accelerator.per_node));
    if (shelf.size() <= size) shelf.resize(size + 1);
    shelf[size] += nodes;
  }

  /// A pod may get it. What has no price is reckoned at the dearest.
  void place(std::size_t group, std::int64_t free, std::int64_t nodes,
             std::optional<HourlyRate> whole, std::int64_t of) {
    if (nodes <= 0 || free <= 0) return;
    const auto per_node = pool_.accelerator.per_node;
    money::Places places{.share = whole ? part_of(*whole, of) : out_.stock.share,
                         .spot = type(group) == CapacityType::Spot,
                         .nodes = {}};
    places.nodes.resize(static_cast<std::size_t>(per_node) + 1);
    places.nodes[static_cast<std::size_t>(std::min<std::int64_t>(free, per_node))] = nodes;
    money::add_nodes(*out_.stock.places, std::move(places));
  }

  void place_on(const NodeSurvey& node) {
    const auto per_node = pool_.accelerator.per_node;
    const bool starts = node.state == NodeState::Starting;
    if (!starts && !node.is_supply()) return;
    place(node.group, starts ? per_node - node.allocated : node.free(), 1, node.quote->marginal,
          starts || node.capacity <= 0 ? out_.brings[node.group] : node.capacity);
  }

  void count_free() {
    for (const auto& node : input_.survey.nodes) {
      const auto found = input_.memory.nodes.find(input_.cluster.nodes[node.node]->uid);
      const bool goes = found != input_.memory.nodes.end() && found->second.leave >= Leave::Named;
      if (!goes) place_on(node);
      if (goes || survey(node.group).ambiguous) continue;
      if (node.state == NodeState::Starting) {
        put(node.group, std::max<std::int64_t>(out_.brings[node.group] - node.allocated, 0), 1,
            is_late(node.group));
      } else if (node.is_supply()) {
        // What is cordoned takes no pod before it is given back.
        const bool leaves = node.state == NodeState::Leaving;
        put(node.group, node.free(), 1, leaves && input_.survey.follows_pods());
      }
    }
  }

  /// Of a group that brings nothing nothing is expected. It is asked for fewer, but until that is
  /// written they may come yet, and are paid for.
  void count_in_flight() {
    for (std::size_t i = 0; i < pool_.node_groups.size(); ++i) {
      const auto& group = survey(i);
      if (group.in_flight == 0) continue;
      place(i, pool_.accelerator.per_node, group.in_flight, price_of_next(i), out_.brings[i]);
      if (!memory(i).refused_until && !group.ambiguous)
        put(i, out_.brings[i], group.in_flight, is_late(i));
      if (!group.follows_pods) pay(i, group.in_flight);
    }
    count_brought();
  }

  /// What pods bring is paid for as a whole; which group gives it is not known.
  void count_brought() {
    const auto nodes = input_.survey.brought + input_.unneeded;
    std::optional<std::size_t> any;
    std::optional<std::size_t> open;
    for (std::size_t i = 0; i < pool_.node_groups.size(); ++i) {
      if (!survey(i).follows_pods) continue;
      beside_ -= survey(i).in_flight;
      any = i;
      if (!survey(i).may_grow || memory(i).refused_until) continue;
      if (!open || type(i) == CapacityType::Spot) open = i;
    }
    beside_ += nodes;
    if (nodes == 0 || !any) return;
    pay(*any, nodes);
    place(open.value_or(*any), pool_.accelerator.per_node, beside_, price_of_next(*any),
          out_.brings[open.value_or(*any)]);
    if (!open || input_.unneeded <= 0) return;
    if (out_.brings[*open] == pool_.accelerator.per_node) out_.unneeded = input_.unneeded;
    put(*open, out_.brings[*open], input_.unneeded, false);
  }

  void pay(std::size_t group, std::int64_t nodes) {
    if (const auto rate = price_of_next(group))
      out_.in_flight += *rate * nodes;
    else
      out_.unpriced_in_flight += nodes;
  }

  void take_share() {
    HourlyRate dearest;
    for (const auto& group : input_.survey.groups)
      dearest = std::max(dearest, group.quote.marginal.value_or(HourlyRate()));
    for (const auto& node : input_.survey.nodes)
      dearest = std::max(dearest, node.quote->marginal.value_or(HourlyRate()));
    out_.stock.share = part_of(dearest, pool_.accelerator.per_node);
  }

  void bound_groups() {
    out_.closed.resize(pool_.node_groups.size());
    auto all = beside_;
    for (std::size_t i = 0; i < pool_.node_groups.size(); ++i) {
      const auto& group = survey(i);
      const auto there = group.present() + group.in_flight;
      all += there;
      out_.closed[i] = why_closed(i);
      if (!out_.closed[i].empty()) continue;
      const auto most = std::min<std::int64_t>(
          pool_.node_groups[i].max_nodes,
          input_.pool.groups[i].most.value_or(std::numeric_limits<std::int64_t>::max()));
      const auto beside = group.follows_pods ? beside_ : 0;
      left_[i] = std::max<std::int64_t>(most - there - beside, 0);
      if (left_[i] == 0) out_.closed[i] = fmt::format("it has {} of at most {} nodes", there, most);
    }
    const auto most = pool_.limits.max_nodes;
    left_of_pool_ = most ? std::max<std::int64_t>(*most - all, 0)
                         : std::numeric_limits<std::int64_t>::max();
  }

  [[nodiscard]] std::string why_closed(std::size_t i) const {
    const auto& group = survey(i);
    if (pool_.mode == PoolMode::Recommend) return "mode Recommend asks for no nodes";
    if (!group.may_grow)
      return group.findings.empty() ? "it has no backend to ask for nodes"
                                    : group.findings.front().words;
    if (memory(i).refused_until)
      return fmt::format("no node came within {} minutes; it is asked again at {}",
                         boot_max / std::chrono::minutes(1), to_rfc3339(*memory(i).refused_until));
    const auto& interruptions = memory(i).interruptions;
    if (type(i) == CapacityType::Spot && !interruptions.empty() &&
        now_ - interruptions.back() < after_interruption)
      return fmt::format("its nodes were interrupted; it is asked again at {}",
                         to_rfc3339(interruptions.back() + after_interruption));
    return {};
  }

  /// What a node of the group is taken to cost when groups are compared.
  [[nodiscard]] HourlyRate compared(std::size_t i) const {
    const auto rate = marginal(survey(i).quote);
    if (!rate) return HourlyRate::of(std::numeric_limits<std::int64_t>::max());
    return type(i) == CapacityType::Spot ? with_risk(*rate, memory(i)) : *rate;
  }

  /// Reserved first; then by the strategy, the cheaper before the dearer, as declared among equals.
  [[nodiscard]] std::vector<std::size_t> order() const {
    std::vector<std::size_t> groups;
    for (std::size_t i = 0; i < left_.size(); ++i)
      if (left_[i] > 0) groups.push_back(i);
    const auto rank = [&](std::size_t i) {
      if (type(i) == CapacityType::Reserved) return 0;
      if (pool_.mix.strategy == MixStrategy::Cheapest) return 1;
      const bool spot = type(i) == CapacityType::Spot;
      return spot == (pool_.mix.strategy == MixStrategy::SpotFirst) ? 1 : 2;
    };
    std::ranges::stable_sort(groups, [&](std::size_t a, std::size_t b) {
      return rank(a) != rank(b) ? rank(a) < rank(b) : compared(a) < compared(b);
    });
    return groups;
  }

  void count_mix() {
    for (std::size_t i = 0; i < left_.size(); ++i) {
      const auto nodes = survey(i).present() + survey(i).in_flight;
      if (type(i) == CapacityType::Spot) spot_ += nodes;
      if (type(i) == CapacityType::OnDemand) on_demand_ += nodes;
    }
  }

  [[nodiscard]] bool mix_allows(std::size_t i, std::int64_t nodes) const {
    if (type(i) != CapacityType::Spot) return true;
    if (on_demand_ < pool_.mix.on_demand_nodes_min) return false;
    return (spot_ + nodes) * 100 <= (spot_ + nodes + on_demand_) * pool_.mix.spot_percent_max;
  }

  /// How many nodes of the group can come next without asking the mix again.
  [[nodiscard]] std::int64_t run_of(std::size_t i, bool mixed) const {
    const auto left = std::min(left_[i], left_of_pool_);
    if (!mixed) return left;
    const auto stride = std::min(left, input_.stride);
    if (type(i) == CapacityType::OnDemand && on_demand_ < pool_.mix.on_demand_nodes_min)
      return std::min(left, std::max(pool_.mix.on_demand_nodes_min - on_demand_, stride));
    return stride;
  }

  void offer() {
    count_mix();
    auto groups = order();
    const bool mixed = pool_.mix.spot_percent_max < 100 || pool_.mix.on_demand_nodes_min > 0;
    while (left_of_pool_ > 0 && out_.stock.tiers.size() < tiers_max) {
      std::erase_if(groups, [&](std::size_t i) { return left_[i] == 0; });
      const auto next = std::ranges::find_if(groups, [&](std::size_t i) {
        return mix_allows(i, mixed ? run_of(i, mixed) : 1);
      });
      if (next == groups.end()) break;
      offer_nodes(*next, run_of(*next, mixed));
    }
  }

  void offer_nodes(std::size_t i, std::int64_t nodes) {
    left_[i] -= nodes;
    left_of_pool_ -= nodes;
    if (type(i) == CapacityType::Spot) spot_ += nodes;
    if (type(i) == CapacityType::OnDemand) on_demand_ += nodes;
    auto& tiers = out_.stock.tiers;
    if (!tiers.empty() && out_.group_of_tier.back() == i) {
      tiers.back().nodes += nodes;
      return;
    }
    tiers.push_back({.price = price_of_next(i),
                     .nodes = nodes,
                     .spot = type(i) == CapacityType::Spot,
                     .step = std::max<std::int64_t>(input_.pool.groups[i].step, 1),
                     .late = is_late(i),
                     .accelerators = out_.brings[i]});
    out_.group_of_tier.push_back(i);
  }

  const SupplyInput& input_;
  const AcceleratorPool& pool_;
  Instant now_;
  Supply out_;
  std::vector<std::int64_t> left_;  // nodes that may be added, by group
  std::int64_t left_of_pool_ = 0;
  std::int64_t beside_ = 0;  // nodes that pods bring and that no group is told to give
  std::int64_t spot_ = 0;
  std::int64_t on_demand_ = 0;
};

}  // namespace

const std::string& Supply::why_none(std::size_t group, std::int64_t accelerators) const {
  const bool fits = brings[group] >= std::min(accelerators, stock.per_node);
  return fits || lesser[group].empty() ? closed[group] : lesser[group];
}

std::string Supply::why_none_of_all(const AcceleratorPool& pool,
                                    std::int64_t accelerators) const {
  constexpr std::size_t reasons_told = 3;
  std::string text;
  std::size_t told = 0;
  for (std::size_t group = 0; group < closed.size() && told < reasons_told; ++group) {
    const auto& why = why_none(group, accelerators);
    if (why.empty()) continue;
    text += fmt::format("{}{}: {}", told++ == 0 ? " (" : "; ", pool.node_groups[group].name, why);
  }
  return told == 0 ? text : text + ")";
}

Supply supply_of(const SupplyInput& input, Instant now) { return Supplier(input, now).result(); }

}  // namespace poolscaler::capacity
