#include "schedule.hpp"

#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "checked_reader.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;
using Part = WindowFault::Part;

/// Puts a window together and says what is wrong with it.
class WindowReader {
 public:
  WindowReader(const json& from, std::string path, std::vector<FieldError>& errors)
      : from_(from), path_(std::move(path)), errors_(errors) {}

  [[nodiscard]] std::optional<Window> read() {
    const auto errors_before = errors_.size();
    auto start = read_cron("start");
    auto end = read_end();
    auto zone = time_zone_named(text("timeZone"));
    if (!zone) refuse("timeZone", zone.error().message);
    auto exceptions = read_exceptions();
    if (errors_.size() > errors_before) return std::nullopt;
    start.exceptions = std::move(exceptions);
    Window window{.name = text("name"),
                  .start = std::move(start),
                  .end = std::move(end),
                  .zone = *std::move(zone),
                  .floor = number(from_.contains("nodes") ? "nodes" : "floor"),
                  .ceiling = number("ceiling"),
                  .pin = number("pin"),
                  .off = flag("off"),
                  .pre_warm = flag("preWarm")};
    if (auto fault = fault_of(window)) {
      refuse(field_of(fault->part), std::move(fault->problem), std::move(fault->remedy));
      return std::nullopt;
    }
    return window;
  }

 private:
  [[nodiscard]] std::string text(const char* name) const {
    return from_[name].get<std::string>();
  }
  [[nodiscard]] std::optional<std::int32_t> number(const char* name) const {
    if (!from_.contains(name)) return std::nullopt;
    return from_[name].get<std::int32_t>();
  }

  [[nodiscard]] bool flag(const char* name) const {
    return from_.contains(name) && from_[name].get<bool>();
  }

  static const char* field_of(Part part) {
    switch (part) {
      case Part::Start: return "start";
      case Part::End: return "end";
      case Part::Duration: return "durationSeconds";
      case Part::Exceptions: return "exceptions";
    }
    return "start";
  }

  void refuse(const std::string& field, std::string problem, std::string remedy = {}) {
    errors_.push_back({.path = fmt::format("{}.{}", path_, field),
                       .value = from_.contains(field) ? shown(from_[field]) : std::string(),
                       .problem = std::move(problem),
                       .remedy = std::move(remedy)});
  }

  Cron read_cron(const char* field) {
    auto cron = parse_cron(text(field));
    if (cron) return *std::move(cron);
    refuse(field, std::move(cron.error().message));
    return {};
  }

  std::variant<Cron, Seconds> read_end() {
    if (from_.contains("durationSeconds")) return Seconds(from_["durationSeconds"].get<int>());
    return read_cron("end");
  }

  std::vector<CalendarDate> read_exceptions() {
    std::vector<CalendarDate> dates;
    if (!from_.contains("exceptions")) return dates;
    for (std::size_t i = 0; i < from_["exceptions"].size(); ++i) {
      const auto date = date_of(from_["exceptions"][i].get_ref<const std::string&>());
      if (date) {
        dates.push_back(*date);
        continue;
      }
      errors_.push_back({.path = fmt::format("{}.exceptions[{}]", path_, i),
                         .value = shown(from_["exceptions"][i]),
                         .problem = "must be a date that exists",
                         .remedy = "correct it, or leave it out"});
    }
    return dates;
  }

  /// Of "2026-12-24" or "12-24".
  static std::optional<CalendarDate> date_of(std::string_view written) {
    const auto number_at = [&](std::size_t begin, std::size_t length) {
      int number = 0;
      std::from_chars(written.data() + begin, written.data() + begin + length, number);
      return number;
    };
    const auto monthly = written.size() - 5;
    CalendarDate date{
        .day = std::chrono::month(static_cast<unsigned>(number_at(monthly, 2))) /
               std::chrono::day(static_cast<unsigned>(number_at(monthly + 3, 2)))};
    if (monthly > 0) date.year = std::chrono::year(number_at(0, 4));
    const auto year = date.year.value_or(std::chrono::year(2000));  // has a 29 February
    if (!(year / date.day.month() / date.day.day()).ok()) return std::nullopt;
    return date;
  }

  const json& from_;
  std::string path_;
  std::vector<FieldError>& errors_;
};

Checked<std::vector<Window>> windows_from(const json& list, std::string_view path) {
  std::vector<Window> windows;
  std::vector<FieldError> errors;
  for (std::size_t i = 0; i < list.size() && errors.size() < field_errors_max; ++i)
    if (auto window = WindowReader(list[i], fmt::format("{}[{}]", path, i), errors).read())
      windows.push_back(*std::move(window));
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  return windows;
}

}  // namespace

Checked<std::vector<Window>> schedule_from(const json& schedule) {
  return windows_from(schedule, "spec.schedule");
}

Checked<std::vector<Window>> windows_of_nodes(const json& schedule) {
  return windows_from(schedule, "spec.warm.schedule");
}

}  // namespace poolscaler::api
