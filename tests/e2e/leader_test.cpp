// Two operators and one lease: only the holder writes, and another takes over when it is gone.
#include <csignal>

#include "e2e/world.hpp"

namespace poolscaler::e2e {
namespace {

class Leadership : public Case {
 protected:
  // A proxy each, so that it is seen who writes what.
  rig::FaultProxy first_proxy_{World::get().cluster().endpoint()};
  rig::FaultProxy second_proxy_{World::get().cluster().endpoint()};

  void begin() {
    make_deployment("llm", 1);
    set_load("llm", 30);
    make_policy("llm");
    first_ = &start_operator(
        {.identity = "first", .server = first_proxy_.url(), .leader_elect = true});
    ASSERT_TRUE(reaches("llm", 3, Ms{30'000}));
    second_ = &launch_operator(
        {.identity = "second", .server = second_proxy_.url(), .leader_elect = true});
    rig::pause_for(Ms{4000});
    ASSERT_EQ(target_writes(second_proxy_), 0) << "only the holder of the lease writes";
  }

  static int target_writes(const rig::FaultProxy& proxy) {
    int writes = 0;
    for (const auto& request : proxy.requests())
      writes += request.writes() && (request.target.find("/scale") != std::string::npos ||
                                     request.target.find("/status") != std::string::npos);
    return writes;
  }

  std::string holder() {
    const auto lease = cluster().get("/apis/coordination.k8s.io/v1/namespaces/" + system_ns +
                                     "/leases/poolscaler");
    if (lease.is_null()) return {};
    const auto identity = lease["spec"].value("holderIdentity", json());
    return identity.is_string() ? identity.get<std::string>() : "";
  }

  int generation() {
    return cluster().get(apps("deployments", "llm"))["metadata"].value("generation", 0);
  }

  Operator* first_ = nullptr;
  Operator* second_ = nullptr;
};

TEST_F(Leadership, SecondTakesOverWhenTheFirstIsKilled) {
  begin();
  EXPECT_EQ(holder().rfind("first", 0), 0U) << holder();
  const int before = generation();
  first_->process().kill();
  set_load("llm", 60);
  const Ms began = rig::monotonic();
  ASSERT_TRUE(reaches("llm", 6, Ms{40'000}));
  EXPECT_LT((rig::monotonic() - began).count(), 25'000);
  EXPECT_EQ(holder().rfind("second", 0), 0U) << holder();
  EXPECT_EQ(generation(), before + 1) << "one change, one write";
}

TEST_F(Leadership, SecondTakesOverAtOnceWhenTheFirstIsStopped) {
  begin();
  EXPECT_EQ(first_->process().stop(Ms{6000}), 0);
  set_load("llm", 60);
  const Ms began = rig::monotonic();
  ASSERT_TRUE(reaches("llm", 6, Ms{40'000}));
  EXPECT_LT((rig::monotonic() - began).count(), 12'000) << "a clean stop releases the lease";
}

TEST_F(Leadership, FrozenLeaderDoesNotWriteWhenItWakes) {
  begin();
  first_->process().signal(SIGSTOP);
  set_load("llm", 60);
  ASSERT_TRUE(reaches("llm", 6, Ms{40'000}));
  first_proxy_.forget_requests();
  first_->process().signal(SIGCONT);
  rig::pause_for(Ms{6000});
  EXPECT_EQ(target_writes(first_proxy_), 0);
  EXPECT_EQ(holder().rfind("second", 0), 0U) << holder();
  EXPECT_EQ(replicas("llm"), 6);
}

TEST_F(Leadership, LeaderThatCannotRenewStopsWriting) {
  begin();
  // It reaches everything but its lease.
  first_proxy_.set_rule([](const rig::ProxiedRequest& request) -> rig::Verdict {
    if (request.target.find("/leases") == std::string::npos) return {};
    return {.kind = rig::Verdict::Kind::Answer, .status = 503, .text = "{}"};
  });
  ASSERT_TRUE(rig::eventually(Ms{40'000}, [&] { return holder().rfind("second", 0) == 0; }))
      << holder();
  first_proxy_.forget_requests();
  set_load("llm", 60);
  ASSERT_TRUE(reaches("llm", 6, Ms{30'000}));
  EXPECT_EQ(target_writes(first_proxy_), 0);
}

}  // namespace
}  // namespace poolscaler::e2e
