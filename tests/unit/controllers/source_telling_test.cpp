// What people are told of MetricSources and PriceCatalogs.
#include <gmock/gmock.h>

#include <algorithm>

#include "fake_world.hpp"

namespace poolscaler::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Telling : public ::testing::Test {
 protected:
  void answer() {
    world.reader.healths = {{.source = "prometheus", .answered_at = world.clock.monotonic()}};
  }
  /// Since now, unless it fails already.
  void refuse(const std::string& words = "HTTP 503: overloaded") {
    auto health = world.reader.healths.empty() ? SourceHealth{.source = "prometheus"}
                                               : world.reader.healths.front();
    if (!health.failing_since) health.failing_since = world.clock.monotonic();
    ++health.failures;
    health.last_failure = words;
    world.reader.healths = {health};
  }
  void refuse_for(Millis time) {
    for (Millis passed{0}; passed < time; passed += Seconds(15)) {
      refuse();
      world.run_for(Seconds(15), second);
    }
  }
  json ready() { return world.cluster->source_condition("prometheus"); }
  std::vector<EventNote> events(const std::string& kind) {
    std::vector<EventNote> out;
    for (const auto& event : world.cluster->events)
      if (event.regarding_kind == kind) out.push_back(event);
    return out;
  }
  std::size_t lines(const std::string& words) {
    return static_cast<std::size_t>(std::ranges::count_if(
        world.lines, [&](const auto& line) { return line.find(words) != std::string::npos; }));
  }
  FakeWorld world;
};

TEST_F(Telling, ASourceThatNobodyAsksIsValid) {
  world.run_for(5 * minute, second);
  EXPECT_EQ(ready()["status"], "True");
  EXPECT_EQ(ready()["reason"], "Accepted");
  EXPECT_EQ(world.cluster->source_status_writes, 1U);
  EXPECT_THAT(events("MetricSource"), IsEmpty());
}

TEST_F(Telling, AServerThatDoesNotAnswerIsToldOnceAndSoIsItsReturn) {
  answer();
  world.run_for(minute, second);
  refuse_for(5 * minute);
  EXPECT_EQ(ready()["status"], "False");
  EXPECT_EQ(ready()["reason"], "MetricSourceFailing");
  EXPECT_THAT(ready()["message"].get<std::string>(), HasSubstr("HTTP 503: overloaded"));
  EXPECT_EQ(world.cluster->source_status_writes, 2U);
  EXPECT_EQ(lines("metric source does not answer"), 1U);
  ASSERT_THAT(events("MetricSource"), SizeIs(1));
  EXPECT_TRUE(events("MetricSource")[0].warning);
  EXPECT_EQ(events("MetricSource")[0].reason, Reason::MetricSourceFailing);

  answer();
  world.run_for(10 * second, second);
  EXPECT_EQ(ready()["status"], "True");
  EXPECT_EQ(lines("metric source is well again"), 1U);
  ASSERT_THAT(events("MetricSource"), SizeIs(2));
  EXPECT_FALSE(events("MetricSource")[1].warning);
  EXPECT_EQ(world.cluster->source_status_writes, 3U);
}

TEST_F(Telling, OneFailureOrAShortOneIsNoVerdict) {
  answer();
  world.run_for(second);
  refuse();
  world.run_for(5 * minute, second);
  EXPECT_EQ(ready()["status"], "True") << "a single query, however long ago";
  answer();
  world.run_for(second);
  for (int i = 0; i < 20; ++i) {
    refuse();
    world.run_for(second, second);
  }
  EXPECT_EQ(ready()["status"], "True") << "many, but for 20 s alone";
}

TEST_F(Telling, AServerThatComesAndGoesIsNotWrittenAboutEachTime) {
  for (int i = 0; i < 20; ++i) {  // ten minutes
    answer();
    world.run_for(15 * second, second);
    refuse_for(15 * second);
  }
  EXPECT_EQ(world.cluster->source_status_writes, 1U);
  for (int i = 0; i < 10; ++i) {  // of 45 s each
    refuse_for(45 * second);
    answer();
  }
  EXPECT_LE(world.cluster->source_status_writes, 1U + 2U * 10U);
}

