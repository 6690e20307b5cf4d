// The verdict of the story: told only as it should be told.
#include "poolscaler/simulation/story.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace poolscaler::simulation {
namespace {

SandboxView at(int seconds) { return {.since_start = Seconds(seconds)}; }

struct Scene {
  int second;
  double arriving;
  double waiting;
  int asked;
  int ready;
  bool load_ended = false;
};

SandboxView view_of(const Scene& scene) {
  auto view = at(scene.second);
  view.arriving_per_second = scene.arriving;
  view.waiting = scene.waiting;
  view.asked = scene.asked;
  view.pods = scene.asked;
  view.ready = scene.ready;
  view.load_ended = scene.load_ended;
  // A node as long as there are replicas, and no money for a second one.
  view.nodes_asked = view.nodes = view.nodes_ready = scene.asked > 0 ? 1 : 0;
  view.capped = scene.asked > 1;
  view.wanted = view.capped ? 4 : scene.asked;
  view.hourly = HourlyRate::of(98'320'000'000) * view.nodes;
  view.cap = HourlyRate::of(120'000'000'000);
  view.spent = Amount::of(1'640'000'000);
  return view;
}

Story told(const std::vector<Scene>& scenes, Millis limit = Seconds(150)) {
  Story story(limit);
  for (const auto& scene : scenes) story.observe(view_of(scene));
  return story;
}

const std::vector<Scene> as_it_should_be = {
    {.second = 0, .arriving = 0, .waiting = 0, .asked = 0, .ready = 0},
    {.second = 4, .arriving = 8, .waiting = 1, .asked = 0, .ready = 0},
    {.second = 5, .arriving = 8, .waiting = 9, .asked = 1, .ready = 0},
    {.second = 12, .arriving = 8, .waiting = 60, .asked = 4, .ready = 3},
    {.second = 18, .arriving = 8, .waiting = 40, .asked = 4, .ready = 4},
    {.second = 20, .arriving = 0, .waiting = 30, .asked = 4, .ready = 4},
    {.second = 28, .arriving = 0, .waiting = 0, .asked = 1, .ready = 1},
    {.second = 31, .arriving = 14, .waiting = 14, .asked = 1, .ready = 1},
    {.second = 40, .arriving = 14, .waiting = 90, .asked = 5, .ready = 5},
    {.second = 44, .arriving = 0, .waiting = 80, .asked = 5, .ready = 5, .load_ended = true},
    {.second = 55, .arriving = 0, .waiting = 0, .asked = 1, .ready = 1, .load_ended = true},
    {.second = 65, .arriving = 0, .waiting = 0, .asked = 0, .ready = 0, .load_ended = true},
};

std::vector<Scene> up_to(int second) {
  std::vector<Scene> scenes;
  for (const auto& scene : as_it_should_be)
    if (scene.second <= second) scenes.push_back(scene);
  return scenes;
}

TEST(Story, IsToldWhenEveryChapterComesTrue) {
  const auto story = told(as_it_should_be);
  EXPECT_TRUE(story.ended());
  EXPECT_TRUE(story.as_told());
  EXPECT_EQ(story.breach(), "");
  const auto& chapters = story.chapters();
  ASSERT_EQ(chapters.size(), 10U);
  EXPECT_EQ(chapters[0].at, Millis(4000));
  EXPECT_EQ(chapters[0].seen, "8 requests a second arrive");
  EXPECT_EQ(chapters[1].seen, "0 -> 1, 1.0 s after the first request");
  EXPECT_EQ(chapters[2].seen, "1 node asked for, 0.0 s after it woke");
  EXPECT_EQ(chapters[3].seen, "1 of 2 nodes, at most 120.00 $/h");
  EXPECT_EQ(chapters[4].seen, "3 of 4, 7.0 s after it woke");
  EXPECT_EQ(chapters[5].seen, "from 60 waiting down to 40");
  EXPECT_EQ(chapters[6].seen, "still 1 replica after a pause of 11.0 s");
  EXPECT_EQ(chapters[7].seen, "80 waiting, 5 of 5 pods ready");
  EXPECT_EQ(chapters[8].seen, "1 -> 0, 21.0 s after the last request");
  EXPECT_EQ(chapters[9].seen, "1 -> 0, 0.0 s after the last pod");
  EXPECT_EQ(chapters[9].at, Millis(65'000));
}

TEST(Story, HasNotEndedBeforeItsLastChapter) {
  const auto story = told(up_to(55));
  EXPECT_FALSE(story.ended());
  EXPECT_FALSE(story.as_told());
  EXPECT_NE(story.summary().find("it was ended after 0:55.0"), std::string::npos)
      << story.summary();
}

TEST(Story, SummarisesWhatWasToldWithin80Columns) {
  const auto text = told(as_it_should_be).summary();
  EXPECT_NE(text.find("   0:05.0  it wakes from zero        0 -> 1, 1.0 s after"), text.npos)
      << text;
  EXPECT_NE(text.find("At most 90 requests waited; it asked for at most 5 replicas."), text.npos)
      << text;
  EXPECT_NE(text.find("Its nodes cost 1.64 $, at most 98.32 $ an hour."), text.npos) << text;
  EXPECT_TRUE(text.ends_with("  The story went as told, in 1:05.0.\n")) << text;
  for (std::size_t from = 0; from < text.size();) {
    const auto end = text.find('\n', from);
    EXPECT_LE(end - from, 80U);
    from = end + 1;
  }
}

TEST(Story, FailsWhenTheTargetNeverWakes) {
  auto story = told({{.second = 4, .arriving = 8, .waiting = 1, .asked = 0, .ready = 0},
                     {.second = 44,
                      .arriving = 0,
                      .waiting = 300,
                      .asked = 0,
                      .ready = 0,
                      .load_ended = true},
                     {.second = 150,
                      .arriving = 0,
                      .waiting = 300,
                      .asked = 0,
                      .ready = 0,
                      .load_ended = true}});
  EXPECT_FALSE(story.ended()) << "exactly at the limit it may still come true";
  story.observe(at(151));
  EXPECT_TRUE(story.ended());
  EXPECT_FALSE(story.as_told());
  EXPECT_EQ(story.breach(), "'it wakes from zero' had not come true after 2:30.0");
  EXPECT_NE(story.summary().find("back to zero              did not come true"),
            std::string::npos)
      << story.summary();
}

TEST(Story, FailsWhenThePauseTakesItToZero) {
  auto scenes = up_to(20);
  scenes.push_back({.second = 29, .arriving = 0, .waiting = 0, .asked = 0, .ready = 0});
  auto story = told(scenes);
  EXPECT_TRUE(story.ended());
  EXPECT_FALSE(story.as_told());
  EXPECT_EQ(story.breach(), "it went to zero in the pause, 9.0 s after the load paused");
  for (const auto& scene : as_it_should_be) story.observe(view_of(scene));
  EXPECT_FALSE(story.as_told()) << "what is broken stays broken";
}

TEST(Story, FailsWhenItGoesToZeroUnderLoadOrWithAQueue) {
  auto scenes = up_to(18);
  scenes.push_back({.second = 19, .arriving = 8, .waiting = 0, .asked = 0, .ready = 0});
  EXPECT_EQ(told(scenes).breach(), "it went to zero while 8 requests a second arrived");

  scenes = up_to(44);
  scenes.push_back(
      {.second = 45, .arriving = 0, .waiting = 70.5, .asked = 0, .ready = 0, .load_ended = true});
  EXPECT_EQ(told(scenes).breach(), "it went to zero with 71 requests waiting");
}

TEST(Story, FailsWhenThereAreReplicasBeforeTheFirstRequest) {
  EXPECT_EQ(told({{.second = 1, .arriving = 0, .waiting = 0, .asked = 2, .ready = 0}}).breach(),
            "it had 2 replicas before the first request");
}

TEST(Story, NeedsItsChaptersInOrder) {
  // Everything but a second pod: what comes later cannot come true without it.
  auto scenes = as_it_should_be;
  for (auto& scene : scenes) scene.ready = std::min(scene.ready, 1);
  const auto story = told(scenes, Seconds(60));
  EXPECT_EQ(story.breach(), "'pods become ready' had not come true after 1:00.0");
  EXPECT_FALSE(story.chapters()[7].at);
}

TEST(Story, FailsWhenItGoesPastTheCap) {
  auto story = told(up_to(12));
  auto view = view_of(as_it_should_be[4]);
  view.nodes_asked = view.nodes = 2;
  view.hourly = view.hourly * 2;
  story.observe(view);
  EXPECT_EQ(story.breach(), "its nodes cost 196.64 an hour, past the cap of 120.00");
}

TEST(Story, FailsWhenANodeGoesWithPodsOnIt) {
  auto story = told(up_to(18));
  auto view = view_of(as_it_should_be[5]);
  view.nodes = 0;
  story.observe(view);
  EXPECT_EQ(story.breach(), "a node went while there were 4 pods");
}

TEST(Story, FailsWhenThereIsANodeBeforeTheFirstRequest) {
  auto view = at(1);
  view.nodes_asked = 1;
  Story story;
  story.observe(view);
  EXPECT_EQ(story.breach(), "it had 1 node before the first request");
}

TEST(Story, WaitsUntilTheNodeIsGone) {
  auto story = told(up_to(55));
  auto view = view_of(as_it_should_be.back());
  view.nodes = 1;
  story.observe(view);
  EXPECT_FALSE(story.ended());
  view.since_start += Seconds(8);
  view.nodes = 0;
  story.observe(view);
  EXPECT_TRUE(story.as_told());
  EXPECT_EQ(story.chapters().back().seen, "1 -> 0, 8.0 s after the last pod");
}

TEST(Story, LetsALateChapterCatchUp) {
  // A slow machine: pods are ready only after the pause. The pause counts all the same.
  auto scenes = as_it_should_be;
  for (auto& scene : scenes)
    if (scene.second < 40) scene.ready = 0;
  EXPECT_TRUE(told(scenes).as_told());
}

TEST(Story, WaitsUntilThePodsAreGone) {
  auto scenes = up_to(55);
  Story story = told(scenes);
  auto view = view_of(
      {.second = 65, .arriving = 0, .waiting = 0, .asked = 0, .ready = 1, .load_ended = true});
  story.observe(view);
  EXPECT_FALSE(story.ended());
  view.ready = 0;
  story.observe(view);
  EXPECT_TRUE(story.as_told());
}

}  // namespace
}  // namespace poolscaler::simulation
