// What is said of MetricSources and PriceCatalogs: what is wrong with their words, and whether the
// server behind a source answers. A verdict about a server is given late and kept for a while, so
// that one which comes and goes is not written about each time.

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "steps.hpp"

namespace poolscaler::controllers {
namespace {

constexpr Millis look_period{5'000};
/// Without an answer for so long, and by more than one failure, a source is said to fail.
constexpr Seconds patience{30};
constexpr unsigned failures_min = 2;
/// A verdict stays for so long.
constexpr Millis verdict_min{30'000};
/// A status that was written and is not seen is written again after this.
constexpr Millis tell_again{60'000};
constexpr std::size_t source_words_max = 1024;

struct SourceVerdict {
  Reason reason;
  std::string message;
};

SourceVerdict verdict_on(const SourceRecord& source, const SourceStanding& standing) {
  if (!source.spec) return {Reason::InvalidSpec, source.errors};
  if (standing.trouble) return {Reason::InvalidSpec, *standing.trouble};
  if (standing.failing)
    return {Reason::MetricSourceFailing,
            fmt::format("no query has been answered for {} s; the last failure: {}",
                        patience.count(), standing.words)};
  return {Reason::Accepted, "the source is valid"};
}

bool is_told(const SourceRecord& source, Reason reason) {
  return source.ready && source.ready->reason == reason &&
         source.observed_generation == source.generation;
}

EventNote note_on(std::string kind, const std::string& name, const std::string& uid, Reason reason,
                  std::string text) {
  return {.regarding_api_version = std::string(api::api_version),
          .regarding_kind = std::move(kind),
          .regarding = {.ns = {}, .name = name},
          .regarding_uid = uid,
          .warning = reason != Reason::Accepted,
          .reason = reason,
          .action = "Read",
          .note = std::move(text)};
}

/// What the answers of a source come to.
void judge(const SourceHealth& health, SourceStanding& standing, Millis now) {
  const bool fails = health.failing_since && health.failures >= failures_min &&
                     now - *health.failing_since >= patience;
  const bool answers = health.answered_at &&
                       (!standing.judged_at || *health.answered_at >= *standing.judged_at);
  standing.heard = standing.heard || health.answered_at || fails;
  if (fails) standing.words = health.last_failure;
  if (fails == standing.failing || (!fails && !answers)) return;
  if (standing.judged_at && now - *standing.judged_at < verdict_min) return;
  standing.failing = fails;
  standing.judged_at = now;
}

}  // namespace

void Rounds::Steps::take_sources() {
  std::vector<MetricSource> usable;
  std::map<std::string, SourceStanding> standings;
  for (const auto& source : parts_.state.source_records()) {
    auto& standing = standings[source.name];
    if (const auto known = standings_.find(source.name);
        known != standings_.end() && known->second.uid == source.uid) {
      if (known->second.generation == source.generation)
        standing = std::move(known->second);
      else
        standing.logged = known->second.logged;
    }
    standing.uid = source.uid;
    standing.generation = source.generation;
    standing.trouble =
        source.spec && parts_.source_trouble ? parts_.source_trouble(*source.spec) : std::nullopt;
    if (source.spec) usable.push_back(*source.spec);
    tell_source(source, standing);
  }
  standings_ = std::move(standings);
  parts_.reader.use_sources(std::move(usable));
  for (auto& [sources, lane] : zero_lanes_) lane.changed = true;
}

void Rounds::Steps::look_at_sources() {
  const auto now = parts_.clock.monotonic();
  if (now < next_look_at_sources_) return;
  next_look_at_sources_ = now + look_period;
  for (const auto& health : parts_.reader.health())
    if (const auto found = standings_.find(health.source); found != standings_.end())
      judge(health, found->second, now);
  for (const auto& source : parts_.state.source_records())
    if (const auto found = standings_.find(source.name);
        found != standings_.end() && found->second.generation == source.generation)
      tell_source(source, found->second);
}

void Rounds::Steps::tell_source(const SourceRecord& source, SourceStanding& standing) {
  const auto [reason, message] = verdict_on(source, standing);
  const bool good = reason == Reason::Accepted;
  // A predecessor knows better, until the source has been asked.
  if (good && !standing.heard && is_told(source, Reason::MetricSourceFailing)) return;
  const std::pair said(reason, source.generation);
  const auto logged = std::exchange(standing.logged, said);
  if (!good && logged != said)
    parts_.log.warning(reason == Reason::InvalidSpec ? "metric source has errors"
                                                     : "metric source does not answer",
                       {{"source", source.name}, {"error", message}});
  else if (good && logged && logged->first != Reason::Accepted)
    parts_.log.info("metric source is well again", {{"source", source.name}});
  if (is_told(source, reason)) return;
  const auto now = parts_.clock.monotonic();
  const bool again = standing.sent == said;
  if (again && now - standing.sent_at < tell_again) return;
  standing.sent = said;
  standing.sent_at = now;
  const auto status = good ? api::ConditionStatus::True : api::ConditionStatus::False;
  const bool kept = source.ready && source.ready->status == status;
  const api::Condition ready{
      .type = "Ready",
      .status = status,
      .reason = reason,
      .message = capped(escaped(message), source_words_max),
      .observed_generation = source.generation,
      .last_transition = kept ? source.ready->last_transition : parts_.clock.now()};
  parts_.writes.put_status(
      {.what = WriteSlot::What::SourceStatus, .key = {.ns = {}, .name = source.name}},
      {.plural = "metricsources",
       .key = {.ns = {}, .name = source.name},
       .uid = source.uid,
       .status_json = api::render_source_status(source.generation, {ready})});
  const bool news = !good || (source.ready && !kept);
  if (news && !again) note(note_on("MetricSource", source.name, source.uid, reason, ready.message));
}

/// They have no status: what is wrong with one is told by an event and a line.
void Rounds::Steps::take_catalogs() {
  std::map<std::string, std::pair<std::string, std::string>> wrong;  // by name: uid and errors
  for (const auto& catalog : parts_.state.catalog_records()) {
    const auto known = wrong_catalogs_.find(catalog->name);
    if (catalog->spec != nullptr) {
      if (known != wrong_catalogs_.end())
        parts_.log.info("price catalog is valid again", {{"catalog", catalog->name}});
      continue;
    }
    auto& slot = wrong[catalog->name] = {catalog->uid, catalog->errors};
    if (known != wrong_catalogs_.end() && known->second == slot) continue;
    parts_.log.warning("price catalog has errors, so none of its prices counts",
                       {{"catalog", catalog->name}, {"error", catalog->errors}});
    note(note_on("PriceCatalog", catalog->name, catalog->uid, Reason::InvalidSpec,
                 "none of its prices counts: " + catalog->errors));
  }
  wrong_catalogs_ = std::move(wrong);
}

}  // namespace poolscaler::controllers
