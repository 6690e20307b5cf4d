// The catalogue of AcceleratorPool.spec.warm.
#include "accelerator_pool.hpp"
#include "poolscaler/api/time_zones.hpp"
#include "poolscaler/domain/cron.hpp"
#include "status_bounds.hpp"

namespace poolscaler::api {
namespace {

using enum FieldType;

constexpr Field warm_rows[] = {
    {.path = "spec.warm",
     .type = Object,
     .default_json = "{}",
     .doc = "Spare nodes: kept ready although nobody needs them yet, so that what comes next "
            "waits for no node. They are the first thing that a budget takes."},
    {.path = "spec.warm.nodes",
     .type = Integer,
     .min = 0,
     .max = 1000,
     .default_json = "0",
     .unit = "nodes",
     .example = "1",
     .doc = "How many, at all times."},
    {.path = "spec.warm.schedule",
     .type = List,
     .max = windows_max,
     .list = ListType::Map,
     .key = "name",
     .doc = "Windows of time with more spare nodes; the largest number of those that are open "
            "counts where it is above `nodes`."},
    {.path = "spec.warm.schedule[].name",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 63,
     .syntax = Syntax::DnsLabel,
     .example = "office-hours",
     .doc = "Name of the window, unique within the pool."},
    {.path = "spec.warm.schedule[].start",
     .type = Text,
     .required = true,
     .min = 9,
     .max = cron_length_max,
     .syntax = Syntax::CronText,
     .example = "\"0 8 * * mon-fri\"",
     .doc = "When the window opens, as a cron of five fields; as in the schedule of a "
            "ScalingPolicy."},
    {.path = "spec.warm.schedule[].end",
     .type = Text,
     .min = 9,
     .max = cron_length_max,
     .syntax = Syntax::CronText,
     .example = "\"0 18 * * mon-fri\"",
     .doc = "When the window closes, as `start`; may lie behind midnight. Exactly one of `end` and "
            "`durationSeconds` is set."},
    {.path = "spec.warm.schedule[].durationSeconds",
     .type = Integer,
     .min = 60,
     .max = 2'678'400,
     .unit = "seconds",
     .example = "36000",
     .doc = "How long the window is open after each start. At most the shortest time between two "
            "starts."},
    {.path = "spec.warm.schedule[].timeZone",
     .type = Text,
     .min = 1,
     .max = time_zone_name_max,
     .syntax = Syntax::TimeZoneName,
     .default_json = "\"UTC\"",
     .example = "Europe/Berlin",
     .doc = "The IANA time zone in which `start`, `end` and `exceptions` are read."},
    {.path = "spec.warm.schedule[].nodes",
     .type = Integer,
     .required = true,
     .min = 1,
     .max = 1000,
     .unit = "nodes",
     .example = "2",
     .doc = "How many spare nodes while the window is open."},
    {.path = "spec.warm.schedule[].exceptions",
     .type = List,
     .max = 100,
     .list = ListType::Set,
     .doc = "Dates on which the window does not start, such as holidays."},
    {.path = "spec.warm.schedule[].exceptions[]",
     .type = Text,
     .min = 5,
     .max = 10,
     .syntax = Syntax::CalendarDate,
     .example = "\"12-25\"",
     .doc = "A date as `2026-12-24`, or `12-25` for every year."},
};

}  // namespace

std::span<const Field> warm_fields() { return warm_rows; }

}  // namespace poolscaler::api
