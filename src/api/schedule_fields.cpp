// The catalogue of ScalingPolicy.spec.schedule.
#include "field_table.hpp"
#include "poolscaler/api/time_zones.hpp"
#include "poolscaler/domain/cron.hpp"
#include "status_bounds.hpp"

namespace poolscaler::api {
namespace {

using enum FieldType;

constexpr Field window_fields[] = {
    {.path = "spec.schedule",
     .type = List,
     .max = windows_max,
     .list = ListType::Map,
     .key = "name",
     .doc = "Windows of time that move the bounds while they are open: a floor raises "
            "`minReplicas`, a ceiling lowers `maxReplicas`, a pin does both, off is a pin at zero. "
            "A target outside of them is brought back at once, past `behavior`, also while data "
            "is missing. Of windows that are open together `off` beats `pin`, `pin` beats the "
            "rest; the highest pin, the lowest ceiling and the highest floor count, and a ceiling "
            "beats a floor, also that of `minReplicas`. `maxReplicas` is never exceeded, and pause "
            "beats them all. The end of a window takes its word back and does nothing else."},
    {.path = "spec.schedule[].name",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 63,
     .syntax = Syntax::DnsLabel,
     .example = "office-hours",
     .doc = "Name of the window, unique within the policy; status and events speak of it by this."},
    {.path = "spec.schedule[].start",
     .type = Text,
     .required = true,
     .min = 9,
     .max = cron_length_max,
     .syntax = Syntax::CronText,
     .example = "\"0 8 * * mon-fri\"",
     .doc = "When the window opens, as a cron of five fields: minute, hour, day-of-month, month, "
            "day-of-week. Numbers, names (`jan`, `MON`), ranges `a-b`, steps `*/n` and `a/n`, "
            "lists; `?` is `*`; Sunday is 0. When day-of-month or day-of-week is `*`, both must "
            "match, else either may. A start while the window is open changes nothing. A local "
            "time that a change of the clock skips counts at the next one that exists, one that "
            "it repeats counts once."},
    {.path = "spec.schedule[].end",
     .type = Text,
     .min = 9,
     .max = cron_length_max,
     .syntax = Syntax::CronText,
     .example = "\"0 18 * * mon-fri\"",
     .doc = "When the window closes, as `start`; may lie behind midnight. Where a start and an end "
            "fall together the window is open. Exactly one of `end` and `durationSeconds` is set."},
    {.path = "spec.schedule[].durationSeconds",
     .type = Integer,
     .min = 60,
     .max = 2'678'400,
     .unit = "seconds",
     .example = "36000",
     .doc = "How long the window is open after each start, whatever the clock is changed to "
            "meanwhile. At most the shortest time between two starts of such a clock."},
    {.path = "spec.schedule[].timeZone",
     .type = Text,
     .min = 1,
     .max = time_zone_name_max,
     .syntax = Syntax::TimeZoneName,
     .default_json = "\"UTC\"",
     .example = "Europe/Berlin",
     .doc = "The IANA time zone in which `start`, `end` and `exceptions` are read."},
    {.path = "spec.schedule[].floor",
     .type = Integer,
     .min = 1,
     .max = 100'000,
     .unit = "replicas",
     .example = "5",
     .doc = "Never fewer replicas than this, at most `maxReplicas`. Wakes a target from zero."},
    {.path = "spec.schedule[].ceiling",
     .type = Integer,
     .min = 1,
     .max = 100'000,
     .unit = "replicas",
     .example = "8",
     .doc = "Never more replicas than this, also where `minReplicas` or a floor is higher. For "
            "none at all use `off`."},
    {.path = "spec.schedule[].pin",
     .type = Integer,
     .min = 1,
     .max = 100'000,
     .unit = "replicas",
     .example = "3",
     .doc = "Exactly so many replicas, at most `maxReplicas`, whatever the signals say. Stands "
            "alone in its window. For none at all use `off`."},
    {.path = "spec.schedule[].off",
     .type = Boolean,
     .default_json = "false",
     .example = "true",
     .doc = "When true, no replica at all, whatever the signals and `minReplicas` say. Stands "
            "alone in its window. In YAML its name stands in quotes: a bare off means false."},
    {.path = "spec.schedule[].preWarm",
     .type = Boolean,
     .default_json = "false",
     .example = "true",
     .doc = "When true, `floor` holds one cold start before the window, too, so that its replicas "
            "work when it opens: as long as nine of ten cold starts of this target took. "
            "Until enough have been seen it is what `scaleToZero.coldStart` expects, or 300 "
            "seconds."},
    {.path = "spec.schedule[].exceptions",
     .type = List,
     .max = 100,
     .list = ListType::Set,
     .doc = "Dates on which the window does not start, such as holidays. A window that has started "
            "the day before goes on to its end."},
    {.path = "spec.schedule[].exceptions[]",
     .type = Text,
     .min = 5,
     .max = 10,
     .syntax = Syntax::CalendarDate,
     .example = "\"12-25\"",
     .doc = "A date as `2026-12-24`, or `12-25` for every year."},
};

}  // namespace

std::span<const Field> schedule_fields() { return window_fields; }

}  // namespace poolscaler::api
