// One script, two API servers: the sandbox's and the real kube-apiserver answer it alike.
//
// tests/contract/recorded/<case>.txt is what the real server answered. The sandbox is compared with
// it on every run; the real server too, where it is there, so that a recording cannot grow old.
// POOLSCALER_RECORD=1 writes the recordings anew from the real server.
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <vector>

#include "contract/sandbox_server.hpp"
#include "contract/scribe.hpp"
#include "support/checkout.hpp"
#include "support/control_plane.hpp"

namespace poolscaler::contract {
namespace {

std::vector<ContractCase> all_cases() {
  std::vector<ContractCase> cases;
  for (const auto part :
       {object_cases(), write_cases(), watch_cases(), own_kind_cases(), node_cases()})
    cases.insert(cases.end(), part.begin(), part.end());
  return cases;
}

rig::fs::path recording(const ContractCase& played) {
  return in_checkout("tests/contract/recorded") /
         (std::string(played.name) + ".txt");
}

std::unique_ptr<rig::ControlPlane> control_plane;

// Made at the first use and ended before the program is.
class RealParts : public ::testing::Environment {
 public:
  void TearDown() override { control_plane.reset(); }
};
const auto* const real_parts = ::testing::AddGlobalTestEnvironment(new RealParts);

rig::ControlPlane& real_server() {
  if (control_plane != nullptr) return *control_plane;
  // Pods can be made without a controller that gives each namespace its service account.
  control_plane = std::make_unique<rig::ControlPlane>(rig::ControlPlaneOptions{
      .api_server_flags = {"--disable-admission-plugins=ServiceAccount"}});
  for (const auto& crd :
       rig::fs::directory_iterator(in_checkout("crds")))
    control_plane->apply(rig::read_file(crd.path()));
  const bool is_served = rig::eventually(rig::Ms{20'000}, [] {
    return control_plane->request("GET", "/apis/poolscaler.dev/v1alpha1/scalingpolicies").status ==
           200;
  });
  EXPECT_TRUE(is_served) << "the API server does not serve our kinds";
  return *control_plane;
}

class ApiServerContract : public ::testing::TestWithParam<ContractCase> {
 protected:
  static std::string play(Server server) {
    Scribe scribe(std::move(server), std::string(GetParam().name));
    GetParam().play(scribe);
    return scribe.transcript();
  }
};

TEST_P(ApiServerContract, RealServerAnswersAsRecorded) {
  if (const auto why = rig::ControlPlane::why_unavailable(); !why.empty()) {
    ASSERT_NE(rig::environment("CI"), "true") << why;
    GTEST_SKIP() << why;
  }
  auto& real = real_server();
  const auto answers = play({.endpoint = real.endpoint(),
                             .token = real.admin_token(),
                             .compact = [&] {
                               real.kill_api_server();  // with its watch cache
                               real.compact_etcd();
                               real.start_api_server();
                             }});
  if (!rig::environment("POOLSCALER_RECORD").empty()) {
    rig::fs::create_directories(recording(GetParam()).parent_path());
    std::ofstream(recording(GetParam())) << answers;
  }
  EXPECT_EQ(answers, rig::read_file(recording(GetParam())));
}

TEST_P(ApiServerContract, SandboxAnswersAsRecorded) {
  SandboxServer sandbox;
  EXPECT_EQ(play(sandbox.server()), rig::read_file(recording(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(Cases, ApiServerContract, ::testing::ValuesIn(all_cases()),
                         [](const auto& played) {
                           std::string name(played.param.name);
                           for (auto& c : name)
                             if (c == '-') c = '_';
                           return name;
                         });

}  // namespace
}  // namespace poolscaler::contract