TEST_F(Telling, OtherWordsForTheSameFailureAreNoNews) {
  refuse_for(minute);
  const auto writes = world.cluster->source_status_writes;
  for (int i = 0; i < 30; ++i) {
    refuse("attempt " + std::to_string(i));
    world.run_for(10 * second, second);
  }
  EXPECT_EQ(world.cluster->source_status_writes, writes);
}

TEST_F(Telling, ASuccessorKeepsTheVerdictUntilItHasAsked) {
  refuse_for(minute);
  ASSERT_EQ(ready()["reason"], "MetricSourceFailing");
  const auto writes = world.cluster->source_status_writes;
  world.reader.healths.clear();
  world.restart();
  world.run_for(minute, second);
  EXPECT_EQ(ready()["reason"], "MetricSourceFailing");
  EXPECT_EQ(world.cluster->source_status_writes, writes);
  answer();
  world.run_for(10 * second, second);
  EXPECT_EQ(ready()["status"], "True");
}

TEST_F(Telling, AnotherSpecIsAnotherServer) {
  refuse_for(minute);
  ASSERT_EQ(ready()["status"], "False");
  world.reader.healths.clear();
  world.cluster->add_source("prometheus", {{"url", "http://other:9090"}});
  world.run_for(second);
  EXPECT_EQ(ready()["status"], "True");
}

TEST_F(Telling, AStatusThatCouldNotBeWrittenIsWrittenLater) {
  world.cluster->fail_next_status({ErrorKind::Unavailable, "no answer"});
  world.run_for(second);
  EXPECT_TRUE(ready().is_null());
  world.run_for(2 * minute, second);
  EXPECT_EQ(ready()["status"], "True");
  EXPECT_EQ(world.cluster->source_status_writes, 1U);
}

TEST_F(Telling, AFileThatMayNotBeReadIsToldAtOnce) {
  world.source_trouble = [](const MetricSource& source) -> std::optional<std::string> {
    if (source.ca_file.empty()) return std::nullopt;
    return "spec.caFile is '" + source.ca_file + "', must lie in '/etc/poolscaler'";
  };
  world.cluster->add_source("prometheus", {{"url", "https://p:9090"}, {"caFile", "/etc/shadow"}});
  world.run_for(second);
  EXPECT_EQ(ready()["status"], "False");
  EXPECT_EQ(ready()["reason"], "InvalidSpec");
  EXPECT_THAT(ready()["message"].get<std::string>(), HasSubstr("must lie in '/etc/poolscaler'"));
  EXPECT_EQ(lines("metric source has errors"), 1U);
  EXPECT_THAT(events("MetricSource"), SizeIs(1));
  answer();
  world.run_for(minute, second);
  EXPECT_EQ(ready()["status"], "False") << "that something answers does not allow it";
  world.cluster->add_source("prometheus", {{"url", "https://p:9090"}});
  world.run_for(second);
  EXPECT_EQ(ready()["status"], "True");
}

TEST_F(Telling, ACatalogThatCannotBeReadIsToldOnceWithOrWithoutAPool) {
  const json row = {{"provider", "aws"},
                    {"region", "us-east-1"},
                    {"instanceType", "p5.48xlarge"},
                    {"onDemand", "abc"}};
  const json broken = {{"asOf", "2026-01-01T00:00:00Z"}, {"rows", json::array({row})}};
  world.cluster->add_catalog("aws", broken);
  world.run_for(minute, second);
  ASSERT_THAT(events("PriceCatalog"), SizeIs(1));
  const auto event = events("PriceCatalog")[0];
  EXPECT_TRUE(event.warning);
  EXPECT_EQ(event.reason, Reason::InvalidSpec);
  EXPECT_EQ(event.regarding.name, "aws");
  EXPECT_THAT(event.note, HasSubstr("abc"));
  EXPECT_EQ(lines("price catalog has errors"), 1U);

  world.cluster->add_pool("h100", pool_spec(2, "3"));
  world.cluster->add_catalog("aws", broken);
  world.run_for(minute, second);
  EXPECT_EQ(lines("price catalog has errors"), 1U) << "the same errors";
  world.cluster->delete_catalog("aws");
  world.run_for(second);
  world.cluster->add_catalog("aws", broken);
  world.run_for(second);
  EXPECT_EQ(lines("price catalog has errors"), 2U) << "it is another one";
}

}  // namespace
}  // namespace poolscaler::testing
