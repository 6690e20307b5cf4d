// What PoolDesk says of pools: statuses, events, series.
#include <algorithm>
#include <fmt/format.h>
#include <tuple>

#include "money_status.hpp"
#include "own_conditions.hpp"
#include "pool_round.hpp"

namespace poolscaler::controllers {
namespace {

using capacity::NodeState;

constexpr Millis pool_numbers_period{60'000};

std::int32_t narrow(std::int64_t count) {
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(count, 0, std::numeric_limits<std::int32_t>::max()));
}

/// Nodes that are ready, by how many of their accelerators are in use.
std::vector<api::FillLevel> fill_of(const capacity::PoolSurvey& survey, std::size_t group) {
  std::map<std::int64_t, std::int32_t> levels;
  for (const auto& node : survey.nodes)
    if (node.group == group && node.state == NodeState::Ready) ++levels[node.allocated];
  std::vector<api::FillLevel> fill;
  for (const auto& [allocated, nodes] : levels)
    if (fill.size() < api::fill_levels_max) fill.push_back({narrow(allocated), nodes});
  return fill;
}

std::vector<Instant> newest(const std::vector<Instant>& all) {
  const auto kept = std::min(all.size(), api::interruptions_told_max);
  return {all.end() - static_cast<std::ptrdiff_t>(kept), all.end()};
}

/// The nodes that have been idle longest.
std::vector<api::IdleNode> idle_nodes(const capacity::PoolSurvey& survey,
                                      const capacity::PoolMemory& memory,
                                      const capacity::Cluster& cluster) {
  std::vector<api::IdleNode> idle;
  for (const auto& node : survey.nodes) {
    const auto& object = *cluster.nodes[node.node];
    const auto found = memory.nodes.find(object.uid);
    if (found != memory.nodes.end() && found->second.empty_since)
      idle.push_back({.node = object.name, .since = *found->second.empty_since});
  }
  std::ranges::sort(idle, {}, [](const api::IdleNode& node) {
    return std::tuple(node.since, std::string_view(node.node));
  });
  if (idle.size() > api::idle_nodes_max) idle.resize(api::idle_nodes_max);
  return idle;
}

template <class Desk>
std::string write_trouble_of(const Desk& desk) {
  if (!desk.write_trouble) return {};
  return desk.write_trouble->words +
         (desk.write_trouble->remedy.empty() ? std::string() : "; " + desk.write_trouble->remedy);
}

struct GroupView {
  const NodeGroup& group;
  const capacity::PoolSurvey& pool;
  const capacity::GroupSurvey& seen;
  const capacity::GroupPlan& plan;
  const capacity::GroupMemory& memory;
  const std::string& closed;
  const std::string& lesser;  // why what needs many accelerators gets no node of it
  std::optional<Reason> trouble;
  std::string write_trouble;  // that is told although it is tried again
  std::optional<std::int64_t> declared;
  std::size_t index;
};

Reason reason_of_closed(const GroupView& view) {
  if (view.trouble) return *view.trouble;
  if (!view.seen.quote.allows_growth())
    return view.seen.quote.state == money::PriceState::Stale ? Reason::PriceStale
                                                             : Reason::PriceUnknown;
  if (!view.seen.may_grow && (view.seen.desired || view.seen.follows_pods))
    return Reason::NodesAmbiguous;
  if (view.memory.refused_until)
    return view.group.capacity_type == CapacityType::Spot ? Reason::SpotRefused
                                                          : Reason::CapacityLimited;
  return view.memory.interruptions.empty() ? Reason::CapacityLimited
                                           : Reason::CapacityInterrupted;
}

/// That nodes have fewer accelerators than declared; empty: they have not, or something else keeps
/// the group from getting any.
std::string words_of_lesser(const GroupView& view) {
  const bool asked = view.seen.desired || view.seen.follows_pods;
  if (view.trouble || view.seen.ambiguous || view.memory.refused_until ||
      !view.seen.quote.allows_growth() || (asked && !view.seen.may_grow))
    return {};
  const auto& here = view.seen.lesser;
  if (view.lesser.empty()) return here ? here->words + "; " + here->remedy : std::string();
  return view.lesser + "; look at their devices, or correct accelerator.perNode";
}

api::NodeGroupStatus status_of(const GroupView& view) {
  api::NodeGroupStatus status{.name = view.group.name,
                              .capacity_type = view.group.capacity_type,
                              .observed = narrow(view.seen.present() +
                                                 view.seen.count(NodeState::Deleting)),
                              .ready = narrow(view.seen.count(NodeState::Ready)),
                              .busy = narrow(view.seen.busy),
                              .starting = narrow(view.seen.count(NodeState::Starting)),
                              .draining = narrow(view.seen.count(NodeState::Leaving)),
                              .price = view.seen.quote.rate,
                              .fill = fill_of(view.pool, view.index),
                              .waiting_since = view.memory.waiting_since,
                              .refusals = narrow(view.memory.refusals),
                              .retry_at = view.memory.refused_until,
                              .interruptions = newest(view.memory.interruptions)};
  if (view.seen.desired)
    status.desired = narrow(view.plan.wanted.value_or(*view.seen.desired));
  if (view.declared) status.declared = narrow(*view.declared);
  for (const auto& node : view.pool.nodes)
    if (node.group == view.index) status.hourly += node.quote->rate.value_or(HourlyRate());
  const auto& quote = view.seen.quote;
  if (const auto& ambiguous = view.seen.ambiguous) {
    status.reason = Reason::NodesAmbiguous;
    status.message = ambiguous->words + "; " + ambiguous->remedy;
    return status;
  }
  if (auto lesser = words_of_lesser(view); !lesser.empty()) {
    status.reason = Reason::CapacityLimited;
    status.message = std::move(lesser);
    return status;
  }
  if (!view.closed.empty() || !quote.allows_growth() || !view.write_trouble.empty()) {
    status.reason = reason_of_closed(view);
    status.message = !view.closed.empty()          ? view.closed
                     : !view.write_trouble.empty() ? view.write_trouble
                                                   : quote.words;
    if (const auto& findings = view.seen.findings;
        !findings.empty() && findings.front().words == status.message &&
        !findings.front().remedy.empty())
      status.message += "; " + findings.front().remedy;
  }
  return status;
}

void sum_up(api::PoolStatus& status, const capacity::PoolSurvey& survey) {
  for (std::size_t i = 0; i < status.groups.size(); ++i) {
    const auto& group = status.groups[i];
    status.nodes.total += group.observed;
    status.nodes.ready += group.ready;
    status.nodes.busy += group.busy;
    status.nodes.starting += group.starting;
    status.nodes.draining += group.draining;
    status.nodes.unpriced += narrow(survey.groups[i].unpriced);
    status.hourly += group.hourly;
  }
  status.accelerators = {.capacity = survey.capacity,
                         .allocated = survey.allocated,
                         .pending = survey.pending};
}

/// `lesser`: by group, whether its nodes have fewer accelerators than declared.
void add_conditions(api::PoolStatus& status, const capacity::PoolPlan& plan,
                    const std::vector<bool>& lesser,
                    const std::vector<api::Condition>& before, Instant now) {
  Conditions conditions(before, status.observed_generation, now);
  const auto first = [&](std::initializer_list<Reason> reasons) {
    const auto found = std::ranges::find_if(status.groups, [&](const auto& group) {
      return group.reason && std::ranges::find(reasons, *group.reason) != reasons.end();
    });
    return found == status.groups.end() ? nullptr : &*found;
  };
  const auto words = [](const api::NodeGroupStatus& group) {
    return fmt::format("node group {}: {}", group.name, group.message);
  };
  const auto* wrong =
      first({Reason::NotReadable, Reason::PoolInvalid, Reason::GroupNotFound, Reason::WriteFailed,
             Reason::GroupManagedElsewhere, Reason::NodesAmbiguous});
  conditions.add("Ready", wrong == nullptr, wrong == nullptr ? Reason::Valid : *wrong->reason,
                 wrong == nullptr ? std::string() : words(*wrong));
  const auto* unpriced = first({Reason::PriceUnknown, Reason::PriceStale});
  const bool priced = unpriced == nullptr && status.nodes.unpriced == 0;
  conditions.add("PricesKnown", priced,
                 priced                ? Reason::PricesKnown
                 : unpriced == nullptr ? Reason::PriceUnknown
                                       : *unpriced->reason,
                 priced ? std::string()
                        : fmt::format("{} of {} nodes have no price{}{}", status.nodes.unpriced,
                                      status.nodes.total, unpriced == nullptr ? "" : "; ",
                                      unpriced == nullptr ? "" : words(*unpriced)));
  const auto* refused = first({Reason::SpotRefused, Reason::CapacityInterrupted});
  for (std::size_t i = 0; i < status.groups.size(); ++i)
    if (refused == nullptr && (status.groups[i].retry_at || lesser[i])) refused = &status.groups[i];
  std::string limited = refused == nullptr ? std::string() : words(*refused);
  if (limited.empty() && !plan.findings.empty())
    limited = fmt::format("{}; {}", plan.findings.front().words, plan.findings.front().remedy);
  conditions.add("Capacity", limited.empty(),
                 limited.empty()      ? Reason::CapacityAvailable
                 : refused == nullptr ? Reason::CapacityLimited
                                      : refused->reason.value_or(Reason::CapacityLimited),
                 limited);
  conditions.add("Draining", !status.drains.empty(),
                 status.drains.empty() ? Reason::NothingDraining : Reason::NodeDraining,
                 status.drains.empty()
                     ? std::string()
                     : fmt::format("{} nodes are being emptied", status.drains.size()));
  status.conditions = conditions.take();
}

bool same_meaning(const api::PoolStatus& a, const api::PoolStatus& b) {
  const auto same_group = [](const api::NodeGroupStatus& one, const api::NodeGroupStatus& other) {
    return one.name == other.name && one.desired == other.desired &&
           one.declared == other.declared && one.observed == other.observed &&
           one.ready == other.ready && one.busy == other.busy && one.draining == other.draining &&
           one.price == other.price && one.reason == other.reason &&
           one.waiting_since.has_value() == other.waiting_since.has_value() &&
           one.refusals == other.refusals && one.interruptions == other.interruptions;
  };
  const auto same_drain = [](const api::DrainStatus& one, const api::DrainStatus& other) {
    return one.node == other.node && one.message == other.message;
  };
  return say_the_same(a.conditions, b.conditions) &&
         std::ranges::equal(a.groups, b.groups, same_group) &&
         std::ranges::equal(a.drains, b.drains, same_drain) &&
         a.observed_generation == b.observed_generation;
}

telemetry::PoolSample sample_of(const api::PoolStatus& status,
                                const capacity::PoolSurvey& survey) {
  telemetry::PoolSample sample{.ready = status.conditions.front().status ==
                                        api::ConditionStatus::True,
                               .accelerators = survey.capacity,
                               .allocated = survey.allocated,
                               .pending = survey.pending};
  constexpr std::array states = {NodeState::Ready,    NodeState::Starting,    NodeState::NotReady,
                                 NodeState::Leaving,  NodeState::Cordoned,
                                 NodeState::Interrupted, NodeState::Deleting};
  for (std::size_t i = 0; i < survey.groups.size(); ++i) {
    const auto& seen = survey.groups[i];
    auto& group = sample.groups.emplace_back(
        telemetry::PoolGroupSample{.name = status.groups[i].name,
                                   .capacity_type = name_of(status.groups[i].capacity_type),
                                   .desired = seen.desired,
                                   .rate = seen.rate,
                                   .unpriced = seen.unpriced});
    for (const auto state : states)
      if (seen.count(state) > 0 || state == NodeState::Ready)
        group.nodes.emplace_back(capacity::name_of(state), seen.count(state));
  }
  return sample;
}

}  // namespace

void PoolDesk::tell_pools(Round& round) {
  for (const auto& record : round.snapshot.pools)
    if (record->spec == nullptr) tell_invalid(*record);
  for (std::size_t i = 0; i < round.pools.size(); ++i) {
    const auto& record = *round.pools[i];
    const auto& survey = round.sight.survey.pools[i];
    auto& known = *pools_.at(record.name);
    api::PoolStatus status{.observed_generation = record.generation};
    status.currency = record.spec->currency;
    std::vector<bool> lesser;
    for (std::size_t g = 0; g < survey.groups.size(); ++g) {
      const auto& desk = known.groups.at(record.spec->node_groups[g].name);
      std::optional<std::int64_t> declared;
      if (desk.reading && *desk.reading && (**desk.reading).has_count)
        declared = (**desk.reading).desired;
      const GroupView view{.group = record.spec->node_groups[g],
                           .pool = survey,
                           .seen = survey.groups[g],
                           .plan = round.plan.pools[i].groups[g],
                           .memory = known.memory.groups[g],
                           .closed = round.sight.supplies[i].closed[g],
                           .lesser = round.sight.supplies[i].lesser[g],
                           .trouble = desk.reason,
                           .write_trouble = write_trouble_of(desk),
                           .declared = declared,
                           .index = g};
      status.groups.push_back(status_of(view));
      lesser.push_back(!words_of_lesser(view).empty());
    }
    for (const auto& node : survey.nodes) {
      const auto& object = *round.snapshot.cluster.nodes[node.node];
      if (node.state != NodeState::Leaving || status.drains.size() >= api::drains_max) continue;
      const auto words = drains_.find(object.name);
      status.drains.push_back({.node = object.name,
                               .group = record.spec->node_groups[node.group].name,
                               .since = object.cordoned_since.value_or(round.now),
                               .message = words == drains_.end() ? "" : words->second});
    }
    status.idle_nodes = idle_nodes(survey, known.memory, round.snapshot.cluster);
    sum_up(status, survey);
    status.committed = round.standings.pools[i].committed;
    status.idle = round.standings.pools[i].idle;
    if (const auto ledger = book_.state_of_pool(record.name))
      status.ledger = told::ledger_status(*ledger);
    add_conditions(status, round.plan.pools[i], lesser, known.told.conditions, round.now);
    parts_.metrics.set_pool(record.name, sample_of(status, survey));
    for (const auto& finding : round.plan.pools[i].given_up)
      note("AcceleratorPool", record,
           {.warning = true,
            .reason = Reason::DrainTimedOut,
            .action = "Drain",
            .note = fmt::format("{}; {}", finding.words, finding.remedy),
            .about = finding.words});
    tell(record, known, std::move(status));
  }
}

void PoolDesk::tell_invalid(const PoolRecord& record) {
  auto& known = *pools_.at(record.name);
  api::PoolStatus status{.observed_generation = record.generation};
  status.ledger = record.status->ledger;
  Conditions conditions(known.told.conditions, record.generation, parts_.clock.now());
  conditions.add("Ready", false, Reason::PoolInvalid, record.errors);
  status.conditions = conditions.take();
  parts_.metrics.set_pool(record.name, {});
  tell(record, known, std::move(status));
}

/// What was told of groups and money stays: whoever may read again takes it up.
void PoolDesk::tell_unreadable(const PoolSnapshot& snapshot) {
  for (const auto& record : snapshot.pools) {
    follow(pools_[record->name], *record);
    auto& known = *pools_.at(record->name);
    auto status = known.told;
    status.observed_generation = record->generation;
    status.nodes = {};
    status.accelerators = {};
    status.hourly = status.committed = status.idle = {};
    status.drains.clear();
    Conditions conditions(known.told.conditions, record->generation, parts_.clock.now());
    conditions.add("Ready", false, Reason::NotReadable,
                   snapshot.unreadable->words + "; " + snapshot.unreadable->remedy);
    status.conditions = conditions.take();
    parts_.metrics.set_pool(record->name, {});
    tell(*record, known, std::move(status));
  }
}

void PoolDesk::tell(const PoolRecord& record, PoolState& known, api::PoolStatus status) {
  const auto now = parts_.clock.monotonic();
  const bool billed = status.hourly > HourlyRate() || status.nodes.unpriced > 0;
  const bool moved = billed || !(known.told.accelerators == status.accelerators) ||
                     !(known.told.nodes == status.nodes) ||
                     !same_messages(known.told.conditions, status.conditions);
  const bool due = known.stored.unsaid() ||
                   (moved && (!known.told_at || now - *known.told_at >= pool_numbers_period));
  if (!known.stored.may_write() || (same_meaning(known.told, status) && !due)) return;
  note_not_ready("AcceleratorPool", record, known.told.conditions, status.conditions);
  parts_.writes.put_status(
      {.what = WriteSlot::What::PoolStatus, .key = {.ns = {}, .name = record.name}},
      {.plural = "acceleratorpools",
       .key = {.ns = {}, .name = record.name},
       .uid = record.uid,
       .status_json = api::render_pool_status(status),
       .resource_version = known.stored.begin()});
  known.told = std::move(status);
  known.told_at = now;
}

void PoolDesk::pool_done(const WriteDone& done) {
  const auto found = pools_.find(done.slot.key.name);
  if (found == pools_.end()) return;
  auto& stored = found->second->stored;
  if (!done.error) return stored.wrote(done.resource_version);
  const bool conflict = done.error->kind == ErrorKind::Conflict;
  stored.failed(conflict);
  if (conflict || done.error->kind == ErrorKind::Cancelled) return;
  parts_.log.warning("cannot write the status of a pool",
                     {{"pool", done.slot.key.name}, {"error", done.error->message}});
}

void PoolDesk::note_not_ready(const std::string& kind, const ClusterObject& object,
                              const std::vector<api::Condition>& before,
                              const std::vector<api::Condition>& now) {
  const auto* ready = find_condition(now, "Ready");
  const auto* was = find_condition(before, "Ready");
  if (ready != nullptr && ready->status == api::ConditionStatus::False &&
      (was == nullptr || was->reason != ready->reason))
    note(kind, object,
         {.warning = true, .reason = ready->reason, .action = "Check", .note = ready->message});
}

void PoolDesk::note(const std::string& kind, const ClusterObject& object, EventNote event) {
  event.regarding_api_version = "poolscaler.dev/v1alpha1";
  event.regarding_kind = kind;
  event.regarding = {.ns = {}, .name = object.name};
  event.regarding_uid = object.uid;
  parts_.events.note_event(std::move(event));
}

}  // namespace poolscaler::controllers
