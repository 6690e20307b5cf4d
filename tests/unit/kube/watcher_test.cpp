// The watcher against scripted servers, in virtual time: one thread, no waiting.
#include "poolscaler/kube/watcher.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <set>

#include "support/virtual_clock.hpp"
#include "unit/kube/fake_transport.hpp"

namespace poolscaler::kube {
namespace {

using ::poolscaler::testing::VirtualClock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Keeps names; writes down what happened to it.
class RecordingSink final : public ChangeSink {
 public:
  void replace_begin() override { next_.clear(); }
  void replace_item(const nlohmann::json& object) override { next_.insert(name_of(object)); }
  void replace_end() override {
    names = next_;
    ++lists;
  }
  void upsert(const nlohmann::json& object) override { names.insert(name_of(object)); }
  void remove(const nlohmann::json& object) override { names.erase(name_of(object)); }
  void failing(const Error* error) override {
    failures.push_back(error ? std::string(poolscaler::name_of(error->kind)) : "fine");
  }

  std::set<std::string> names;
  int lists = 0;
  std::vector<std::string> failures;

 private:
  static std::string name_of(const nlohmann::json& object) { return object["metadata"]["name"]; }
  std::set<std::string> next_;
};

nlohmann::json pod(const std::string& name, const std::string& version = "1") {
  return {{"kind", "Pod"},
          {"apiVersion", "v1"},
          {"metadata", {{"name", name}, {"resourceVersion", version}}}};
}

nlohmann::json pod_list(const std::vector<std::string>& names, const std::string& version,
                        const std::string& token = {}) {
  nlohmann::json list{{"kind", "PodList"},
                      {"apiVersion", "v1"},
                      {"metadata", {{"resourceVersion", version}}},
                      {"items", nlohmann::json::array()}};
  if (!token.empty()) list["metadata"]["continue"] = token;
  for (const auto& name : names) list["items"].push_back({{"metadata", {{"name", name}}}});
  return list;
}

std::string event(const std::string& type, const nlohmann::json& object) {
  return nlohmann::json{{"type", type}, {"object", object}}.dump() + "\n";
}

std::string error_event(int code, const std::string& reason) {
  return event("ERROR", {{"kind", "Status"}, {"code", code}, {"reason", reason}});
}

std::string version_of(const HttpRequest& request) {
  const auto at = request.target.find("resourceVersion=");
  if (at == std::string::npos) return {};
  return request.target.substr(at + 16, request.target.find('&', at) - at - 16);
}

bool is_watch(const HttpRequest& request) {
  return request.target.find("watch=true") != std::string::npos;
}

class WatcherTest : public ::testing::Test {
 protected:
  using Stream = FakeTransport::Stream;

  WatcherTest() {
    transport.on_send = [this](const HttpRequest& request) { return take_list(request); };
    transport.on_stream = [this](const HttpRequest&) {
      if (streams.empty()) {
        stop.request_stop();
        return Stream{};
      }
      auto next = streams.front();
      streams.pop_front();
      return next;
    };
  }

  FakeTransport::Answer take_list(const HttpRequest&) {
    if (lists.empty()) {
      stop.request_stop();
      return fail(ErrorKind::Cancelled, "stopped");
    }
    auto next = lists.front();
    lists.pop_front();
    return next;
  }

  void run(WatchOptions options = {.resource = pods()}) {
    watcher = std::make_unique<Watcher>(client, clock, sink, options);
    watcher->run(stop.get_token());
  }

  /// A watch that ends in good order after five minutes.
  Stream orderly(std::vector<std::string> pieces) {
    return {.pieces = std::move(pieces), .before_end = [this] { clock.advance(Seconds(300)); }};
  }

  std::vector<std::string> watched_from() const {
    std::vector<std::string> versions;
    for (const auto& request : transport.sent())
      if (is_watch(request)) versions.push_back(version_of(request));
    return versions;
  }
  std::size_t lists_asked() const {
    std::size_t count = 0;
    for (const auto& request : transport.sent()) count += is_watch(request) ? 0u : 1u;
    return count;
  }

