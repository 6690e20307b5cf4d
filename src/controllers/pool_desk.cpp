#include "pool_desk.hpp"

#include <algorithm>
#include <limits>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "money_status.hpp"
#include "pool_round.hpp"

namespace poolscaler::controllers {
namespace {

/// Of a new operator: until then it waits for the objects of the groups to be listed.
constexpr Millis groups_patience{15'000};

capacity::Removal removal_of(kube::NodeRemoval removal) {
  switch (removal) {
    case kube::NodeRemoval::Named: return capacity::Removal::Named;
    case kube::NodeRemoval::Emptiest: return capacity::Removal::EmptyFirst;
    case kube::NodeRemoval::Any: return capacity::Removal::AllEmpty;
  }
  return capacity::Removal::AllEmpty;
}

void take_marks(capacity::GroupFacts& facts, kube::NodeMarks marks) {
  facts.node_labels = std::move(marks.labels);
  facts.node_names = std::move(marks.names);
  facts.owner = {.ns = std::move(marks.ns),
                 .kind = std::move(marks.owner_kind),
                 .name = std::move(marks.owner)};
}

/// The same in whichever version: "MachineDeployment.cluster.x-k8s.io team/h100".
std::string words_of(const BackendRef& ref) {
  const auto slash = ref.api_version.find('/');
  const auto group = slash == std::string::npos ? std::string() : ref.api_version.substr(0, slash);
  return fmt::format("{}{}{} {}", ref.kind, group.empty() ? "" : ".", group,
                     ObjectKey{ref.ns, ref.name}.text());
}

/// A bound on a resource is one on the nodes that bring it.
std::optional<std::int64_t> most_nodes(const Accelerator& accelerator,
                                       const kube::GroupReading& reading) {
  std::optional<std::int64_t> most = reading.max;
  for (const auto& limit : reading.limits) {
    if (limit.resource != accelerator.resource) continue;
    const auto nodes = limit.count / accelerator.per_node;
    most = std::min(most.value_or(nodes), nodes);
  }
  return most;
}

/// Bounds of a group and of its object that no count keeps.
std::optional<capacity::Finding> clash_of(const NodeGroup& group, const kube::GroupReading& reading,
                                          const std::string& object) {
  if (reading.min.value_or(0) > group.max_nodes)
    return capacity::Finding{
        fmt::format("{} keeps at least {} nodes ({}), and maxNodes of the group is {}: it gets no "
                    "more",
                    object, *reading.min, reading.min_at, group.max_nodes),
        "lower the one or raise maxNodes"};
  // Whoever brings nodes for pods keeps a minimum of its own.
  if (reading.has_count && reading.max && *reading.max < group.min_nodes)
    return capacity::Finding{
        fmt::format("{} takes at most {} node{} ({}), and minNodes of the group is {}: it gets no "
                    "more",
                    object, *reading.max, *reading.max == 1 ? "" : "s", reading.max_at,
                    group.min_nodes),
        "raise the one or lower minNodes"};
  return std::nullopt;
}

/// What a predecessor has told of the groups and nodes of a pool. A time that is not there yet is
/// one that somebody else's clock has told.
capacity::PoolMemory remembered(const PoolRecord& record, const capacity::Cluster& cluster,
                                Instant now) {
  const auto& status = *record.status;
  capacity::PoolMemory memory;
  for (const auto& group : record.spec->node_groups) {
    auto& out = memory.groups.emplace_back();
    const auto told = std::ranges::find(status.groups, group.name, &api::NodeGroupStatus::name);
    if (told == status.groups.end()) continue;
    if (told->waiting_since) out.waiting_since = std::min(*told->waiting_since, now);
    out.refusals = static_cast<unsigned>(std::max(told->refusals, 0));
    if (told->retry_at && *told->retry_at > now)
      out.refused_until = std::min(*told->retry_at, now + capacity::longest_refusal);
    out.interruptions = told->interruptions;
    std::ranges::sort(out.interruptions);
  }
  if (!status.ledger) return memory;
  // Nobody has looked since it was told: that time is not counted as idle.
  for (const auto& idle : status.idle_nodes) {
    const auto idle_for = status.ledger->counted_to - idle.since;
    for (const auto& node : cluster.nodes)
      if (node->name == idle.node && idle_for > Millis(0) && node->created <= idle.since)
        memory.nodes[node->uid].empty_since = now - idle_for;
  }
  return memory;
}

/// Why it is not known what is free on the nodes of groups that are more than observed.
const capacity::Finding* blindness(const PoolSnapshot& snapshot, std::size_t pool) {
  if (snapshot.sees_all_pods) return nullptr;
  const auto& groups = snapshot.groups[pool];
  const auto found = std::ranges::find(groups, Reason::NotReadable, &GroupObject::reason);
  return found == groups.end() ? nullptr : &*found->trouble;
}

/// Replicas may span nodes, pods may not.
std::string misfit(const PolicyOnPool& one, const PoolRecord& pool) {
  const auto& kind = pool.spec->accelerator;
  if (one.of_pod <= kind.per_node) return {};
  return fmt::format("its pod asks for {} {} and a node of pool {} has {}: no node is asked for; "
                     "let each pod ask for what one node has, or name a pool of larger nodes "
                     "(accelerator.perNode)",
                     one.of_pod, kind.resource, pool.name, kind.per_node);
}

/// Whose nodes are not known yet: a bill without them would be too small.
bool awaits_groups(const PoolSnapshot& snapshot) {
  return std::ranges::any_of(snapshot.groups, [](const auto& groups) {
    return std::ranges::any_of(groups, &GroupObject::awaited);
  });
}

/// Nothing grows for now, for this reason.
Grant hold(const PoolWish& wish, Reason reason, std::string words) {
  return {.most = wish.replicas, .reason = reason, .words = std::move(words)};
}

}  // namespace

PoolDesk::PoolDesk(PoolDeskParts parts)
    : parts_(parts), prices_(std::make_unique<money::PriceBook>(
                         std::vector<std::shared_ptr<const PriceCatalog>>())) {}
PoolDesk::~PoolDesk() = default;

std::vector<PoolAnswer> PoolDesk::answer(const std::vector<PoolWish>& wishes) {
  std::vector<ObjectKey> keys;
  keys.reserve(wishes.size());
  for (const auto& wish : wishes) keys.push_back(wish.key);
  Round round{.now = parts_.clock.now(), .monotonic = parts_.clock.monotonic()};
  round.snapshot = parts_.state.pool_snapshot(keys);
  round.answers.resize(wishes.size());
  open_ = !round.snapshot.pools.empty() || !round.snapshot.budgets.empty();
  if (const auto& unreadable = round.snapshot.unreadable) {
    for (std::size_t i = 0; i < wishes.size(); ++i)
      round.answers[i].grant = hold(wishes[i], Reason::NotReadable,
                                    unreadable->words + "; " + unreadable->remedy);
    tell_unreadable(round.snapshot);
    return std::move(round.answers);
  }
  if (round.snapshot.synced && !listed_at_) listed_at_ = round.monotonic;
  if (!round.snapshot.synced ||
      (round.monotonic - *listed_at_ < groups_patience && awaits_groups(round.snapshot))) {
    for (std::size_t i = 0; i < wishes.size(); ++i)
      round.answers[i].grant = hold(wishes[i], Reason::AwaitingFirstRound,
                                    "pools and nodes have not all been listed yet");
    return std::move(round.answers);
  }
  take_prices(round.snapshot);
  take_pools(round);
  take_wishes(round, wishes);
  const capacity::FleetInput fleet{.pools = round.inputs,
                                   .cluster = round.snapshot.cluster,
                                   .prices = *prices_,
                                   .asking = round.asking,
                                   .left_on = round.snapshot.left_on,
                                   .all_heard = round.all_heard};
  round.sight = capacity::look(round.memory, fleet, round.now);
  count(round);
  const std::vector of_asking(
      round.standings.of_tenant.begin(),
      round.standings.of_tenant.begin() + static_cast<std::ptrdiff_t>(round.asking.size()));
  round.plan = capacity::plan(round.memory, fleet, round.sight,
                              {.limits = round.standings.limits,
                               .of_pool = round.standings.of_pool,
                               .of_asking = of_asking,
                               .pool_warned = round.standings.pool_warned},
                              round.now);
  for (std::size_t i = 0; i < round.pools.size(); ++i)
    pools_.at(round.pools[i]->name)->memory = std::move(round.memory[i]);
  act(round);
  answer_wishes(round);
  take_back(round);
  tell_pools(round);
  tell_budgets(round);
  return std::move(round.answers);
}

void PoolDesk::take_prices(const PoolSnapshot& snapshot) {
  if (snapshot.catalogs == catalogs_) return;
  catalogs_ = snapshot.catalogs;
  prices_ = std::make_unique<money::PriceBook>(catalogs_);
}

/// What the cache shows of a pool's object.
void PoolDesk::follow(std::unique_ptr<PoolState>& state, const PoolRecord& record) {
  if (!state || state->uid != record.uid) {
    state = std::make_unique<PoolState>();
    state->uid = record.uid;
  }
  if (!state->stored.saw(record.resource_version)) return;
  state->told = *record.status;
  state->take_up = true;
}

void PoolDesk::take_pools(Round& round) {
  std::map<std::string, std::unique_ptr<PoolState>> known;
  for (std::size_t i = 0; i < round.snapshot.pools.size(); ++i) {
    const auto& record = round.snapshot.pools[i];
    auto& state = known[record->name];
    if (const auto found = pools_.find(record->name); found != pools_.end())
      state = std::move(found->second);
    follow(state, *record);
    if (record->spec == nullptr) continue;
    capacity::PoolInput input{.pool = record->spec.get(), .groups = {}};
    std::map<std::string, GroupDesk> desks;
    for (std::size_t g = 0; g < record->spec->node_groups.size(); ++g) {
      const auto& group = record->spec->node_groups[g];
      auto& desk = desks[group.name];
      if (const auto found = state->groups.find(group.name); found != state->groups.end())
        desk = std::move(found->second);
      if (desk.spec != record->spec.get()) desk.object.reset();
      desk.spec = record->spec.get();
      input.groups.push_back(
          facts_of(*record->spec, group, round.snapshot.groups[i][g], desk));
    }
    state->groups = std::move(desks);
    if (!std::exchange(state->remembers, true))
      state->memory = remembered(*record, round.snapshot.cluster, round.now);
    round.pools.push_back(record);
    round.inputs.push_back(std::move(input));
    round.blind.push_back(blindness(round.snapshot, i));
    round.memory.push_back(std::move(state->memory));
  }
  for (const auto& [name, gone] : pools_)
    if (gone && !known.contains(name)) parts_.metrics.drop_pool(name);
  pools_ = std::move(known);
}

capacity::GroupFacts PoolDesk::facts_of(const AcceleratorPool& pool, const NodeGroup& group,
                                        const GroupObject& object, GroupDesk& desk) {
  capacity::GroupFacts facts;
  if (group.backend) facts.object = words_of(*group.backend);
  desk.reason.reset();
  const auto in_trouble = [&](Reason reason, std::string words, std::string remedy) {
    desk.reason = reason;
    facts.trouble = capacity::Finding{std::move(words), std::move(remedy)};
    return facts;
  };
  if (object.trouble)
    return in_trouble(object.reason, object.trouble->words, object.trouble->remedy);
  if (!group.backend) {
    facts.follows_pods = group.follows_pods;
    return facts;
  }
  if (desk.object != object.object || !desk.reading) {
    desk.object = object.object;
    desk.reading = kube::read_group(*object.object, group);
  }
  if (!*desk.reading)
    return in_trouble(Reason::PoolInvalid, desk.reading->error().message, "correct it");
  const auto& reading = **desk.reading;
  const bool shown = desk.settlement.settled({.uid = reading.uid,
                                              .resource_version = reading.resource_version,
                                              .replicas = reading.desired},
                                             parts_.clock.monotonic());
  if (shown && desk.ticket == 0) desk.asked.reset();
  take_marks(facts, reading.marks);
  facts.least = reading.min;
  facts.most = most_nodes(pool.accelerator, reading);
  facts.step = reading.step;
  facts.removal = removal_of(reading.removal);
  facts.busy = reading.busy;
  facts.follows_pods = !reading.has_count;
  if (reading.has_count) facts.desired = desk.asked.value_or(reading.desired);
  if (reading.deleting)
    return in_trouble(Reason::GroupNotFound, "its object is being deleted", "make it again");
  if (!reading.owned_elsewhere.empty())
    return in_trouble(Reason::GroupManagedElsewhere, reading.owned_elsewhere, "");
  if (!reading.trouble.empty())
    return in_trouble(Reason::CapacityLimited, reading.trouble, "");
  add_write_trouble(facts, desk);
  facts.bounds = clash_of(group, reading, facts.object);
  if (facts.bounds && !facts.trouble) desk.reason = Reason::PoolInvalid;
  return facts;
}

/// It is told until a write has worked, and tried again once the wait is over.
void PoolDesk::add_write_trouble(capacity::GroupFacts& facts, GroupDesk& desk) const {
  if (!desk.write_trouble) return;
  desk.reason = Reason::WriteFailed;
  if (parts_.clock.monotonic() < desk.not_before) facts.trouble = *desk.write_trouble;
}

void PoolDesk::take_wishes(Round& round, const std::vector<PoolWish>& wishes) {
  std::map<std::string_view, std::size_t> pool_of;
  for (std::size_t i = 0; i < round.pools.size(); ++i) pool_of[round.pools[i]->name] = i;
  std::vector<std::optional<std::size_t>> asking_of(wishes.size());
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    auto& answer = round.answers[i];
    const auto& found = round.snapshot.policies[i];
    round.all_heard = round.all_heard && wishes[i].heard;
    if (!found) continue;
    const auto& spec = *found->policy->spec;
    const auto pool = pool_of.find(spec.pool);
    if (pool == pool_of.end()) {
      const bool there = std::ranges::any_of(round.snapshot.pools, [&](const auto& record) {
        return record->name == spec.pool;
      });
      answer.grant = hold(wishes[i], there ? Reason::PoolInvalid : Reason::PoolNotFound,
                          fmt::format("AcceleratorPool '{}' {}", spec.pool,
                                      there ? "has errors" : "does not exist"));
      continue;
    }
    if (const auto* blind = round.blind[pool->second]) {
      answer.grant = hold(wishes[i], Reason::NotReadable, blind->words + "; " + blind->remedy);
      continue;
    }
    const auto accelerators = spec.accelerators_per_replica
                                  ? std::int64_t{*spec.accelerators_per_replica}
                                  : found->accelerators;
    answer.per_replica = static_cast<std::int32_t>(
        std::min<std::int64_t>(accelerators, std::numeric_limits<std::int32_t>::max()));
    if (accelerators <= 0) {
      answer.grant = hold(
          wishes[i], Reason::PoolInvalid,
          fmt::format("the pods of {} request no {}, which pool '{}' is of: say so in their "
                      "template, or set acceleratorsPerReplica",
                      spec.target.text(), round.pools[pool->second]->spec->accelerator.resource,
                      spec.pool));
      continue;
    }
    if (const auto words = misfit(*found, *round.pools[pool->second]); !words.empty()) {
      answer.grant = hold(wishes[i], Reason::CappedByPool, words);
      continue;
    }
    asking_of[i] = round.asking.size();
    round.wish_of.push_back(i);
    round.asking.push_back({.draw = {.policy = wishes[i].key.text(),
                                     .pool = pool->second,
                                     .accelerators = accelerators,
                                     .replicas = wishes[i].replicas,
                                     .priority = spec.cost.priority},
                            .wanted = wishes[i].wanted,
                            .protected_replicas = spec.cost.protected_replicas,
                            .weight = spec.cost.weight,
                            .avoids_spot = spec.cost.spot == SpotUse::Never,
                            .acts = wishes[i].acts,
                            .max_added_hourly = spec.cost.max_added_hourly,
                            .reach = wishes[i].told ? spec.max_replicas : 0});
  }
  for (auto& pod : round.snapshot.cluster.pods)
    if (pod.policy) pod.policy = asking_of[*pod.policy];
}

ReplicaCosts PoolDesk::costs_of(const Round& round, std::size_t asking) {
  const auto& draw = round.asking[asking].draw;
  const auto& placing = round.sight.placings[asking];
  const auto& granted = round.plan.grants[asking];
  const auto each = round.sight.supplies[draw.pool].stock.share * draw.accelerators;
  return {.replicas = draw.replicas,
          .rate = round.standings.tenants[asking].rate +
                  std::min(placing.coming + each * placing.without_node,
                           each * placing.waiting()),
          .granted = std::max(granted.most, draw.replicas),
          .added = granted.added,
          .each = each};
}

void PoolDesk::answer_wishes(Round& round) {
  for (std::size_t i = 0; i < round.asking.size(); ++i) {
    auto& answer = round.answers[round.wish_of[i]];
    const auto& asking = round.asking[i];
    const auto& survey = round.sight.survey.pools[asking.draw.pool];
    const bool unpriced = std::ranges::any_of(
        survey.nodes, [](const capacity::NodeSurvey& node) { return !node.quote->marginal; });
    if (!unpriced) answer.costs = costs_of(round, i);
    if (asking.reach > 0)
      answer.reachable = static_cast<std::int32_t>(
          std::min(round.plan.grants[i].reachable, asking.reach));
    const auto& granted = round.plan.grants[i];
    if (granted.refusal != money::Refusal::None)
      answer.grant = capacity::grant_of(granted, round.standings.limits, survey);
    if (const auto state = book_.state_of_policy(asking.draw.policy))
      answer.ledger = told::ledger_status(*state);
  }
}

void PoolDesk::adopt(const ObjectKey& policy, const std::string& uid,
                     const api::LedgerStatus& ledger) {
  book_.adopt_policy(policy.text(), uid, told::ledger_state(ledger));
}

void PoolDesk::take(const WriteDone& done) {
  switch (done.slot.what) {
    case WriteSlot::What::Group: return group_done(done);
    case WriteSlot::What::Machine: return machine_done(done);
    case WriteSlot::What::Eviction: return eviction_done(done);
    case WriteSlot::What::BudgetStatus: return budget_done(done);
    case WriteSlot::What::PoolStatus: return pool_done(done);
    case WriteSlot::What::Node:
    case WriteSlot::What::Scale:
    case WriteSlot::What::Status:
    case WriteSlot::What::SourceStatus: break;
  }
  if (!done.error || done.error->kind == ErrorKind::Cancelled) return;
  parts_.log.warning("cannot write about a node or pool",
                     {{"object", done.slot.key.text()}, {"error", done.error->message}});
}

}  // namespace poolscaler::controllers
