// What must hold between the fields of spec.schedule, as far as CEL can say it too; what a cron
// means is checked in schedule.cpp.
#include <nlohmann/json.hpp>

#include "schedule.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

bool end_or_duration(const json& window) {
  return window.contains("end") != window.contains("durationSeconds");
}

bool start_is_not_end(const json& window) {
  return !window.contains("end") || window["start"] != window["end"];
}

bool says_something(const json& window) {
  return window.contains("floor") || window.contains("ceiling") || window.contains("pin") ||
         window["off"].get<bool>();
}

bool pin_alone(const json& window) {
  return !window.contains("pin") ||
         (!window.contains("floor") && !window.contains("ceiling") && !window["off"].get<bool>());
}

bool off_alone(const json& window) {
  return !window["off"].get<bool>() || (!window.contains("floor") && !window.contains("ceiling"));
}

bool floor_within_ceiling(const json& window) {
  return !window.contains("floor") || !window.contains("ceiling") ||
         window["floor"].get<std::int64_t>() <= window["ceiling"].get<std::int64_t>();
}

bool pre_warm_of_floor(const json& window) {
  return !window["preWarm"].get<bool>() || window.contains("floor");
}

constexpr Rule closes_once(std::string_view window) {
  return {.at = window,
          .cel = "has(self.end) != has(self.durationSeconds)",
          .problem = "must have exactly one of `end` and `durationSeconds`",
          .remedy = "say when the window closes, or how long it lasts",
          .holds = end_or_duration};
}

constexpr Rule closes_later(std::string_view window) {
  return {.at = window,
          .cel = "!has(self.end) || self.start != self.end",
          .problem = "must differ from `start`",
          .remedy = "choose another time: a window that ends where it starts has no time in it",
          .child = "end",
          .holds = start_is_not_end};
}

constexpr Rule rules_of_nodes[] = {
    closes_once("spec.warm.schedule[]"),
    closes_later("spec.warm.schedule[]"),
};

constexpr Rule window_rules[] = {
    closes_once("spec.schedule[]"),
    closes_later("spec.schedule[]"),
    {.at = "spec.schedule[]",
     .cel = "has(self.floor) || has(self.ceiling) || has(self.pin) || self.off",
     .problem = "must have one of `floor`, `ceiling`, `pin` and `off`",
     .remedy = "say what holds while the window is open, such as `floor: 5`",
     .holds = says_something},
    {.at = "spec.schedule[]",
     .cel = "!has(self.pin) || !(has(self.floor) || has(self.ceiling) || self.off)",
     .problem = "must stand alone",
     .remedy = "leave out `floor`, `ceiling` and `off`, or use a second window",
     .child = "pin",
     .holds = pin_alone},
    {.at = "spec.schedule[]",
     .cel = "!self.off || !(has(self.floor) || has(self.ceiling))",
     .problem = "must stand alone",
     .remedy = "leave out `floor` and `ceiling`, or use a second window",
     .child = "off",
     .holds = off_alone},
    {.at = "spec.schedule[]",
     .cel = "!has(self.floor) || !has(self.ceiling) || self.floor <= self.ceiling",
     .problem = "must be at most `ceiling`",
     .remedy = "lower `floor` or raise `ceiling`",
     .child = "floor",
     .holds = floor_within_ceiling},
    {.at = "spec.schedule[]",
     .cel = "!self.preWarm || has(self.floor)",
     .problem = "must come with `floor`",
     .remedy = "set `floor`: it is what is brought up before the window",
     .child = "preWarm",
     .holds = pre_warm_of_floor},
};

}  // namespace

std::span<const Rule> schedule_rules() { return window_rules; }
std::span<const Rule> window_rules_of_nodes() { return rules_of_nodes; }

}  // namespace poolscaler::api
