#include "event_series.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "event_body.hpp"

namespace poolscaler::kube {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

EventNote note_of(const std::string& name, Reason reason = Reason::SignalAboveTarget) {
  return {.regarding_api_version = "poolscaler.dev/v1alpha1",
          .regarding_kind = "ScalingPolicy",
          .regarding = {.ns = "shop", .name = name},
          .regarding_uid = "u-" + name,
          .reason = reason,
          .action = "Scale",
          .note = "2 to 3"};
}

constexpr Millis minute = std::chrono::minutes(1);
const Instant start{Millis(1'790'000'000'000)};

TEST(EventSeries, TellsTheFirstTheSecondAndThenSumsUp) {
  EventSeries series;
  EXPECT_THAT(series.note(note_of("a"), start, Millis(0)).create, SizeIs(1));
  const auto second = series.note(note_of("a"), start + minute, minute);
  ASSERT_THAT(second.update, SizeIs(1));
  EXPECT_EQ(second.update[0].count, 2);
  EXPECT_EQ(second.update[0].last, start + minute);
  for (int i = 0; i < 50; ++i) {
    const auto further = series.note(note_of("a"), start + minute, minute + Millis(i));
    EXPECT_THAT(further.create, IsEmpty());
    EXPECT_THAT(further.update, IsEmpty());
  }
  EXPECT_THAT(series.pass(minute * 3).update, IsEmpty());
  const auto end = series.pass(minute * 8);
  ASSERT_THAT(end.update, SizeIs(1));
  EXPECT_EQ(end.update[0].count, 52);
  EXPECT_EQ(series.size(), 0u);
}

TEST(EventSeries, TellsALongOneEveryHalfHour) {
  EventSeries series;
  int told = 0;
  for (int i = 0; i < 180; ++i) {
    const auto due = series.note(note_of("a"), start, minute * i);
    told += static_cast<int>(due.create.size() + due.update.size());
    told += static_cast<int>(series.pass(minute * i).update.size());
  }
  EXPECT_GE(told, 6);
  EXPECT_LE(told, 9);
}

TEST(EventSeries, IsANewOneAfterSixQuietMinutes) {
  EventSeries series;
  (void)series.note(note_of("a"), start, Millis(0));
  EXPECT_THAT(series.pass(minute * 7).update, IsEmpty());
  EXPECT_THAT(series.note(note_of("a"), start, minute * 7).create, SizeIs(1));
}

TEST(EventSeries, KeepsDifferentThingsApart) {
  EventSeries series;
  EXPECT_THAT(series.note(note_of("a"), start, Millis(0)).create, SizeIs(1));
  EXPECT_THAT(series.note(note_of("b"), start, Millis(0)).create, SizeIs(1));
  EXPECT_THAT(series.note(note_of("a", Reason::IdleToZero), start, Millis(0)).create, SizeIs(1));
  auto other_note = note_of("a");
  other_note.note = "3 to 4";
  EXPECT_THAT(series.note(other_note, start, Millis(0)).update, SizeIs(1));
}

TEST(EventSeries, KeepsApartWhatIsAboutDifferentThings) {
  EventSeries series;
  auto half = note_of("a", Reason::BudgetThreshold);
  half.about = "day 50";
  auto more = half;
  more.about = "day 80";
  const auto first = series.note(half, start, Millis(0));
  const auto second = series.note(more, start, Millis(0));
  ASSERT_THAT(first.create, SizeIs(1));
  ASSERT_THAT(second.create, SizeIs(1));
  EXPECT_NE(first.create[0].name, second.create[0].name);
  EXPECT_THAT(series.note(half, start, Millis(1)).update, SizeIs(1));
  series.forget(more);
  EXPECT_THAT(series.note(more, start, Millis(2)).create, SizeIs(1));
}

TEST(EventSeries, IsBounded) {
  EventSeries series;
  for (int i = 0; i < 5000; ++i)
    (void)series.note(note_of("p" + std::to_string(i)), start, Millis(i));
  EXPECT_EQ(series.size(), EventSeries::series_max);
}

TEST(EventBody, KeepsTheServersLimits) {
  auto note = note_of(std::string(253, 'n'));
  note.note = std::string(5000, 'x');
  note.warning = true;
  const auto request =
      event_create_request({.name = "e", .note = note, .at = start},
                           {.controller = "poolscaler.dev/operator", .instance = "pod"});
  EXPECT_EQ(request.path, "/apis/events.k8s.io/v1/namespaces/shop/events");
  const auto body = nlohmann::json::parse(request.body);
  EXPECT_EQ(body["note"].get<std::string>().size(), 1024u);
  EXPECT_EQ(body["type"], "Warning");
  EXPECT_EQ(body["reason"], "SignalAboveTarget");
  EXPECT_EQ(body["regarding"]["namespace"], "shop");
  EXPECT_FALSE(body.contains("series"));
}

TEST(EventBody, OfAClusterScopedObjectLiesInDefault) {
  auto note = note_of("source");
  note.regarding.ns = "";
  const auto request = event_create_request({.name = "e", .note = note, .at = start},
                                            {.controller = "c", .instance = "i"});
  EXPECT_EQ(request.path, "/apis/events.k8s.io/v1/namespaces/default/events");
  EXPECT_FALSE(nlohmann::json::parse(request.body)["regarding"].contains("namespace"));
}

TEST(EventBody, SurvivesANoteThatIsNoUtf8) {
  auto note = note_of("a");
  note.note = "\xff\xfe";
  (void)event_create_request({.name = "e", .note = note, .at = start},
                             {.controller = "c", .instance = "i"});
}

}  // namespace
}  // namespace poolscaler::kube
