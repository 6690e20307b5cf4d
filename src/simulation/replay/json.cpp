// A study as JSON.

#include <nlohmann/json.hpp>

#include "poolscaler/simulation/replay/present.hpp"
#include "table.hpp"

namespace poolscaler::replay {
namespace {

using json = nlohmann::ordered_json;

json reasons_json(const ReasonCounts& counts) {
  json reasons = json::object();
  for (const auto reason : all_reasons)
    if (const auto count = counts[static_cast<std::size_t>(reason)]; count > 0)
      reasons[std::string(poolscaler::name_of(reason))] = count;
  return reasons;
}

json spending_json(const Spending& spending) {
  json types = json::object();
  for (const auto type : {CapacityType::OnDemand, CapacityType::Spot, CapacityType::Reserved}) {
    const auto i = static_cast<std::size_t>(type);
    types[std::string(poolscaler::name_of(type))] = {
        {"nodeSeconds", static_cast<double>(spending.node_micros[i]) / 1e6},
        {"cost", exact_text(spending.cost[i])}};
  }
  json limits = json::array();
  for (const auto& use : spending.limits)
    limits.push_back({{name_of(use.owner), use.name},
                      {"limit", use.limit},
                      {"mostUsedPercent", static_cast<double>(use.most_basis_points) / 100}});
  return {{"cost", exact_text(spending.total())},
          {"idleCost", exact_text(spending.idle)},
          {"byCapacityType", std::move(types)},
          {"mostHourly", exact_text(spending.most_rate)},
          {"mostNodes", spending.most_nodes},
          {"nodesStarted", spending.nodes_started},
          {"nodesInterrupted", spending.nodes_interrupted},
          {"cappedByReason", reasons_json(spending.capped)},
          {"limits", std::move(limits)}};
}

/// A figure about requests; null where there were none.
json about_requests(bool any, double value) { return any ? json(value) : json(); }

json figures_json(const Figures& f) {
  const bool any = f.requests > 0;
  json object = {{"replicaSeconds", f.replica_seconds},
                 {"replicaHours", f.replica_hours()},
                 {"requests", f.requests},
                 {"delayed", f.delayed},
                 {"delayedShare", about_requests(any, f.delayed_share)},
                 {"unserved", f.unserved},
                 {"restarted", f.restarted},
                 {"waitSeconds",
                  {{"mean", about_requests(any, f.wait_mean)},
                   {"p50", about_requests(any, f.wait_p50)},
                   {"p95", about_requests(any, f.wait_p95)},
                   {"p99", about_requests(any, f.wait_p99)},
                   {"max", about_requests(any, f.wait_max)}}},
                 {"coldStarts", f.cold_starts},
                 {"startsFromZero", f.starts_from_zero},
                 {"mostReplicas", f.most_replicas},
                 {"decisions", f.decisions},
                 {"decisionsByReason", reasons_json(f.reasons)}};
  if (f.spending) object["money"] = spending_json(*f.spending);
  return object;
}

json pool_json(const PoolBill& bill) {
  json object = {{"name", bill.pool}};
  object.update(spending_json(bill.spending));
  object["requestsRestarted"] = bill.restarted;
  object["shares"] = json::array();
  for (const auto& share : bill.shares)
    object["shares"].push_back(
        {{"policy", share.policy},
         {"acceleratorSeconds", static_cast<double>(share.accelerator_micros) / 1e6},
         {"cost", exact_text(share.cost)},
         {"cappedByReason", reasons_json(share.capped)}});
  return object;
}

json bounds_json(const Bounds& bounds, bool any) {
  const auto zero_wait = bounds.zero_wait_replica_seconds;
  return {{"workReplicaSeconds", about_requests(any, bounds.work_replica_seconds)},
          {"workReplicaHours", about_requests(any, bounds.work_replica_seconds / 3600)},
          {"zeroWaitReplicaSeconds", about_requests(any, zero_wait)},
          {"zeroWaitReplicaHours", about_requests(any, zero_wait / 3600)},
          {"peakReplicas", any ? json(bounds.peak) : json()}};
}

json case_json(const Case& one) {
  return {{"name", one.load.name},
          {"requests", one.load.requests.size()},
          {"samples", one.load.samples.size()},
          {"skippedLines", one.load.skipped_lines},
          {"endSeconds", seconds_of(one.load.end)},
          {"measuredFromSeconds", seconds_of(one.measured.begin)},
          {"measuredToSeconds", seconds_of(one.measured.end)},
          {"usualMaxReplicas", one.max_replicas},
          {"bounds", bounds_json(one.bounds, !one.load.is_metric())}};
}

json ran_json(const Ran& ran, const Study& study) {
  const auto& cases = study.cases;
  json object = {{"setting", ran.label}, {"isDefault", ran.is_default}};
  object.update(figures_json(ran.total));
  if (const auto& price = study.setup.replica_price)
    object["replicaCost"] = cost_text(ran.total.replica_hours(), *price);
  if (ran.by_load.empty()) return object;
  auto& loads = object["loads"] = json::array();
  for (std::size_t i = 0; i < ran.by_load.size(); ++i) {
    json load = {{"name", cases[i].load.name}};
    load.update(figures_json(ran.by_load[i]));
    loads.push_back(std::move(load));
  }
  return object;
}

json standing_json(const Standing& standing, const Study& study) {
  json object = {{"name", standing.name},
                 {"role", name_of(standing.role)},
                 {"settings", json::array()},
                 {"frontier", json::array()},
                 {"atShare", json::array()}};
  for (const auto& ran : standing.ran) object["settings"].push_back(ran_json(ran, study));
  for (const auto index : standing.frontier)
    object["frontier"].push_back({{"setting", standing.ran[index].label},
                                  {"delayedShare", standing.points[index].share},
                                  {"replicaHours", standing.points[index].hours},
                                  {"waitP99Seconds", standing.points[index].wait_p99}});
  for (const auto share : compared_shares) {
    json at = {{"share", share}, {"reached", false}};
    if (const auto reached = standing.at(share))
      at = {{"share", share},
            {"reached", true},
            {"replicaHours", reached->hours},
            {"waitP99Seconds", reached->wait_p99},
            {"nearestSetting", standing.ran[reached->nearest].label}};
    if (const auto& price = study.setup.replica_price; price && at["reached"] == true)
      at["replicaCost"] = cost_text(at["replicaHours"].get<double>(), *price);
    object["atShare"].push_back(std::move(at));
  }
  return object;
}

}  // namespace

std::string as_json(const Study& study) {
  const auto& setup = study.setup;
  json object = {{"setup",
                  {{"slots", setup.slots},
                   {"coldStartSeconds", seconds_of(setup.cold_start)},
                   {"start", setup.start == Start::Warm ? "warm" : "floor"},
                   {"delayedAboveSeconds", seconds_of(setup.delayed_above)}}},
                 {"loads", json::array()},
                 {"bounds", bounds_json(study.bounds, study.has_requests())},
                 {"scalers", json::array()}};
  if (setup.replica_price) object["setup"]["replicaPrice"] = exact_text(*setup.replica_price);
  for (std::size_t i = 0; i < study.cases.size(); ++i) {
    auto& load = object["loads"].emplace_back(case_json(study.cases[i]));
    if (study.pool) load["policy"] = study.standings[i].name;
  }
  for (const auto& standing : study.standings)
    object["scalers"].push_back(standing_json(standing, study));
  if (study.pool) object["pool"] = pool_json(*study.pool);
  return object.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace poolscaler::replay
