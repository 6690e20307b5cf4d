#include "event_body.hpp"

#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"

namespace poolscaler::kube {
namespace {

// Limits of the API server's own validation.
constexpr std::size_t note_bytes_max = 1024;
constexpr std::size_t word_bytes_max = 128;

}  // namespace

Request event_create_request(const EventToCreate& event, const Reporter& reporter) {
  const auto& note = event.note;
  nlohmann::json regarding{{"apiVersion", note.regarding_api_version},
                           {"kind", note.regarding_kind},
                           {"name", note.regarding.name},
                           {"uid", note.regarding_uid}};
  if (!note.regarding.ns.empty()) regarding["namespace"] = note.regarding.ns;
  const nlohmann::json body{
      {"apiVersion", events().api_version()},
      {"kind", events().kind},
      {"metadata", {{"name", event.name}, {"namespace", event_namespace(note)}}},
      {"eventTime", to_rfc3339_micro(event.at)},
      {"reportingController", reporter.controller},
      {"reportingInstance", capped(reporter.instance, word_bytes_max)},
      {"action", capped(note.action, word_bytes_max)},
      {"reason", name_of(note.reason)},
      {"type", note.warning ? "Warning" : "Normal"},
      {"regarding", std::move(regarding)},
      {"note", capped(note.note, note_bytes_max)}};
  return create_request(events(), event_namespace(note),
                        body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Request event_update_request(const EventToUpdate& event) {
  const nlohmann::json body{
      {"series", {{"count", event.count}, {"lastObservedTime", to_rfc3339_micro(event.last)}}}};
  return merge_patch_request(events(), {.ns = event.ns, .name = event.name}, {}, body.dump());
}

}  // namespace poolscaler::kube
