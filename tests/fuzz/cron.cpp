// Cron: any text is refused or understood; the next time that it fires is after the moment asked
// for, and is the last time until itself.
#include "poolscaler/domain/cron.hpp"

#include "fuzz/target.hpp"
#include "poolscaler/api/time_zones.hpp"

namespace {

using namespace poolscaler;

void check_times(const Cron& cron, const TimeZone& zone, Instant start) {
  for (int i = 0; i < 20; ++i) {
    const auto next = next_after(cron, zone, start, ClockChange::FireOnce);
    if (!next) return;
    fuzz::require(*next > start, "the next time is later");
    const auto last = last_until(cron, zone, *next, ClockChange::FireOnce);
    fuzz::require(last && last->at == *next, "the last time until a time of firing is that time");
    start = *next;
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto cron = parse_cron(fuzz::text_of(data, size));
  if (!cron) {
    fuzz::require(!cron.error().message.empty(), "a refusal says why");
    return 0;
  }
  const auto start = *parse_rfc3339("2026-03-28T22:59:59Z");  // a day before a clock change
  const auto next =
      next_after(*cron, **api::time_zone_named("UTC"), start, ClockChange::FireOnce);
  fuzz::require(next.has_value() == can_fire(*cron), "what can fire does, and nothing else");
  for (const auto* name : {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"})
    check_times(*cron, **api::time_zone_named(name), start);
  return 0;
}
