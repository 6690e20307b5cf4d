// Cron through the production engine; KEDA's cron trigger and kube-downscaler's specs, which stand
// on it, through their models.

#include "poolscaler/domain/cron.hpp"

#include <nlohmann/json.hpp>

#include "poolscaler/api/time_zones.hpp"
#include "poolscaler/simulation/peers/downscaler.hpp"
#include "poolscaler/simulation/peers/keda_cron.hpp"
#include "vectors/case_reader.hpp"
#include "vectors/groups.hpp"

namespace poolscaler::vectors {

using Json = nlohmann::json;
namespace peers = simulation::peers;

namespace {

Cron cron_of(const Case& spec) {
  const auto cron = parse_cron(spec.text());
  if (!cron) spec.fail(cron.error().message);
  return *cron;
}

std::shared_ptr<const TimeZone> zone_of(const Case& recorded) {
  const auto zone = api::time_zone_named(recorded.text("tz"));
  if (!zone) recorded.at("tz").fail(zone.error().message);
  return *zone;
}

Instant instant_of(const Case& text) {
  const auto instant = parse_rfc3339(text.text());
  if (!instant) text.fail(instant.error().message);
  return *instant;
}

/// The first instant at which the zone's clocks show `local`, "2012-07-09T15:00".
Instant instant_of_local(const Case& local, const TimeZone& zone) {
  const auto text = local.text();
  const auto as_utc = parse_rfc3339(text + (text.size() == 16 ? ":00Z" : "Z"));
  if (!as_utc) local.fail(as_utc.error().message);
  const auto shown = std::chrono::floor<Seconds>(*as_utc).time_since_epoch();
  std::optional<std::chrono::sys_seconds> first;
  for (const auto& stretch : zone.stretches()) {
    const std::chrono::sys_seconds at(shown - stretch.offset);
    if (zone.local(at).time_since_epoch() == shown && (!first || at < *first)) first = at;
  }
  if (!first) local.fail("is skipped by the clocks of " + zone.name());
  return *first;
}

}  // namespace

Json cron_fires_at(const Case& recorded) {
  const auto cron = cron_of(recorded.at("spec"));
  const auto zone = zone_of(recorded);
  const auto time = instant_of_local(recorded.at("time"), *zone);
  return next_after(cron, *zone, time - Seconds(1), ClockChange::AsRead) == time;
}

Json cron_next(const Case& recorded) {
  const auto cron = cron_of(recorded.at("spec"));
  const auto next = next_after(cron, *zone_of(recorded), instant_of(recorded.at("after")),
                               ClockChange::AsRead);
  if (!next) return {};
  // The same instant may be written with any offset.
  const auto expected = recorded.at("expect");
  if (!expected.json().is_null() && instant_of(expected) == *next) return expected.json();
  return to_rfc3339(*next);
}

Json cron_invalid(const Case& recorded) {
  return parse_cron(recorded.text("spec")) ? "accept" : "reject";
}

Json keda_cron_metadata(const Case& recorded) {
  const auto metadata = recorded.at("metadata");
  const auto refusal =
      peers::refusal({.timezone = metadata.maybe_text("timezone"),
                      .start = metadata.maybe_text("start"),
                      .end = metadata.maybe_text("end"),
                      .desired_replicas = metadata.maybe_text("desiredReplicas")});
  return refusal ? "reject" : "accept";
}

Json keda_cron_window(const Case& recorded) {
  return peers::is_open(cron_of(recorded.at("start")), cron_of(recorded.at("end")),
                        *zone_of(recorded), instant_of(recorded.at("now")));
}

Json downscaler_time_spec(const Case& recorded) {
  const auto matches = peers::matches_time_spec(
      recorded.text("spec"), instant_of(recorded.at("now")),
      [](std::string_view name) { return api::time_zone_named(name); });
  return matches ? Json(*matches) : Json("reject");
}

}  // namespace poolscaler::vectors
