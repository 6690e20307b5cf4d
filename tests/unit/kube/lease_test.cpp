// The lease against a small API server in memory, in virtual time. A rival is played by the test:
// it follows the same rules, with its own view of when the Lease last changed.
#include "poolscaler/kube/lease.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "poolscaler/base/check.hpp"
#include "unit/kube/fake_transport.hpp"

namespace poolscaler::kube {
namespace {

using ::testing::HasSubstr;

/// Time passes in steps of 100 ms, and the test may look on at each.
class SteppingClock final : public Clock {
 public:
  Instant now() const override { return Instant(Millis(1'790'000'000'000)) + wall_skew + time_; }
  Millis monotonic() const override { return time_; }
  bool sleep_for(Millis duration, std::stop_token stop) const override {
    const auto until = time_ + duration;
    while (time_ < until && !stop.stop_requested()) step(std::min(Millis(100), until - time_));
    return !stop.stop_requested();
  }
  void step(Millis by) const {
    time_ += by;
    if (on_step) on_step();
  }
  std::function<void()> on_step;
  mutable Millis wall_skew{0};

 private:
  mutable Millis time_{5'000};
};

/// One Lease with versions and conflicts.
class LeaseServer {
 public:
  FakeTransport::Answer answer(const HttpRequest& request) {
    if (request.method == HttpMethod::Get)
      return lease.is_null() ? status_answer(404, "NotFound", "not found") : json_answer(lease);
    const auto body = nlohmann::json::parse(request.body);
    if (request.method == HttpMethod::Post) {
      if (!lease.is_null()) return status_answer(409, "AlreadyExists", "exists");
      return store(body);
    }
    if (lease.is_null()) return status_answer(404, "NotFound", "not found");
    if (body["metadata"]["resourceVersion"] != lease["metadata"]["resourceVersion"])
      return status_answer(409, "Conflict", "the object has been modified");
    return store(body);
  }

  FakeTransport::Answer store(nlohmann::json body) {
    body["metadata"]["resourceVersion"] = std::to_string(++version_);
    body["metadata"]["uid"] = "u";
    lease = std::move(body);
    return json_answer(lease);
  }

  std::string holder() const {
    return lease.is_null() ? "" : lease["spec"]["holderIdentity"].get<std::string>();
  }
  /// Somebody else writes it.
  void write(const std::string& holder, int duration = 15, const std::string& renewed = "x") {
    store({{"kind", "Lease"},
           {"apiVersion", "coordination.k8s.io/v1"},
           {"metadata", {{"name", "l"}, {"labels", {{"keep", "me"}}}}},
           {"spec",
            {{"holderIdentity", holder},
             {"leaseDurationSeconds", duration},
             {"renewTime", renewed},
             {"leaseTransitions", 4}}}});
  }

  nlohmann::json lease;

 private:
  int version_ = 0;
};

class LeaseTest : public ::testing::Test {
 protected:
  LeaseTest() {
    transport.on_send = [this](const HttpRequest& request) -> FakeTransport::Answer {
      clock.step(latency);
      if (down) return fail(ErrorKind::Unavailable, "could not connect");
      return server.answer(request);
    };
    clock.on_step = [this] {
      if (clock.monotonic() >= end) stop.request_stop();
      if (look) look();
    };
  }

  LeaseOptions options() {
    return {.lease = {.ns = "n", .name = "l"},
            .identity = "me",
            .on_acquired = [this] { acquired_at.push_back(clock.monotonic()); },
            .on_lost = [this](const Error& error) { lost = error.message; },
            .on_trouble = [this](const Error* error) {
              troubles.push_back(error ? error->message : "fine");
            }};
  }
  LeaseEnd run_for(Seconds time) {
    end = clock.monotonic() + time;
    elector = std::make_unique<LeaseElector>(client, clock, options());
    return elector->run(stop.get_token());
  }

