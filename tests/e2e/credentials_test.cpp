// Who the operator is to a real API server: client certificates, wrong authorities, tokens that
// expire and are replaced.
#include <fstream>

#include "e2e/world.hpp"
#include "support/identities.hpp"

namespace poolscaler::e2e {
namespace {

using std::chrono::seconds;

class Credentials : public Case {
 protected:
  void begin(const rig::Identity& identity) {
    make_deployment("llm", 1);
    set_load("llm", 30);
    make_policy("llm");
    launch_operator({.kubeconfig = rig::kubeconfig_of(cluster(), identity)});
  }

  /// The operator says `what` in its log, is not ready and goes on trying.
  void expect_trouble(const std::string& what) {
    EXPECT_TRUE(rig::eventually(Ms{20'000}, [&] {
      return the_operator().log().find(what) != std::string::npos;
    })) << the_operator().log();
    EXPECT_FALSE(the_operator().ready());
    EXPECT_TRUE(the_operator().process().running());
    EXPECT_EQ(replicas("llm"), 1);
  }

  void write_token(seconds left) {
    // As the kubelet does: the new file takes the place of the old one.
    const auto next = token_file().string() + ".new";
    std::ofstream(next) << (token_ = rig::service_account_token(cluster(), system_ns, "poolscaler",
                                                               left));
    rig::fs::rename(next, token_file());
  }

  [[nodiscard]] rig::fs::path token_file() { return cluster().folder() / "rotated-token"; }

  [[nodiscard]] int answer_to_token() {
    return rig::exchange(cluster().endpoint(),
                         {.target = "/apis/poolscaler.dev/v1alpha1/scalingpolicies",
                          .headers = {{"Authorization", "Bearer " + token_}}})
        .status;
  }

 private:
  std::string token_;
};

TEST_F(Credentials, AClientCertificateOfTheClustersAuthorityIsTaken) {
  begin({.certificate =
             rig::make_client_certificate(cluster(), cluster().ca_file(), operator_user)});
  EXPECT_TRUE(reaches("llm", 3, Ms{30'000})) << the_operator().log();
  EXPECT_TRUE(the_operator().ready());
}

TEST_F(Credentials, AClientCertificateOfAnotherAuthorityIsRefusedAndSaid) {
  const auto other = rig::make_authority(cluster(), "other-ca");
  begin({.certificate = rig::make_client_certificate(cluster(), other, operator_user)});
  expect_trouble("Unauthorized");
}

TEST_F(Credentials, AServerOfAnotherAuthorityIsNotTalkedTo) {
  write_token(seconds{3600});
  begin({.authority = rig::make_authority(cluster(), "other-ca"), .token_file = token_file()});
  expect_trouble("certificate");
}

TEST_F(Credentials, AnExpiredTokenIsSaidAndItsSuccessorTakenWithoutARestart) {
  write_token(seconds{-45});  // the server's minute of grace has 15 s left
  ASSERT_EQ(answer_to_token(), 200);
  begin({.token_file = token_file()});
  ASSERT_TRUE(reaches("llm", 3, Ms{14'000})) << the_operator().log();
  ASSERT_TRUE(rig::eventually(Ms{60'000}, [&] { return answer_to_token() == 401; }));
  set_load("llm", 50);
  EXPECT_TRUE(rig::eventually(Ms{30'000}, [&] {
    return the_operator().log().find("Unauthorized") != std::string::npos;
  })) << the_operator().log();
  EXPECT_EQ(replicas("llm"), 3);
  write_token(seconds{3600});
  EXPECT_TRUE(reaches("llm", 5, Ms{40'000})) << the_operator().log();
  EXPECT_TRUE(the_operator().process().running());
}

}  // namespace
}  // namespace poolscaler::e2e
