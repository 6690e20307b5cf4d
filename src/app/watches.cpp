#include "watches.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "memory.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/kube/scale.hpp"

namespace poolscaler::app {
namespace {

using controllers::ScaleFound;
using controllers::TargetKind;
using controllers::Trouble;

constexpr Millis follow_period{500};
constexpr Millis memory_period{15'000};
/// By the first time everything has been listed and decided.
constexpr int rounds_between_programs = 3;

kube::Resource scaled_objects() {
  return {
      .group = "keda.sh", .version = "v1alpha1", .plural = "scaledobjects", .kind = "ScaledObject"};
}

Trouble trouble_of(const Error& error) {
  const bool unknown = error.kind == ErrorKind::NotFound;
  return {.reason = unknown ? Reason::TargetNotFound : Reason::TargetNotScalable,
          .message = capped(escaped(error.message), 500)};
}

/// Errors that discovery may well not have the next time say nothing about the kind.
bool is_about_the_kind(const Error& error) {
  return error.kind == ErrorKind::NotFound || error.kind == ErrorKind::InvalidInput;
}

}  // namespace

Watches::Watches(WatchSurroundings surroundings, std::vector<std::string> namespaces)
    : around_(surroundings), namespaces_(std::move(namespaces)) {
  if (namespaces_.empty()) namespaces_.emplace_back();
}

Watches::~Watches() {
  follower_.request_stop();
  if (follower_.joinable()) follower_.join();
  for (auto& task : tasks_) task->thread.request_stop();
}

void Watches::start() {
  auto& state = around_.state;
  add(kube::metric_sources(), "", state.sources());
  add(kube::accelerator_pools(), "", state.pools());
  add(kube::cost_budgets(), "", state.budgets());
  add(kube::price_catalogs(), "", state.price_catalogs());
  for (const auto& ns : namespaces_) {
    add(kube::scaling_policies(), ns, state.policies(ns));
    add(kube::pods(), ns, state.pods(ns));
    add(kube::horizontal_pod_autoscalers(), ns, state.autoscalers(ns));
    add(scaled_objects(), ns, state.scaled_objects(ns), Presence::Optional);
  }
  follower_ = std::jthread([this](const std::stop_token& stop) { follow_kinds(stop); });
}

void Watches::add(const kube::Resource& resource, const std::string& ns, ChangeSink& sink,
                  Presence presence) {
  kube::WatchOptions options{.resource = resource};
  options.ns = ns;
  options.seed = stable_hash(resource.text() + "/" + ns);
  auto& task = tasks_.emplace_back(std::make_unique<Task>());
  task->name = resource.group.empty() ? resource.plural : resource.plural + "." + resource.group;
  if (!ns.empty()) task->name += " in " + ns;
  task->optional = presence == Presence::Optional;
  task->watcher = std::make_unique<kube::Watcher>(around_.link.watches(), around_.clock, sink,
                                                  std::move(options));
  task->thread = std::jthread(
      [watcher = task->watcher.get()](const std::stop_token& stop) { watcher->run(stop); });
}

void Watches::follow_kinds(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    for (const auto& kind : around_.state.wanted_kinds())
      if (!kinds_.contains(kind)) watch_kind(kind, stop);
    follow_pools(stop);
    read_scales(stop);
    report_health();
    give_back_memory();
    around_.clock.sleep_for(follow_period, stop);
  }
}

void Watches::watch_kind(const TargetKind& kind, const std::stop_token& stop) {
  if (kinds_.size() >= kinds_max) {
    around_.state.set_kind_trouble(
        kind, Trouble{.reason = Reason::TargetNotScalable,
                      .message = fmt::format("targets of at most {} kinds can be watched, {} would "
                                             "be one more",
                                             kinds_max, kind.text())});
    return;
  }
  const auto resource = around_.link.discovery().find_scalable(kind.api_version, kind.kind, stop);
  if (!resource) {
    if (is_about_the_kind(resource.error())) {
      around_.state.set_kind_trouble(kind, trouble_of(resource.error()));
    } else if (resource.error().kind != ErrorKind::Cancelled) {
      around_.log.warning("cannot find out about a kind of target",
                          {{"kind", kind.text()}, {"error", resource.error().message}});
    }
    return;
  }
  around_.state.set_kind_trouble(kind, std::nullopt);
  kinds_.emplace(kind, *resource);
  for (const auto& ns : namespaces_) add(*resource, ns, around_.state.targets(kind, ns));
  around_.log.info("watching a kind of target", {{"kind", kind.text()}});
}

void Watches::follow_pools(const std::stop_token& stop) {
  auto& state = around_.state;
  if (!state.wants_nodes()) return;
  if (!std::exchange(follows_pools_, true)) {
    add(kube::nodes(), "", state.nodes());
    if (!namespaces_.front().empty())
      add(kube::pods(), "", state.pods_beside(namespaces_), Presence::Optional);
    around_.log.info("watching nodes for pools");
  }
  for (const auto& kind : state.wanted_group_kinds())
    if (!group_kinds_.contains(kind)) watch_group_kind(kind, stop);
}

void Watches::watch_group_kind(const TargetKind& kind, const std::stop_token& stop) {
  const auto trouble = [&](std::string words, std::string remedy) {
    around_.state.set_group_kind_trouble(
        kind, capacity::Finding{capped(escaped(words), 500), std::move(remedy)});
  };
  if (group_kinds_.size() >= group_kinds_max)
    return trouble(fmt::format("node groups of at most {} kinds can be watched", group_kinds_max),
                   "let pools use fewer kinds");
  const auto info = around_.link.discovery().find(kind.api_version, kind.kind, stop);
  if (!info) {
    if (is_about_the_kind(info.error()))
      return trouble(info.error().message, "install its CustomResourceDefinition");
    if (info.error().kind != ErrorKind::Cancelled)
      around_.log.warning("cannot find out about a kind of node group",
                          {{"kind", kind.text()}, {"error", info.error().message}});
    return;
  }
  around_.state.set_group_kind_trouble(kind, std::nullopt);
  group_kinds_.insert(kind);
  add(info->resource, "", around_.state.group_objects(kind));
  around_.log.info("watching a kind of node group", {{"kind", kind.text()}});
}

void Watches::read_scales(const std::stop_token& stop) {
  for (auto& lookup : around_.state.take_scale_lookups()) lookups_.try_emplace(std::move(lookup));
  for (auto next = lookups_.begin(); next != lookups_.end();) {
    const auto current = next++;
    const auto& [lookup, retry] = *current;
    if (stop.stop_requested()) return;
    const auto kind = kinds_.find(lookup.kind);
    if (kind == kinds_.end() || around_.clock.monotonic() < retry.due) continue;
    const auto found =
        kube::get_scale(around_.link.reads(), kind->second, lookup.key, stop)
            .map([](const kube::Scale& scale) {
              return ScaleFound{.uid = scale.uid,
                                .resource_version = scale.resource_version,
                                .spec_replicas = scale.spec_replicas,
                                .status_replicas = scale.status_replicas,
                                .selector = scale.selector};
            });
    around_.state.set_scale(lookup, found);
    if (found || found.error().kind == ErrorKind::NotFound) {
      lookups_.erase(current);
    } else {
      auto& [due, pause] = current->second;
      pause = std::clamp<Millis>(2 * pause, Seconds(1), Seconds(30));
      due = around_.clock.monotonic() + pause;
    }
  }
}

void Watches::give_back_memory() {
  const auto now = around_.clock.monotonic();
  if (now < memory_due_) return;
  memory_due_ = now + memory_period;
  give_back_heap();
  if (++memory_rounds_ % rounds_between_programs == 0) give_back_program();
}

void Watches::report_health() {
  for (const auto& sync : around_.state.sync_states()) {
    const auto name =
        sync.ns.empty() ? sync.resource : fmt::format("{} in {}", sync.resource, sync.ns);
    auto& reported = reported_[name];
    if (sync.error == reported) continue;
    if (sync.error.empty())
      around_.log.info("watching again", {{"resource", name}});
    else
      around_.log.warning("cannot watch", {{"resource", name}, {"error", sync.error}});
    reported = sync.error;
  }
  for (const auto& task : tasks_) {
    const auto health = task->watcher->health();
    around_.metrics.set_lists(task->name, health.lists);
    // A collection that need not exist and does not is as good as one that is empty.
    const bool absent = task->optional && health.error && health.error->kind == ErrorKind::NotFound;
    around_.metrics.set_watch_synced(task->name, absent || (health.synced && !health.error));
  }
}

}  // namespace poolscaler::app
