#include "poolscaler/simulation/peers/keda_cron.hpp"

#include <charconv>
#include <initializer_list>
#include <utility>

namespace poolscaler::simulation::peers {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::string> refusal(const KedaCronMetadata& metadata) {
  const std::initializer_list<std::pair<const char*, const std::optional<std::string>&>> fields = {
      {"timezone", metadata.timezone},
      {"start", metadata.start},
      {"end", metadata.end},
      {"desiredReplicas", metadata.desired_replicas}};
  for (const auto& [name, value] : fields)
    if (!value || value->empty()) return std::string(name) + " is required";
  if (const auto start = parse_cron(*metadata.start); !start)
    return "start: " + start.error().message;
  if (const auto end = parse_cron(*metadata.end); !end) return "end: " + end.error().message;
  if (*metadata.start == *metadata.end) return "start and end are the same";
  const auto replicas = whole_number(*metadata.desired_replicas);
  if (!replicas) return "desiredReplicas is no whole number";
  if (*replicas == 0) return "desiredReplicas is 0";
  return std::nullopt;
}

bool is_open(const Cron& start, const Cron& end, const TimeZone& zone, Instant now) {
  const auto next_start = next_after(start, zone, now, ClockChange::AsRead);
  const auto next_end = next_after(end, zone, now, ClockChange::AsRead);
  // One that never comes is the beginning of all time to KEDA, hence before now.
  if (!next_start) return true;
  return next_end && *next_end <= *next_start;
}

}  // namespace poolscaler::simulation::peers
