#include "poolscaler/api/time_zones.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include <date/tz.h>
#include <fmt/format.h>

#include "poolscaler/base/guarded.hpp"
#include "poolscaler/base/text.hpp"

namespace poolscaler::api {
namespace {

using Zones = std::map<std::string, std::shared_ptr<const TimeZone>, std::less<>>;

/// Before and after these a zone goes on as at the edge. The zone files of Debian list changes of
/// the clock up to 2037; schedules look five years ahead.
constexpr std::chrono::sys_days first_day(std::chrono::year(1970) / 1 / 1);
constexpr std::chrono::sys_days last_day(std::chrono::year(2100) / 1 / 1);

std::vector<Stretch> stretches_of(const date::time_zone& zone) {
  std::vector<Stretch> stretches;
  std::chrono::sys_seconds at = first_day;
  while (at < last_day) {
    const auto info = zone.get_info(at);
    if (stretches.empty() || stretches.back().offset != info.offset)
      stretches.push_back({.begin = at, .offset = info.offset});
    at = info.end;
  }
  return stretches;
}

tl::unexpected<Error> unknown(std::string_view name) {
  return fail(ErrorKind::InvalidInput,
              fmt::format("'{}' is no time zone of the IANA database: write a name such as "
                          "Europe/Berlin, America/New_York or UTC",
                          escaped(capped(name, time_zone_name_max))));
}

}  // namespace

Result<std::shared_ptr<const TimeZone>> time_zone_named(std::string_view name) {
  static Guarded<Zones> known;
  return known.with([&](Zones& zones) -> Result<std::shared_ptr<const TimeZone>> {
    if (const auto found = zones.find(name); found != zones.end()) return found->second;
    if (name == "localtime") return unknown(name);  // of this machine: no zone of its own
    try {
      const auto* const zone = date::locate_zone(std::string(name));
      // A link such as US/Eastern keeps the name that the policy gave it.
      return zones
          .emplace(name, std::make_shared<const TimeZone>(std::string(name), stretches_of(*zone)))
          .first->second;
    } catch (const std::exception&) {
      return unknown(name);
    }
  });
}

}  // namespace poolscaler::api
