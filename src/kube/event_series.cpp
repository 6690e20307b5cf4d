#include "event_series.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"

namespace poolscaler::kube {
namespace {

constexpr Millis quiet = std::chrono::minutes(6);
constexpr Millis refresh = std::chrono::minutes(30);

/// Unique for one object: its name, the moment, and what was said.
std::string event_name(const EventNote& note, const std::string& key, Instant at) {
  constexpr std::size_t name_bytes_max = 200;
  return fmt::format("{}.{:x}{:08x}", note.regarding.name.substr(0, name_bytes_max),
                     at.time_since_epoch().count(), stable_hash(key) & 0xFFFFFFFFU);
}

}  // namespace

std::string event_namespace(const EventNote& note) {
  return note.regarding.ns.empty() ? "default" : note.regarding.ns;
}

std::string EventSeries::key_of(const EventNote& note) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", note.regarding_api_version,
                     note.regarding_kind, note.regarding.ns, note.regarding.name,
                     note.regarding_uid, note.warning, name_of(note.reason), note.action,
                     note.about);
}

EventToUpdate EventSeries::update_of(Series& series, Millis now) {
  series.told = series.count;
  series.told_at = now;
  return {.name = series.name,
          .ns = event_namespace(series.note),
          .count = series.count,
          .last = series.last,
          .note = series.note};
}

EventSeries::Due EventSeries::note(EventNote note, Instant at, Millis now) {
  Due due;
  const auto key = key_of(note);
  if (const auto found = series_.find(key); found != series_.end()) {
    auto& series = found->second;
    series.count = std::min(series.count, std::numeric_limits<std::int32_t>::max() - 1) + 1;
    series.last = at;
    series.heard = now;
    if (series.count == 2) due.update.push_back(update_of(series, now));
    return due;
  }
  if (series_.size() >= series_max) drop_oldest();
  Series series{.name = event_name(note, key, at), .note = note};
  series.last = at;
  series.heard = now;
  series.told_at = now;
  due.create.push_back({.name = series.name, .note = std::move(note), .at = at});
  series_.emplace(key, std::move(series));
  return due;
}

EventSeries::Due EventSeries::pass(Millis now) {
  Due due;
  for (auto entry = series_.begin(); entry != series_.end();) {
    auto& series = entry->second;
    const bool over = now - series.heard >= quiet;
    if (series.count != series.told && (over || now - series.told_at >= refresh))
      due.update.push_back(update_of(series, now));
    entry = over ? series_.erase(entry) : std::next(entry);
  }
  return due;
}

void EventSeries::forget(const EventNote& note) { series_.erase(key_of(note)); }

void EventSeries::drop_oldest() {
  series_.erase(std::ranges::min_element(
      series_, {}, [](const auto& entry) { return entry.second.heard; }));
}

}  // namespace poolscaler::kube