  SteppingClock clock;
  FakeTransport transport;
  std::unique_ptr<TokenSource> tokens = no_token();
  Client client{transport, *tokens, clock};
  LeaseServer server;
  std::stop_source stop;
  Millis end{0};
  Millis latency{1};
  bool down = false;
  std::function<void()> look;
  std::vector<Millis> acquired_at;
  std::string lost;
  std::vector<std::string> troubles;
  std::unique_ptr<LeaseElector> elector;
};

TEST_F(LeaseTest, CreatesRenewsAndReleases) {
  bool always = true;
  look = [&] {
    if (!acquired_at.empty()) always = always && (stop.stop_requested() || elector->may_write());
  };
  EXPECT_EQ(run_for(Seconds(60)), LeaseEnd::Stopped);
  EXPECT_TRUE(always);
  EXPECT_EQ(acquired_at.size(), 1u);
  EXPECT_EQ(server.holder(), "");
  EXPECT_EQ(server.lease["spec"]["leaseDurationSeconds"], 1);
  EXPECT_FALSE(elector->may_write());
  // One request each two seconds, and no reading in between.
  EXPECT_LE(transport.sent().size(), 34u);
}

TEST_F(LeaseTest, SaysOnceWhatKeepsItFromTheLeaseAndThatItIsOver) {
  bool forbidden = true;
  transport.on_send = [&](const HttpRequest& request) -> FakeTransport::Answer {
    clock.step(latency);
    return forbidden ? status_answer(403, "Forbidden", "no right") : server.answer(request);
  };
  look = [&] {
    if (clock.monotonic() < Seconds(30) || !std::exchange(forbidden, false)) return;
    EXPECT_THAT(elector->trouble()->message, HasSubstr("no right"));
  };
  EXPECT_EQ(run_for(Seconds(60)), LeaseEnd::Stopped);
  ASSERT_EQ(troubles.size(), 2u);
  EXPECT_THAT(troubles[0], HasSubstr("reading the lease: "));
  EXPECT_THAT(troubles[0], HasSubstr("no right"));
  EXPECT_EQ(troubles[1], "fine");
  EXPECT_EQ(acquired_at.size(), 1u);
  EXPECT_FALSE(elector->trouble());
}

TEST_F(LeaseTest, ARightToReadAloneIsTroubleWithoutAPause) {
  server.write("");
  bool read_again = false;
  transport.on_send = [&](const HttpRequest& request) -> FakeTransport::Answer {
    clock.step(latency);
    if (request.method == HttpMethod::Get) return server.answer(request);
    return status_answer(403, "Forbidden", "no right");
  };
  look = [&] {
    if (troubles.empty()) return;
    read_again = true;
    EXPECT_TRUE(elector->trouble());
  };
  (void)run_for(Seconds(30));
  EXPECT_TRUE(read_again);
  ASSERT_EQ(troubles.size(), 1u);
  EXPECT_THAT(troubles[0], HasSubstr("writing the lease: "));
}

TEST_F(LeaseTest, ANamespaceThatDoesNotExistIsTrouble) {
  transport.on_send = [&](const HttpRequest&) -> FakeTransport::Answer {
    clock.step(latency);
    return status_answer(404, "NotFound", "namespaces \"n\" not found");
  };
  (void)run_for(Seconds(30));
  ASSERT_EQ(troubles.size(), 1u);
  EXPECT_THAT(troubles[0], HasSubstr("namespaces"));
  EXPECT_EQ(elector->trouble()->kind, ErrorKind::NotFound);
}

TEST_F(LeaseTest, AnOutageIsOneTroubleAndStandingByIsNone) {
  int requests = 0;
  transport.on_send = [&](const HttpRequest& request) -> FakeTransport::Answer {
    clock.step(latency);
    if (!down) return server.answer(request);
    return fail(++requests % 2 ? ErrorKind::Unavailable : ErrorKind::TimedOut,
                fmt::format("attempt {}", requests));
  };
  look = [&] {
    down = clock.monotonic() >= Seconds(20) && clock.monotonic() < Seconds(40);
    server.write("other", 15, std::to_string(clock.monotonic().count()));
  };
  (void)run_for(Seconds(60));
  EXPECT_EQ(troubles.size(), 2u);
  EXPECT_EQ(troubles.back(), "fine");
  EXPECT_TRUE(acquired_at.empty());
}

TEST_F(LeaseTest, TakesAReleasedLeaseAtOnceAndCountsTheTransition) {
  server.write("");
  (void)run_for(Seconds(3));
  ASSERT_EQ(acquired_at.size(), 1u);
  EXPECT_LT(acquired_at[0], Millis(5'100));
  const auto body = nlohmann::json::parse(transport.sent()[1].body);
  EXPECT_EQ(body["spec"]["leaseTransitions"], 5);
  EXPECT_EQ(body["spec"]["holderIdentity"], "me");
  EXPECT_EQ(body["metadata"]["labels"]["keep"], "me");
}

TEST_F(LeaseTest, WaitsForAWholeDurationOfSilenceWhateverTheTimesSay) {
  server.write("other", 15, "1999-01-01T00:00:00.000000Z");
  (void)run_for(Seconds(30));
  ASSERT_EQ(acquired_at.size(), 1u);
  EXPECT_GE(acquired_at[0], Millis(5'000 + 15'000));
  EXPECT_LE(acquired_at[0], Millis(5'000 + 15'000 + 2'500));
}

TEST_F(LeaseTest, DoesNotTakeALeaseThatIsRenewed) {
  int renewals = 0;
  Millis next{0};
  look = [&] {
    if (clock.monotonic() < next) return;
    next = clock.monotonic() + Seconds(10);
    server.write("other", 15, std::to_string(renewals++));
  };
  (void)run_for(Seconds(120));
  EXPECT_TRUE(acquired_at.empty());
  EXPECT_EQ(elector->holder(), "other");
}

TEST_F(LeaseTest, StopsWritingBeforeItsTimeIsOverWhenTheServerIsGone) {
  Millis down_at{0};
  Millis last_write{0};
  look = [&] {
    if (clock.monotonic() >= Seconds(20) && !down) {
      down = true;
      down_at = clock.monotonic();
    }
    if (elector->may_write()) last_write = clock.monotonic();
  };
  EXPECT_EQ(run_for(Seconds(60)), LeaseEnd::Lost);
  EXPECT_LE(last_write, down_at + Seconds(8));
  EXPECT_FALSE(elector->is_leader());
  EXPECT_THAT(lost, HasSubstr("could not be renewed for 10 s: "));
}

TEST_F(LeaseTest, SurvivesAnOutageShorterThanItsDeadline) {
  look = [&] { down = clock.monotonic() >= Seconds(20) && clock.monotonic() < Seconds(27); };
  EXPECT_EQ(run_for(Seconds(60)), LeaseEnd::Stopped);
  EXPECT_EQ(lost, "");
}

TEST_F(LeaseTest, IsLostAtOnceWhenSomebodyElseHoldsIt) {
  Millis taken{0};
  look = [&] {
    if (clock.monotonic() < Seconds(20) || taken.count() > 0) return;
    taken = clock.monotonic();
    server.write("other");
  };
  EXPECT_EQ(run_for(Seconds(60)), LeaseEnd::Lost);
  EXPECT_LE(clock.monotonic() - taken, Millis(2'300));
  EXPECT_THAT(lost, HasSubstr("'other' holds it now"));
  EXPECT_EQ(server.holder(), "other");
}

TEST_F(LeaseTest, MakesADeletedLeaseAnew) {
  bool deleted = false;
  look = [&] {
    if (clock.monotonic() < Seconds(20) || deleted) return;
    deleted = true;
    server.lease = nullptr;
  };
  EXPECT_EQ(run_for(Seconds(60)), LeaseEnd::Stopped);
  EXPECT_EQ(acquired_at.size(), 1u);
}

TEST_F(LeaseTest, KeepsItsLeadershipWhenAnAnswerIsLost) {
  int writes = 0;
  transport.on_send = [&](const HttpRequest& request) -> FakeTransport::Answer {
    clock.step(latency);
    auto answer = server.answer(request);
    if (request.method == HttpMethod::Put && ++writes == 3)
      return fail(ErrorKind::Unavailable, "the connection broke before an answer");
    return answer;
  };
  EXPECT_EQ(run_for(Seconds(60)), LeaseEnd::Stopped);
  EXPECT_EQ(acquired_at.size(), 1u);
}

TEST_F(LeaseTest, CannotWriteAfterItWasPausedForLong) {
  bool paused = false;
  bool could_write = true;
  look = [&] {
    if (clock.monotonic() < Seconds(20) || paused) return;
    paused = true;
    clock.step(Seconds(20));  // stopped, or the machine slept
    could_write = elector->may_write();
  };
  (void)run_for(Seconds(60));
  EXPECT_FALSE(could_write);
}

TEST_F(LeaseTest, CountsItsTimeFromBeforeTheRequestWasSent) {
  latency = Millis(4'000);
  server.write("");
  Millis sent{0};
  transport.on_send = [&](const HttpRequest& request) -> FakeTransport::Answer {
    if (request.method == HttpMethod::Put && sent.count() == 0) sent = clock.monotonic();
    clock.step(latency);
    down = down || sent.count() > 0;
    auto answer = server.answer(request);
    if (clock.monotonic() > sent + Seconds(5) && sent.count() > 0)
      return fail(ErrorKind::Unavailable, "could not connect");
    return answer;
  };
  Millis last_write{0};
  look = [&] {
    if (elector->may_write()) last_write = clock.monotonic();
  };
  EXPECT_EQ(run_for(Seconds(60)), LeaseEnd::Lost);
  EXPECT_LT(last_write, sent + Seconds(8));
}

TEST_F(LeaseTest, DoesNotCareForJumpsOfTheWallClock) {
  look = [&] {
    if (clock.monotonic() >= Seconds(20)) clock.wall_skew = std::chrono::hours(-3);
    if (clock.monotonic() >= Seconds(30)) clock.wall_skew = std::chrono::hours(5);
  };
  EXPECT_EQ(run_for(Seconds(60)), LeaseEnd::Stopped);
  EXPECT_EQ(acquired_at.size(), 1u);
}

TEST_F(LeaseTest, ReleasesNothingThatIsNotItsOwn) {
  server.write("other");
  (void)run_for(Seconds(5));
  EXPECT_EQ(server.holder(), "other");
  for (const auto& request : transport.sent()) EXPECT_EQ(request.method, HttpMethod::Get);
}

TEST_F(LeaseTest, RefusesTimesThatCannotWork) {
  auto wrong = options();
  wrong.renew_deadline = wrong.duration;
  EXPECT_THROW(LeaseElector(client, clock, wrong), InvariantError);
  wrong = options();
  wrong.retry = Seconds(9);
  EXPECT_THROW(LeaseElector(client, clock, wrong), InvariantError);
}

/// A rival that takes the Lease as soon as the rules allow it.
class Rival {
 public:
  void look(LeaseServer& server, Millis now) {
    const auto print = server.lease.is_null() ? "" : server.lease["spec"].dump();
    if (print != print_) changed_ = now;
    print_ = print;
    if (leads_ || server.lease.is_null()) return;
    if (server.holder().empty() || now >= changed_ + Seconds(15)) {
      server.write("rival");
      leads_ = true;
    }
  }
  [[nodiscard]] bool leads() const { return leads_; }

 private:
  std::string print_;
  Millis changed_{0};
  bool leads_ = false;
};

RC_GTEST_PROP(Lease, NeverLetsTwoWriteWhateverTheNetworkDoes, ()) {
  SteppingClock clock;
  FakeTransport transport;
  auto tokens = no_token();
  const Client client(transport, *tokens, clock);
  LeaseServer server;
  Rival rival;
  std::stop_source stop;
  LeaseElector* elector = nullptr;
  bool both = false;
  transport.on_send = [&](const HttpRequest& request) -> FakeTransport::Answer {
    switch (*rc::gen::inRange(0, 6)) {
      case 0: clock.step(request.deadline); return fail(ErrorKind::TimedOut, "no answer");
      case 1: return fail(ErrorKind::Unavailable, "could not connect");
      case 2: {
        (void)server.answer(request);  // done, but nobody hears of it
        clock.step(request.deadline);
        return fail(ErrorKind::TimedOut, "no answer");
      }
      default: clock.step(Millis(*rc::gen::inRange(0, 900))); return server.answer(request);
    }
  };
  clock.on_step = [&] {
    if (clock.monotonic() > Seconds(300)) stop.request_stop();
    if (elector && elector->is_leader()) rival.look(server, clock.monotonic());
    both = both || (rival.leads() && elector && elector->may_write());
  };
  LeaseElector made(client, clock, {.lease = {.ns = "n", .name = "l"}, .identity = "me"});
  elector = &made;
  (void)made.run(stop.get_token());
  RC_ASSERT(!both);
}

}  // namespace
}  // namespace poolscaler::kube
