#include "watches.hpp"

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
/// By then everything has been listed and decided.
constexpr int rounds_of_the_start = 3;

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
  for (const auto& ns : namespaces_) {
    add(kube::scaling_policies(), ns, state.policies(ns));
    add(kube::pods(), ns, state.pods(ns));
    add(kube::horizontal_pod_autoscalers(), ns, state.autoscalers(ns));
    add(scaled_objects(), ns, state.scaled_objects(ns));
  }
  follower_ = std::jthread([this](const std::stop_token& stop) { follow_kinds(stop); });
}

void Watches::add(const kube::Resource& resource, const std::string& ns, ChangeSink& sink) {
  kube::WatchOptions options{.resource = resource};
  options.ns = ns;
  options.seed = stable_hash(resource.text() + "/" + ns);
  auto& task = tasks_.emplace_back(std::make_unique<Task>());
  task->name = resource.group.empty() ? resource.plural : resource.plural + "." + resource.group;
  if (!ns.empty()) task->name += " in " + ns;
  task->optional = resource == scaled_objects();
  task->watcher = std::make_unique<kube::Watcher>(around_.link.watches(), around_.clock, sink,
                                                  std::move(options));
  task->thread = std::jthread(
      [watcher = task->watcher.get()](const std::stop_token& stop) { watcher->run(stop); });
}

void Watches::follow_kinds(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    for (const auto& kind : around_.state.wanted_kinds())
      if (!kinds_.contains(kind)) watch_kind(kind, stop);
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

void Watches::read_scales(const std::stop_token& stop) {
  for (const auto& lookup : around_.state.take_scale_lookups()) {
    if (stop.stop_requested()) return;
    const auto kind = kinds_.find(lookup.kind);
    if (kind == kinds_.end()) continue;
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
  }
}

void Watches::give_back_memory() {
  const auto now = around_.clock.monotonic();
  if (now < memory_due_) return;
  memory_due_ = now + memory_period;
  give_back_heap();
  if (++memory_rounds_ == rounds_of_the_start) give_back_program();
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
