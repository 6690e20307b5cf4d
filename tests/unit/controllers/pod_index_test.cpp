#include "pod_index.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace poolscaler::controllers {
namespace {

Instant at(int seconds) { return Instant(Seconds(seconds)); }

Selector app(const std::string& name) {
  return Selector({{.key = "app", .op = SelectorOperator::In, .values = {name}}});
}

TEST(PodIndex, TellsReadyStartingAndUnschedulableApart) {
  PodIndex pods;
  pods.put({"shop", "a"}, {{{"app", "web"}}, PodState::Ready, at(10)});
  pods.put({"shop", "b"}, {{{"app", "web"}}, PodState::Starting, at(30)});
  pods.put({"shop", "c"}, {{{"app", "web"}}, PodState::Unschedulable, at(50)});
  pods.put({"shop", "d"}, {{{"app", "api"}}, PodState::Ready, at(60)});
  pods.put({"other", "a"}, {{{"app", "web"}}, PodState::Ready, at(70)});
  const auto counts = pods.count("shop", app("web"));
  EXPECT_EQ(counts.ready, 1);
  EXPECT_EQ(counts.starting, 1);
  EXPECT_EQ(counts.unschedulable, 1);
  EXPECT_EQ(counts.youngest, at(30));
}

TEST(PodIndex, KnowsTheLatestThatBecameReadyAndThoseThatFail) {
  PodIndex pods;
  const Labels web{{"app", "web"}};
  pods.put({"shop", "a"}, {web, PodState::Ready, at(10), at(40)});
  pods.put({"shop", "b"}, {web, PodState::Ready, at(20), at(30)});
  pods.put({"shop", "c"}, {web, PodState::Ready, at(90)});
  pods.put({"shop", "d"}, {web, PodState::Starting, at(50), {}, true});
  pods.put({"shop", "e"}, {web, PodState::Starting, at(50)});
  const auto counts = pods.count("shop", app("web"));
  EXPECT_EQ(counts.latest_ready, at(40));
  EXPECT_EQ(counts.restarting, 1);
  pods.erase({"shop", "a"});
  pods.erase({"shop", "b"});
  EXPECT_EQ(pods.count("shop", app("web")).latest_ready, std::nullopt) << "not known of c";
}

TEST(PodIndex, FollowsLabelsThatChange) {
  PodIndex pods;
  pods.put({"shop", "a"}, {{{"app", "web"}}, PodState::Ready, at(10)});
  pods.put({"shop", "a"}, {{{"app", "api"}}, PodState::Ready, at(10)});
  EXPECT_EQ(pods.count("shop", app("web")).ready, 0);
  EXPECT_EQ(pods.count("shop", app("api")).ready, 1);
  pods.erase({"shop", "a"});
  EXPECT_EQ(pods.count("shop", app("api")).ready, 0);
  EXPECT_EQ(pods.size(), 0U);
}

TEST(PodIndex, SelectsWithoutAnEqualityToo) {
  PodIndex pods;
  pods.put({"shop", "a"}, {{{"app", "web"}}, PodState::Ready, at(10)});
  pods.put({"shop", "b"}, {{}, PodState::Ready, at(10)});
  EXPECT_EQ(pods.count("shop", Selector({{.key = "app", .op = SelectorOperator::Exists}})).ready,
            1);
  EXPECT_EQ(pods.count("shop", Selector()).ready, 0);
}

RC_GTEST_PROP(PodIndexLaws, CountsWhatAPlainScanCounts, ()) {
  PodIndex pods;
  std::map<ObjectKey, PodRecord> plain;
  const auto steps = *rc::gen::inRange(1, 80);
  for (int i = 0; i < steps; ++i) {
    const ObjectKey key{*rc::gen::element<std::string>("n1", "n2"),
                        "p" + std::to_string(*rc::gen::inRange(0, 12))};
    if (*rc::gen::inRange(0, 4) == 0) {
      pods.erase(key);
      plain.erase(key);
      continue;
    }
    PodRecord record{.labels = {{"app", *rc::gen::element<std::string>("web", "api")}},
                     .state = *rc::gen::element(PodState::Ready, PodState::Starting,
                                                PodState::Unschedulable),
                     .created = at(*rc::gen::inRange(0, 100))};
    if (*rc::gen::arbitrary<bool>()) record.labels["tier"] = "x";
    pods.put(key, record);
    plain[key] = record;
  }
  for (const auto* text : {"app=web", "app=api,tier=x", "tier", "!tier", "app in (web,api)"}) {
    const auto selector = *parse_selector(text);
    PodCounts expected;
    for (const auto& [key, record] : plain) {
      if (key.ns != "n1" || !selector.matches(record.labels)) continue;
      if (record.state == PodState::Unschedulable) {
        ++expected.unschedulable;
        continue;
      }
      ++(record.state == PodState::Ready ? expected.ready : expected.starting);
      expected.youngest = std::max(expected.youngest.value_or(record.created), record.created);
    }
    const auto counted = pods.count("n1", selector);
    RC_ASSERT(counted.ready == expected.ready);
    RC_ASSERT(counted.starting == expected.starting);
    RC_ASSERT(counted.unschedulable == expected.unschedulable);
    RC_ASSERT(counted.youngest == expected.youngest);
  }
  RC_ASSERT(pods.size() == plain.size());
}

}  // namespace
}  // namespace poolscaler::controllers