  VirtualClock clock;
  FakeTransport transport;
  std::unique_ptr<TokenSource> tokens = no_token();
  Client client{transport, *tokens, clock, {.get_attempts = 1}};
  RecordingSink sink;
  std::stop_source stop;
  std::deque<FakeTransport::Answer> lists;
  std::deque<Stream> streams;
  std::unique_ptr<Watcher> watcher;
};

TEST_F(WatcherTest, ListsInPagesAndReplacesOnce) {
  lists = {json_answer(pod_list({"a", "b"}, "10", "t1")), json_answer(pod_list({"c"}, "10"))};
  run();
  EXPECT_THAT(sink.names, ElementsAre("a", "b", "c"));
  EXPECT_EQ(sink.lists, 1);
  const auto sent = transport.sent();
  EXPECT_EQ(sent[0].target, "/api/v1/pods?limit=500");
  EXPECT_THAT(sent[1].target, HasSubstr("continue=t1"));
  EXPECT_TRUE(watcher->health().synced);
}

TEST_F(WatcherTest, NeverTakesAPartialListForDeletions) {
  lists = {json_answer(pod_list({"a", "b"}, "10")), json_answer(pod_list({"a"}, "20", "t")),
           fail(ErrorKind::Unavailable, "cut")};
  streams = {{.pieces = {error_event(410, "Expired")}}};
  run();
  EXPECT_THAT(sink.names, ElementsAre("a", "b"));
  EXPECT_EQ(sink.lists, 1);
}

TEST_F(WatcherTest, FollowsEventsAndResumesWhereItWas) {
  lists = {json_answer(pod_list({"a"}, "10"))};
  streams = {orderly({event("ADDED", pod("b", "11")), event("DELETED", pod("a", "12"))}),
             orderly({event("BOOKMARK", {{"kind", "Pod"},
                                         {"apiVersion", "v1"},
                                         {"metadata", {{"resourceVersion", "30"}}}})}),
             orderly({})};
  run();
  EXPECT_THAT(sink.names, ElementsAre("b"));
  EXPECT_THAT(watched_from(), ElementsAre("10", "12", "30", "30"));
  EXPECT_EQ(lists_asked(), 1u);
}

TEST_F(WatcherTest, AsksTheServerToEndWatchesWithinTenMinutes) {
  lists = {json_answer(pod_list({}, "10"))};
  for (int i = 0; i < 10; ++i) streams.push_back(orderly({}));
  run();
  std::set<int> timeouts;
  for (const auto& request : transport.sent()) {
    if (!is_watch(request)) continue;
    const auto at = request.target.find("timeoutSeconds=");
    timeouts.insert(std::stoi(request.target.substr(at + 15)));
    EXPECT_GT(request.deadline, Seconds(std::stoi(request.target.substr(at + 15))));
  }
  EXPECT_GE(*timeouts.begin(), 300);
  EXPECT_LE(*timeouts.rbegin(), 600);
  EXPECT_GT(timeouts.size(), 3u);
}

TEST_F(WatcherTest, ListsAgainWhenItsVersionIsGone) {
  for (const bool in_stream : {true, false}) {
    lists = {json_answer(pod_list({"a", "b"}, "10")), json_answer(pod_list({"b", "c"}, "90"))};
    streams = {Stream{}};
    if (in_stream)
      streams.front().pieces = {event("ADDED", pod("x", "11")), error_event(410, "Expired")};
    else
      streams.front().end = status_answer(410, "Expired", "too old");
    stop = std::stop_source();
    run();
    EXPECT_THAT(sink.names, ElementsAre("b", "c"));
    EXPECT_EQ(watched_from().back(), "90");
    EXPECT_THAT(sink.failures, IsEmpty());
  }
}

TEST_F(WatcherTest, ListsInOnePieceWhenALaterPageIsGone) {
  lists = {json_answer(pod_list({"a"}, "10", "t1")), status_answer(410, "Expired", "too old"),
           json_answer(pod_list({"a", "b"}, "20"))};
  run();
  EXPECT_THAT(sink.names, ElementsAre("a", "b"));
  EXPECT_EQ(transport.sent()[2].target, "/api/v1/pods");
}

TEST_F(WatcherTest, ResumesAfterACutWithoutAList) {
  lists = {json_answer(pod_list({"a"}, "10"))};
  streams = {{.pieces = {event("ADDED", pod("b", "11")), R"({"type":"ADDED","obj)"},
              .end = fail(ErrorKind::Unavailable, "the answer was cut")},
             {.pieces = {event("ADDED", pod("c", "12"))},
              .end = fail(ErrorKind::Unavailable, "the answer was cut")}};
  run();
  EXPECT_THAT(sink.names, ElementsAre("a", "b", "c"));
  EXPECT_THAT(watched_from(), ElementsAre("10", "11", "12"));
  EXPECT_EQ(lists_asked(), 1u);
}

TEST_F(WatcherTest, ListsAfterSeveralWatchesThatSayNothing) {
  lists = {json_answer(pod_list({"a"}, "10")), json_answer(pod_list({"a"}, "20"))};
  for (int i = 0; i < 3; ++i)
    streams.push_back({.end = status_answer(500, "InternalError", "strconv")});
  run();
  EXPECT_THAT(watched_from(), ElementsAre("10", "10", "10", "20"));
}

TEST_F(WatcherTest, TakesAVeryShortEmptyWatchForAnError) {
  lists = {json_answer(pod_list({"a"}, "10")), json_answer(pod_list({"a"}, "10"))};
  for (int i = 0; i < 3; ++i) streams.push_back({});
  const auto began = clock.monotonic();
  run();
  EXPECT_EQ(lists_asked(), 2u);
  EXPECT_GT(clock.monotonic() - began, Millis(800 + 1600 + 3200));
}

TEST_F(WatcherTest, ListsWhenAWatchIsSilentForTooLong) {
  lists = {json_answer(pod_list({"a"}, "1000")), json_answer(pod_list({"a"}, "20"))};
  streams = {{.end = fail(ErrorKind::Unavailable, "nothing was heard"),
              .before_end = [this] { clock.advance(Seconds(150)); }}};
  run();
  EXPECT_THAT(watched_from(), ElementsAre("1000", "20"));
}

TEST_F(WatcherTest, AsksADeadServerEverMoreSeldom) {
  int asked = 0;
  transport.on_send = [&](const HttpRequest&) {
    if (++asked == 100) stop.request_stop();
    return fail(ErrorKind::Unavailable, "could not connect");
  };
  const auto began = clock.monotonic();
  run();
  EXPECT_GT(clock.monotonic() - began, Seconds(90 * 30));
  EXPECT_THAT(sink.failures, ElementsAre("Unavailable"));
  EXPECT_FALSE(watcher->health().synced);
}

TEST_F(WatcherTest, ObeysTheServersRetryAfter) {
  auto throttled = status_answer(429, "TooManyRequests", "slow down");
  throttled.headers.push_back({"Retry-After", "40"});
  lists = {throttled, json_answer(pod_list({"a"}, "10"))};
  const auto began = clock.monotonic();
  run();
  EXPECT_GE(clock.monotonic() - began, Seconds(40));
}

TEST_F(WatcherTest, SaysOnceThatItFailsAndOnceThatItWorks) {
  lists = {status_answer(404, "NotFound", "the server could not find the requested resource"),
           status_answer(404, "NotFound", "the server could not find the requested resource"),
           status_answer(403, "Forbidden", "forbidden"), json_answer(pod_list({"a"}, "10"))};
  run();
  EXPECT_THAT(sink.failures, ElementsAre("NotFound", "Forbidden", "fine"));
  EXPECT_FALSE(watcher->health().error);
}

TEST_F(WatcherTest, NoticesAtOnceThatTheCollectionHasGoneAndThatItIsBack) {
  const auto gone = status_answer(404, "NotFound", "the server could not find the resource");
  lists = {json_answer(pod_list({"a"}, "10")), gone, json_answer(pod_list({"b"}, "20"))};
  streams = {{.end = fail(ErrorKind::NotFound, "the server could not find the resource")}};
  run();
  EXPECT_THAT(sink.failures, ElementsAre("NotFound", "fine"));
  EXPECT_THAT(sink.names, ElementsAre("b"));
}

TEST_F(WatcherTest, KeepsWhatItHasWhileTheServerFails) {
  lists = {json_answer(pod_list({"a"}, "10")), fail(ErrorKind::Unavailable, "could not connect"),
           status_answer(403, "Forbidden", "forbidden")};
  for (int i = 0; i < 3; ++i) streams.push_back({.end = fail(ErrorKind::Unavailable, "refused")});
  run();
  EXPECT_THAT(sink.names, ElementsAre("a"));
  EXPECT_THAT(sink.failures, ElementsAre("Unavailable", "Forbidden"));
}

TEST_F(WatcherTest, SkipsAndCountsWhatDoesNotBelong) {
  lists = {json_answer(pod_list({"a"}, "10"))};
  streams = {orderly({event("ADDED", {{"kind", "Table"}, {"apiVersion", "meta.k8s.io/v1"}}),
                      event("RENAMED", pod("x", "11")), event("ADDED", pod("b", "12"))})};
  run();
  EXPECT_THAT(sink.names, ElementsAre("a", "b"));
  EXPECT_EQ(watcher->health().skipped, 2u);
  EXPECT_EQ(watcher->health().events, 1u);
}

TEST_F(WatcherTest, LeavesAStreamThatItCannotUnderstand) {
  lists = {json_answer(pod_list({"a"}, "10"))};
  streams = {{.pieces = {event("ADDED", pod("b", "11")), "garbage\n", event("ADDED", pod("x"))}},
             orderly({event("ADDED", pod("c", "12"))})};
  run();
  EXPECT_THAT(sink.names, ElementsAre("a", "b", "c"));
  EXPECT_THAT(watched_from(), ElementsAre("10", "11", "12"));
}

TEST_F(WatcherTest, LeavesAStreamWithAnEventBeyondTheLimit) {
  lists = {json_answer(pod_list({"a"}, "10"))};
  streams = {{.pieces = std::vector<std::string>(20, std::string(60, 'x'))}, orderly({})};
  run({.resource = pods(), .event_bytes_max = 1000});
  EXPECT_THAT(watched_from(), ElementsAre("10", "10", "10"));
}

TEST_F(WatcherTest, NeverMovesItsVersionBack) {
  lists = {json_answer(pod_list({}, "10"))};
  streams = {orderly({event("ADDED", pod("b", "50")), event("BOOKMARK", pod("", "20"))})};
  run();
  EXPECT_EQ(watched_from().back(), "50");
}

TEST_F(WatcherTest, RefusesAListOfSomethingElse) {
  for (const auto& answer :
       {nlohmann::json{{"kind", "Pod"}, {"apiVersion", "v1"}},
        nlohmann::json{{"kind", "ServiceList"}, {"apiVersion", "apps/v1"}},
        nlohmann::json{{"kind", "PodList"}, {"apiVersion", "v1"}, {"items", 7}},
        nlohmann::json{{"kind", "PodList"}, {"apiVersion", "v1"}, {"metadata", nullptr}}}) {
    sink.failures.clear();
    lists = {json_answer(answer)};
    stop = std::stop_source();
    run();
    EXPECT_THAT(sink.failures, ElementsAre("Internal")) << answer;
    EXPECT_EQ(sink.lists, 0);
  }
}

TEST_F(WatcherTest, ListsNowAndThenAsABelt) {
  for (int i = 0; i < 3; ++i) lists.push_back(json_answer(pod_list({"a"}, "10")));
  for (int i = 0; i < 30; ++i) streams.push_back(orderly({}));
  run();
  // 31 watches of five minutes are a little more than two and a half hours.
  EXPECT_EQ(sink.lists, 3);
}

TEST_F(WatcherTest, SelectsByNamespaceAndLabel) {
  lists = {json_answer(pod_list({}, "10"))};
  run({.resource = pods(), .ns = "shop", .selection = {.label_selector = "app=web"}});
  for (const auto& request : transport.sent())
    EXPECT_THAT(request.target, ::testing::AllOf(HasSubstr("/api/v1/namespaces/shop/pods?"),
                                                 HasSubstr("labelSelector=app%3Dweb")));
}

TEST_F(WatcherTest, StopsDuringAPause) {
  transport.on_send = [&](const HttpRequest&) {
    stop.request_stop();
    return fail(ErrorKind::Unavailable, "could not connect");
  };
  run();
  EXPECT_EQ(transport.sent().size(), 1u);
}

}  // namespace
}  // namespace poolscaler::kube
