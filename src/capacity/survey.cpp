#include "poolscaler/capacity/survey.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "group_finder.hpp"
#include "node_prices.hpp"
#include "poolscaler/base/check.hpp"

namespace poolscaler::capacity {
namespace {

constexpr std::size_t named_max = 3;

/// "3 nodes (a, b, c)"; the first few by name.
std::string nodes_text(const std::vector<std::string>& names) {
  std::string text = fmt::format("{} node{} (", names.size(), names.size() == 1 ? "" : "s");
  for (std::size_t i = 0; i < std::min(names.size(), named_max); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  return text + (names.size() > named_max ? ", ...)" : ")");
}

NodeState state_of(const Node& node, std::int64_t advertised, Instant now) {
  if (node.deleting) return NodeState::Deleting;
  if (!node.interruption.empty()) return NodeState::Interrupted;
  if (node.cordoned) return node.cordoned_by_us ? NodeState::Leaving : NodeState::Cordoned;
  if (node.ready && advertised > 0) return NodeState::Ready;
  return now - node.created < boot_max ? NodeState::Starting : NodeState::NotReady;
}

bool is_going(NodeState state) {
  return state == NodeState::Interrupted || state == NodeState::Deleting;
}

class Surveyor {
 public:
  Surveyor(const SurveyInput& input, Instant now)
      : input_(input), now_(now), finder_(input.pools), homes_(input.cluster.nodes.size()) {
    for (const auto& pool : input.pools)
      prices_.emplace_back(input.prices, pool.pool->currency, now);
  }

  Survey result() {
    open();
    place_nodes();
    place_pods();
    for (std::size_t i = 0; i < survey_.pools.size(); ++i) {
      price(i);
      sum_up(i);
    }
    for (const auto& [object, places] : named_) share_orders(places);
    return std::move(survey_);
  }

 private:
  /// Where a node stands in the survey.
  struct Home {
    std::size_t pool;
    std::size_t index;  // of the pool's nodes
  };
  /// What several groups claim.
  struct Shared {
    std::vector<std::string> nodes{};  // names
    std::set<Place> with{};
  };

  void open() {
    for (const auto& pool : input_.pools) {
      CHECK(pool.groups.size() == pool.pool->node_groups.size(), "each group has its facts");
      auto& out = survey_.pools.emplace_back();
      out.per_node = pool.pool->accelerator.per_node;
      for (const auto& facts : pool.groups) {
        auto& group = out.groups.emplace_back();
        group.desired = facts.desired;
        if (facts.trouble) group.findings.push_back(*facts.trouble);
        group.follows_pods = facts.follows_pods;
        group.may_grow =
            (facts.desired || facts.follows_pods) && !facts.trouble && facts.busy.empty();
        if (facts.bounds) {
          group.may_grow = false;
          group.findings.push_back(*facts.bounds);
        }
        if (!facts.busy.empty())
          group.findings.push_back({facts.busy, "nothing: it is written when that is over"});
      }
    }
    survey_.draws.resize(input_.draws.size());
    for (const auto& place : finder_.blind())
      stop_growth(place, {"its nodes cannot be told from others",
                          "give the node group a nodeSelector that only its nodes fit"});
    name_objects();
  }

  /// Groups that count on one object would each take its nodes and its orders for their own.
  void name_objects() {
    for (std::size_t p = 0; p < input_.pools.size(); ++p)
      for (std::size_t g = 0; g < input_.pools[p].groups.size(); ++g)
        if (const auto& object = input_.pools[p].groups[g].object; !object.empty())
          named_[object].push_back({p, g});
    std::erase_if(named_, [](const auto& one) { return one.second.size() < 2; });
    for (const auto& [object, places] : named_) {
      std::string whose;
      for (const auto& place : places)
        whose += fmt::format("{}'{}'", whose.empty() ? "" : ", ", pool(place.pool).name);
      for (const auto& place : places)
        confuse(place, {fmt::format("{} is behind groups of several pools: {}", object, whose),
                        "let one pool alone name it in backendRef"});
    }
  }

  [[nodiscard]] const AcceleratorPool& pool(std::size_t index) const {
    return *input_.pools[index].pool;
  }
  [[nodiscard]] const std::string& resource(std::size_t index) const {
    return pool(index).accelerator.resource;
  }
  GroupSurvey& group(const Place& place) { return survey_.pools[place.pool].groups[place.group]; }

  void stop_growth(const Place& place, Finding finding) {
    group(place).may_grow = false;
    group(place).findings.push_back(std::move(finding));
  }

  /// It is what is said first.
  void confuse(const Place& place, const Finding& finding) {
    auto& group = this->group(place);
    group.may_grow = false;
    if (group.ambiguous) return;
    group.ambiguous = finding;
    group.findings.insert(group.findings.begin(), finding);
  }

  void place_nodes() {
    std::map<Place, Shared> shared;
    std::map<std::size_t, std::vector<std::string>> strays;
    for (std::size_t i = 0; i < input_.cluster.nodes.size(); ++i) {
      const auto& node = *input_.cluster.nodes[i];
      const auto places = finder_.find(node);
      if (places.empty()) {
        for (std::size_t p = 0; p < input_.pools.size(); ++p)
          if (count_of(node.allocatable, resource(p)) > 0) strays[p].push_back(node.name);
        continue;
      }
      const auto home = places.size() == 1 ? places.front() : home_of(i, places);
      place_node(i, home);
      if (places.size() == 1) continue;
      auto& seen = survey_.pools[home.pool].nodes.back();
      seen.quote = dearest_quote(node, places, home);
      seen.contested = std::ranges::any_of(places, [&](const Place& place) {
        const auto quote = quote_of(place, node);
        return quote->rate != seen.quote->rate || quote->marginal != seen.quote->marginal ||
               pool(place.pool).currency != pool(home.pool).currency;
      });
      for (const auto& place : places) {
        if (place != home && seen.state != NodeState::Deleting) ++elsewhere_[place];
        shared[place].nodes.push_back(node.name);
        shared[place].with.insert(places.begin(), places.end());
      }
    }
    for (const auto& [place, claim] : shared)
      confuse(place, {fmt::format("{} fit {}, too", nodes_text(claim.nodes), others(place, claim)),
                      "make the nodeSelectors of the groups exclude each other"});
    for (auto& [index, names] : strays)
      survey_.pools[index].findings.push_back(
          {fmt::format("{} offer {} and are of no node group", nodes_text(names),
                       resource(index)),
           "declare a node group for them; until then they are neither counted nor billed"});
  }

  [[nodiscard]] std::string title(const Place& place) const {
    return fmt::format("node group {} of pool '{}'",
                       pool(place.pool).node_groups[place.group].name, pool(place.pool).name);
  }

  [[nodiscard]] std::string others(const Place& place, const Shared& claim) const {
    std::string text;
    std::size_t told = 0;
    for (const auto& other : claim.with) {
      if (other == place) continue;
      if (told++ < named_max) text += (told == 1 ? "" : ", ") + title(other);
    }
    return told > named_max ? text + ", ..." : text;
  }

  [[nodiscard]] std::shared_ptr<const money::PriceQuote> quote_of(const Place& place,
                                                                  const Node& node) {
    return prices_[place.pool].of_node(pool(place.pool).node_groups[place.group], node);
  }

  /// Where a node counts that fits several groups, whatever the order of pools and groups: where
  /// the policies of the pool use most of it, else with the dearest whose resource it offers.
  [[nodiscard]] Place home_of(std::size_t index, const std::vector<Place>& places) {
    if (!drawn_) {
      drawn_.emplace();
      for (const auto& pod : input_.cluster.pods)
        if (pod.accelerators && pod.node && pod.policy) {
          const auto pool = input_.draws[*pod.policy].pool;
          (*drawn_)[{*pod.node, pool}] += count_of(*pod.accelerators, resource(pool));
        }
    }
    const auto& node = *input_.cluster.nodes[index];
    return *std::ranges::min_element(places, {}, [&](const Place& place) {
      const auto used = drawn_->find({index, place.pool});
      const auto rate = quote_of(place, node)->rate;
      const auto& declared = pool(place.pool);
      return std::tuple(used == drawn_->end() ? 0 : -used->second,
                        count_of(node.allocatable, resource(place.pool)) <= 0,
                        rate ? -rate->nano() : std::int64_t{1}, std::string_view(declared.name),
                        std::string_view(declared.node_groups[place.group].name));
    });
  }

  /// Of all that claim it in the currency of its pool. Unpriced where none of them has a price.
  [[nodiscard]] std::shared_ptr<const money::PriceQuote> dearest_quote(
      const Node& node, const std::vector<Place>& places, const Place& home) {
    auto dearest = *quote_of(home, node);
    for (const auto& place : places) {
      const auto quote = quote_of(place, node);
      if (!quote->rate || pool(place.pool).currency != pool(home.pool).currency) continue;
      const auto marginal = std::max(dearest.marginal, quote->marginal);
      if (!dearest.rate || *quote->rate > *dearest.rate) dearest = *quote;
      dearest.marginal = marginal;
    }
    return std::make_shared<const money::PriceQuote>(std::move(dearest));
  }

  void place_node(std::size_t index, const Place& place) {
    const auto& node = *input_.cluster.nodes[index];
    auto& pool = survey_.pools[place.pool];
    const auto advertised = std::max<std::int64_t>(
        count_of(node.allocatable, resource(place.pool)), 0);
    homes_[index] = Home{place.pool, pool.nodes.size()};
    pool.nodes.push_back({.node = index,
                          .group = place.group,
                          .state = state_of(node, advertised, now_),
                          .capacity = advertised,
                          .works = node.ready && advertised > 0});
  }

  void place_pods() {
    for (const auto& pod : input_.cluster.pods) {
      if (!pod.accelerators) continue;
      CHECK(!pod.policy || *pod.policy < input_.draws.size(), "a pod is of a policy that draws");
      if (pod.node)
        place_bound(pod);
      else
        place_pending(pod);
    }
  }

  void place_bound(const Pod& pod) {
    CHECK(*pod.node < homes_.size(), "a pod is on a node that is there");
    const auto& home = homes_[*pod.node];
    if (!home) return place_outside(pod);
    auto& node = survey_.pools[home->pool].nodes[home->index];
    const auto count = count_of(*pod.accelerators, resource(home->pool));
    if (count <= 0) return;
    node.allocated += count;
    node.capacity = std::max(node.capacity, node.allocated);
    node.busy = node.busy || !pod.daemon;
    const auto use = std::ranges::find_if(node.uses, [&pod](const Use& one) {
      return one.draw == pod.policy && (pod.policy || one.ns == pod.ns);
    });
    if (use != node.uses.end())
      use->accelerators += count;
    else
      node.uses.push_back({pod.policy, pod.ns, count});
    if (!pod.policy) return;
    if (input_.draws[*pod.policy].pool != home->pool) return place_outside(pod);
    auto& draw = survey_.draws[*pod.policy];
    (is_going(node.state) ? draw.lost : draw.bound) += count;
  }

  /// On a node that is not of its pool a replica has its place as well.
  void place_outside(const Pod& pod) {
    if (!pod.policy) return;
    survey_.draws[*pod.policy].bound +=
        count_of(*pod.accelerators, resource(input_.draws[*pod.policy].pool));
  }

  void place_pending(const Pod& pod) {
    if (pod.policy) {
      const auto index = input_.draws[*pod.policy].pool;
      const auto count = count_of(*pod.accelerators, resource(index));
      add_pending(index, count);
      survey_.draws[*pod.policy].waiting += count;
      return;
    }
    for (std::size_t i = 0; i < input_.pools.size(); ++i) {
      const auto count = count_of(*pod.accelerators, resource(i));
      // One that is larger than a node is none of the pool's.
      if (count <= 0 || count > pool(i).accelerator.per_node || is_hopeless(pod)) continue;
      add_pending(i, count);
      survey_.pools[i].foreign_pending.push_back(count);
      return;  // the first pool that has the resource
    }
  }

  void add_pending(std::size_t index, std::int64_t count) {
    auto& pool = survey_.pools[index];
    pool.pending += count;
    if (count > 0 && (pool.smallest_pending == 0 || count < pool.smallest_pending))
      pool.smallest_pending = count;
  }

  /// The scheduler has not placed it for so long that something else than room is missing.
  [[nodiscard]] bool is_hopeless(const Pod& pod) const {
    return pod.unschedulable && now_ - pod.created >= boot_max;
  }

  void price(std::size_t index) {
    auto& prices = prices_[index];
    auto& pool = survey_.pools[index];
    const auto& groups = this->pool(index).node_groups;
    std::vector<const Node*> samples(groups.size(), nullptr);
    for (auto& node : pool.nodes) {
      const auto& object = *input_.cluster.nodes[node.node];
      if (!node.quote) node.quote = prices.of_node(groups[node.group], object);
      if (node.state != NodeState::Deleting) samples[node.group] = &object;
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
      auto& group = pool.groups[i];
      group.quote = prices.of_next(groups[i], samples[i]);
      if (!group.quote.allows_growth())
        group.findings.push_back({group.quote.words, group.quote.remedy});
    }
  }

  void sum_up(std::size_t index) {
    auto& pool = survey_.pools[index];
    std::map<std::size_t, std::vector<std::string>> late;
    for (const auto& node : pool.nodes) {
      auto& group = pool.groups[node.group];
      ++group.nodes[static_cast<std::size_t>(node.state)];
      group.busy += node.busy ? 1 : 0;
      if (node.quote->marginal)
        group.rate += *node.quote->marginal;
      else
        ++group.unpriced;
      pool.capacity += node.capacity;
      pool.allocated += node.allocated;
      if (node.state == NodeState::NotReady)
        late[node.group].push_back(input_.cluster.nodes[node.node]->name);
    }
    find_lesser(index);
    for (std::size_t i = 0; i < pool.groups.size(); ++i)
      if (auto& group = pool.groups[i]; group.desired)
        group.in_flight = std::max(*group.desired - come({index, i}), {});
    std::ranges::sort(pool.foreign_pending, std::greater{});
    for (auto& [i, names] : late)
      pool.groups[i].findings.push_back(
          {fmt::format("{} of it {} not ready, or offer no {}, {} minutes after they were made",
                       nodes_text(names), names.size() == 1 ? "is" : "are", resource(index),
                       boot_max / std::chrono::minutes(1)),
           "look at the node and its device plugin; it is billed and serves nobody"});
  }

  /// Nodes that may be those that the group was asked for, wherever they count.
  [[nodiscard]] std::int64_t come(const Place& place) {
    const auto found = elsewhere_.find(place);
    return group(place).present() + (found == elsewhere_.end() ? 0 : found->second);
  }

  /// What one object was asked for counts once, with the dearest of its groups.
  void share_orders(const std::vector<Place>& places) {
    std::int64_t present = 0;
    std::int64_t desired = 0;
    for (const auto& place : places) {
      auto& group = this->group(place);
      present = std::max(present, come(place));
      desired = std::max(desired, group.desired.value_or(0));
      group.in_flight = 0;
    }
    const auto payer = *std::ranges::min_element(places, {}, [&](const Place& place) {
      const auto& quote = group(place).quote;
      const auto rate = quote.allows_growth() ? quote.marginal : std::nullopt;
      const auto& declared = pool(place.pool);
      return std::tuple(rate ? -rate->nano() : std::int64_t{1}, std::string_view(declared.name),
                        std::string_view(declared.node_groups[place.group].name));
    });
    group(payer).in_flight = std::max<std::int64_t>(desired - present, 0);
  }

  /// Nodes that work and have fewer accelerators than the pool says that they have.
  void find_lesser(std::size_t index) {
    struct Lesser {
      std::vector<std::string> names{};
      std::int64_t least = 0;
    };
    auto& pool = survey_.pools[index];
    const auto declared = this->pool(index).accelerator.per_node;
    std::map<std::size_t, Lesser> lesser;
    for (const auto& node : pool.nodes) {
      const auto& object = *input_.cluster.nodes[node.node];
      const auto advertised = count_of(object.allocatable, resource(index));
      if (!node.works || is_going(node.state) || advertised >= declared) continue;
      auto& group = lesser[node.group];
      group.least = group.names.empty() ? advertised : std::min(group.least, advertised);
      group.names.push_back(object.name);
    }
    for (const auto& [i, one] : lesser) {
      auto& group = pool.groups[i];
      group.lesser = Finding{
          fmt::format("{} of it offer{} {} {}{}, and accelerator.perNode is {}",
                      nodes_text(one.names), one.names.size() == 1 ? "s" : "", one.least,
                      resource(index), one.names.size() == 1 ? "" : " or more", declared),
          "look at the devices of the node, or correct accelerator.perNode"};
      group.findings.push_back(*group.lesser);
    }
  }

  const SurveyInput& input_;
  Instant now_;
  GroupFinder finder_;
  std::vector<NodePrices> prices_;  // by pool
  std::map<std::string, std::vector<Place>> named_;  // objects that several groups count on
  std::map<Place, std::int64_t> elsewhere_;  // nodes that fit it and count for another
  /// By node and pool: accelerators that policies of the pool have on the node.
  std::optional<std::map<std::pair<std::size_t, std::size_t>, std::int64_t>> drawn_;
  std::vector<std::optional<Home>> homes_;  // by node of the cluster
  Survey survey_;
};

}  // namespace

std::string_view name_of(NodeState state) {
  switch (state) {
    case NodeState::Ready: return "Ready";
    case NodeState::Starting: return "Starting";
    case NodeState::NotReady: return "NotReady";
    case NodeState::Leaving: return "Leaving";
    case NodeState::Cordoned: return "Cordoned";
    case NodeState::Interrupted: return "Interrupted";
    case NodeState::Deleting: return "Deleting";
  }
  return {};
}

std::int64_t GroupSurvey::present() const {
  return std::accumulate(nodes.begin(), nodes.end(), std::int64_t{0}) -
         count(NodeState::Deleting);
}

bool PoolSurvey::follows_pods() const {
  return std::ranges::any_of(groups, &GroupSurvey::follows_pods);
}

Survey survey(const SurveyInput& input, Instant now) { return Surveyor(input, now).result(); }

}  // namespace poolscaler::capacity
