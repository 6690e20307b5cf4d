#include "poolscaler/kube/writer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "event_poster.hpp"
#include "poolscaler/base/check.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/domain/suspendable.hpp"
#include "poolscaler/json/members.hpp"
#include "poolscaler/kube/scale.hpp"

namespace poolscaler::kube {
namespace {

Result<Resource> resource_of(const std::string& plural) {
  for (auto resource :
       {scaling_policies(), metric_sources(), accelerator_pools(), cost_budgets()})
    if (resource.plural == plural) return resource;
  return fail(ErrorKind::InvalidInput,
              fmt::format("'{}' has no status of ours", escaped(capped(plural, 60))));
}

}  // namespace

Writer::Writer(const Client& client, Discovery& discovery, const Clock& clock,
               WriterOptions options)
    : client_(client), discovery_(discovery), options_(std::move(options)) {
  CHECK(options_.may_write != nullptr, "no write without a gate");
  events_ = std::make_unique<EventPoster>(client_, clock, options_);
}

Writer::~Writer() = default;

Result<ScaleWritten> Writer::write_scale(const ScaleWrite& write, std::stop_token stop) {
  const auto where = fmt::format("scaling {}/{} to {}", write.ns, write.target.text(),
                                 write.replicas);
  const auto resource =
      discovery_.find_scalable(write.target.api_version, write.target.kind, stop);
  if (!resource) return fail(resource.error().context(where));
  const bool suspends =
      suspendable_kind(write.target.api_version, write.target.kind) != nullptr;
  const auto make_request = suspends ? suspend_patch_request : scale_patch_request;
  const auto request = make_request(*resource, {.ns = write.ns, .name = write.target.name},
                                    {.uid = write.uid,
                                     .resource_version = write.resource_version,
                                     .replicas = write.replicas});
  if (!request) return fail(request.error().context(where));
  const auto answer =
      client_.call_once(*request, options_.write_deadline, stop, options_.may_write);
  if (!answer) return fail(answer.error().context(where));
  const auto scale = suspends ? read_suspendable(*answer) : read_scale(*answer);
  if (!scale) return fail(scale.error().context(where));
  return ScaleWritten{.replicas = scale->spec_replicas,
                      .resource_version = scale->resource_version};
}

Result<std::string> Writer::write_status(const StatusWrite& write, std::stop_token stop) {
  const auto where = fmt::format("writing the status of {}/{}", write.plural, write.key.text());
  const auto resource = resource_of(write.plural);
  if (!resource) return fail(resource.error().context(where));
  const auto request = status_patch_request(*resource, write.key, write.uid, write.status_json,
                                            write.resource_version);
  if (!request) return fail(request.error().context(where));
  const auto answer =
      client_.call_once(*request, options_.write_deadline, stop, options_.may_write);
  if (!answer) return fail(answer.error().context(where));
  return text_at(*answer, "metadata", "resourceVersion");
}

void Writer::note_event(EventNote event) { events_->note(std::move(event)); }
void Writer::flush_events(Millis limit) { events_->flush(limit); }
EventCounts Writer::event_counts() const { return events_->counts(); }

}  // namespace poolscaler::kube
