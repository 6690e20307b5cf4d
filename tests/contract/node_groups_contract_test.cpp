// Node groups on the real API server, with the real definitions of their systems, under the
// operator's own service account and rights: what the table says is where the counts really are,
// and a write changes the count of one object in one version, or nothing.
#include <gmock/gmock.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "poolscaler/adapters/http/transport.hpp"
#include "poolscaler/base/clock.hpp"
#include "poolscaler/kube/credentials.hpp"
#include "poolscaler/kube/discovery.hpp"
#include "poolscaler/kube/node_groups.hpp"
#include "poolscaler/kube/writer.hpp"
#include "support/checkout.hpp"
#include "support/control_plane.hpp"
#include "support/group_objects.hpp"

namespace poolscaler::contract {
namespace {

using nlohmann::json;
using testing::group_object;
using testing::group_objects;
using testing::GroupObject;
using ::testing::HasSubstr;

const std::string patch_type = "application/merge-patch+json";

/// The real server with the definitions, and the operator's way to it.
class Place {
 public:
  Place();

  /// As admin; the answer as JSON, with the status expected.
  json must(const std::string& method, const std::string& target, const json& body = nullptr,
            int status = 200) {
    const auto answer = cluster.request(method, target, body.is_null() ? "" : body.dump(),
                                        method == "PATCH" ? patch_type : "application/json");
    EXPECT_EQ(answer.status, status) << method << " " << target << ": " << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
  void define(const std::string& definition);

  rig::ControlPlane cluster{{.api_server_flags = {"--disable-admission-plugins=ServiceAccount"}}};
  const Clock& clock = system_clock();
  std::unique_ptr<kube::TokenSource> tokens;
  std::unique_ptr<HttpTransport> transport;
  std::unique_ptr<kube::Client> client;
  std::unique_ptr<kube::Discovery> discovery;
  std::unique_ptr<kube::Writer> writer;
};

std::unique_ptr<Place> the_place;

class RealParts : public ::testing::Environment {
 public:
  void TearDown() override { the_place.reset(); }
};
const auto* const real_parts = ::testing::AddGlobalTestEnvironment(new RealParts);

Place::Place() {
  cluster.apply(rig::read_file(in_checkout("deploy/poolscaler.yaml")));
  must("POST", "/api/v1/namespaces", {{"metadata", {{"name", "team"}}}}, 201);
  for (const auto& example : group_objects()) define(example.definition);
  define("cluster.x-k8s.io_machines");
  const auto kubeconfig = cluster.service_account_kubeconfig("poolscaler-system", "poolscaler");
  const auto access = kube::read_kubeconfig({.path = kubeconfig.string()}).value();
  tokens = kube::token_source(access, clock);
  transport =
      adapters::make_transport({.origin = access.origin, .ca_file = access.ca_file}).value();
  client = std::make_unique<kube::Client>(*transport, *tokens, clock);
  discovery = std::make_unique<kube::Discovery>(*client, clock);
  writer = std::make_unique<kube::Writer>(
      *client, *discovery, clock,
      kube::WriterOptions{.may_write = [] { return true; }, .reporting_instance = "test"});
}

/// Its webhook, which is not here, would be asked for each version but one.
json without_conversion(json definition) {
  definition["spec"].erase("conversion");
  definition["metadata"].erase("annotations");
  return definition;
}

void Place::define(const std::string& definition) {
  const auto file = in_shared("data/crds/" + definition + ".yaml").string();
  const auto read = cluster.kubectl({"create", "--dry-run=client", "-o", "json", "-f", file});
  ASSERT_EQ(read.exit_code, 0) << read.err;
  const auto crd = without_conversion(json::parse(read.out));
  cluster.apply(crd.dump());
  ASSERT_TRUE(rig::eventually(rig::Ms{30'000}, [&] {
    for (const auto& version : crd["spec"]["versions"]) {
      const auto served = "/apis/" + crd["spec"]["group"].get<std::string>() + "/" +
                          version["name"].get<std::string>() + "/" +
                          crd["spec"]["names"]["plural"].get<std::string>() + "?limit=1";
      if (version["served"] == true && cluster.request("GET", served).status != 200) return false;
    }
    return true;
  })) << definition << " is not served";
}

class RealServer : public ::testing::Test {
 protected:
  void SetUp() override {
    auto why = rig::ControlPlane::why_unavailable();
    if (why.empty() && in_shared("data/crds").empty())
      why = "shared/data/crds is in no folder above the checkout";
    if (!why.empty()) {
      ASSERT_NE(rig::environment("CI"), "true") << why;
      GTEST_SKIP() << why;
    }
    if (!the_place) the_place = std::make_unique<Place>();
  }

  static Place& place() { return *the_place; }
};

class NodeGroupContract : public RealServer, public ::testing::WithParamInterface<GroupObject> {
 protected:
  void SetUp() override {
    RealServer::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    const auto& backend = *example_.group.backend;
    const auto info = place().discovery->find(backend.api_version, backend.kind, {});
    ASSERT_TRUE(info) << info.error().message;
    resource_ = info->resource;
    key_ = {.ns = backend.ns, .name = backend.name};
    create();
  }

  void TearDown() override {
    if (!resource_.plural.empty()) place().cluster.request("DELETE", path());
  }

  void create() {
    place().must("POST", kube::collection_path(resource_, key_.ns), example_.object, 201);
    place().must("PATCH", path() + "/status", {{"status", example_.status}});
  }

  [[nodiscard]] std::string path() const { return kube::object_path(resource_, key_); }

  /// As the operator reads it.
  [[nodiscard]] kube::GroupReading read() const {
    const auto object = place().client->call(kube::get_request(resource_, key_), {});
    EXPECT_TRUE(object) << (object ? "" : object.error().message);
    const auto reading = kube::read_group(object.value(), example_.group);
    EXPECT_TRUE(reading) << (reading ? "" : reading.error().message);
    return reading.value();
  }

  [[nodiscard]] Result<GroupWritten> write(const kube::GroupReading& reading,
                                           std::int32_t nodes) const {
    const auto allowed = kube::group_write(example_.group, reading, nodes);
    if (!allowed) return fail(allowed.error());
    return place().writer->write_group(*allowed, {});
  }

  GroupObject example_ = GetParam();
  kube::Resource resource_{};
  ObjectKey key_{};
};

std::string name_of_case(const ::testing::TestParamInfo<GroupObject>& info) {
  std::string name;
  for (const char c : info.param.definition)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Real, NodeGroupContract, ::testing::ValuesIn(group_objects()),
                         name_of_case);

TEST_P(NodeGroupContract, IsReadAndWrittenAtItsCountAlone) {
  const auto reading = read();
  EXPECT_EQ(reading.desired, 3);
  EXPECT_EQ(reading.busy, "");
  EXPECT_EQ(reading.owned_elsewhere, "");
  auto before = place().must("GET", path());
  const auto written = write(reading, 6);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->nodes, 6);
  const auto again = read();
  EXPECT_EQ(again.desired, 6);
  EXPECT_EQ(again.resource_version, written->resource_version);
  ASSERT_TRUE(write(again, 3));
  auto after = place().must("GET", path());
  for (auto* object : {&before, &after})
    for (const auto* field : {"resourceVersion", "generation", "managedFields"})
      (*object)["metadata"].erase(field);
  EXPECT_EQ(before, after);
}

TEST_P(NodeGroupContract, GoesToZero) {
  ASSERT_TRUE(write(read(), 0));
  EXPECT_EQ(read().desired, 0);
}

TEST_P(NodeGroupContract, ConflictsWithWhoWroteFirst) {
  const auto reading = read();
  place().must("PATCH", path(), {{"metadata", {{"labels", {{"touched", "yes"}}}}}});
  const auto late = write(reading, 6);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::Conflict) << late.error().message;
  EXPECT_EQ(read().desired, 3);
}

TEST_P(NodeGroupContract, ConflictsWithAnotherObjectOfTheName) {
  auto reading = read();
  reading.uid = "00000000-0000-4000-8000-000000000000";
  const auto other = write(reading, 6);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::Conflict) << other.error().message;
  reading = read();
  place().must("DELETE", path());
  create();
  EXPECT_EQ(write(reading, 6).error().kind, ErrorKind::Conflict);
  EXPECT_EQ(read().desired, 3);
}

TEST_P(NodeGroupContract, IsRefusedWhileSomebodyElseOwnsTheCount) {
  if (example_.owned_elsewhere.is_null()) return;  // nobody else can
  place().must("PATCH", path(), example_.owned_elsewhere);
  const auto refused = write(read(), 6);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::InvalidInput);
  EXPECT_EQ(read().desired, 3);
}

TEST_P(NodeGroupContract, FollowsPodsWhileAnAutoscalerOwnsTheCount) {
  if (example_.autoscaled.is_null()) return;  // its object cannot say so
  place().must("PATCH", path(), example_.autoscaled);
  const auto reading = read();
  EXPECT_FALSE(reading.has_count);
  EXPECT_EQ(reading.min, 3);
  EXPECT_EQ(reading.max, 9);
  EXPECT_EQ(reading.owned_elsewhere, "");
  EXPECT_FALSE(write(reading, 6));
}

TEST_P(NodeGroupContract, IsAllTheOperatorMayWriteOfIt) {
  const auto list = kube::list_request(resource_, key_.ns, {}, {.limit = 5});
  EXPECT_TRUE(place().client->call(list, {}));
  const auto* kind = kube::group_kind_of(example_.group.backend->api_version, resource_.kind);
  const kube::Request remove{.method = HttpMethod::Delete, .path = path()};
  EXPECT_EQ(place().client->call(remove, {}).error().kind, ErrorKind::Forbidden);
  if (!kind->by_scale) return;
  const auto patch = kube::merge_patch_request(resource_, key_, {}, R"({"spec":{"replicas":9}})");
  EXPECT_EQ(place().client->call(patch, {}).error().kind, ErrorKind::Forbidden);
}

class NodeContract : public RealServer {
 protected:
  void SetUp() override {
    RealServer::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    node_ = place().must("POST", "/api/v1/nodes", {{"metadata", {{"name", "gpu-1"}}}}, 201);
  }
  void TearDown() override {
    if (node_.is_null()) return;
    place().cluster.request("DELETE", "/api/v1/nodes/gpu-1");
    for (const auto* kind : {"/api/v1/namespaces/team/pods/web?gracePeriodSeconds=0",
                             "/apis/policy/v1/namespaces/team/poddisruptionbudgets/web",
                             "/apis/cluster.x-k8s.io/v1beta2/namespaces/team/machines/gpu-1"})
      place().cluster.request("DELETE", kind);
  }

  [[nodiscard]] NodeCordon cordon() const {
    return {.node = "gpu-1",
            .uid = node_["metadata"]["uid"],
            .whom = "h100/spot",
            .since = place().clock.now()};
  }
  [[nodiscard]] NodeUncordon uncordon() const {
    return {.node = "gpu-1", .uid = node_["metadata"]["uid"]};
  }
  [[nodiscard]] static json node() { return place().must("GET", "/api/v1/nodes/gpu-1"); }

  /// A running pod on the node that a budget covers; returns its uid.
  static std::string pod_under_budget() {
    const std::string pods = "/api/v1/namespaces/team/pods";
    const auto pod = place().must(
        "POST", pods,
        {{"metadata", {{"name", "web"}, {"labels", {{"app", "web"}}}}},
         {"spec",
          {{"nodeName", "gpu-1"},
           {"containers", json::array({{{"name", "main"}, {"image", "model"}}})}}}},
        201);
    place().must("PATCH", pods + "/web/status",
                 {{"status",
                   {{"phase", "Running"},
                    {"conditions", json::array({{{"type", "Ready"}, {"status", "True"}}})}}}});
    place().must("POST", "/apis/policy/v1/namespaces/team/poddisruptionbudgets",
                 {{"metadata", {{"name", "web"}}},
                  {"spec",
                   {{"minAvailable", 1}, {"selector", {{"matchLabels", {{"app", "web"}}}}}}}},
                 201);
    allow_disruptions(0);
    return pod["metadata"]["uid"];
  }

  /// As the controller of budgets would say it.
  static void allow_disruptions(int count) {
    place().must("PATCH", "/apis/policy/v1/namespaces/team/poddisruptionbudgets/web/status",
                 {{"status",
                   {{"observedGeneration", 1},
                    {"disruptionsAllowed", count},
                    {"currentHealthy", 1 + count},
                    {"desiredHealthy", 1},
                    {"expectedPods", 1}}}});
  }

  json node_ = nullptr;
};

TEST_F(NodeContract, IsCordonedAndGivenBack) {
  const auto done = place().writer->cordon(cordon(), {});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(node()["spec"]["unschedulable"], true);
  EXPECT_EQ(node()["metadata"]["annotations"]["poolscaler.dev/draining-for"], "h100/spot");
  ASSERT_TRUE(place().writer->uncordon(uncordon(), {}));
  EXPECT_FALSE(node()["spec"].contains("unschedulable"));
  EXPECT_FALSE(node()["metadata"].contains("annotations"));
}

TEST_F(NodeContract, IsLeftAloneWhereItIsAnotherNodeOfTheName) {
  auto write = cordon();
  write.uid = "00000000-0000-4000-8000-000000000000";
  EXPECT_EQ(place().writer->cordon(write, {}).error().kind, ErrorKind::Conflict);
  EXPECT_FALSE(node()["spec"].contains("unschedulable"));
}

TEST_F(NodeContract, KeepsTheCordonOfAPerson) {
  place().must("PATCH", "/api/v1/nodes/gpu-1", {{"spec", {{"unschedulable", true}}}});
  ASSERT_TRUE(place().writer->cordon(cordon(), {}));
  ASSERT_TRUE(place().writer->uncordon(uncordon(), {}));
  EXPECT_EQ(node()["spec"]["unschedulable"], true);
}

TEST_F(NodeContract, LosesItsPodsOnlyAsTheirBudgetsAllow) {
  const PodEviction eviction{.pod = {.ns = "team", .name = "web"}, .uid = pod_under_budget()};
  const auto refused = place().writer->evict_pod(eviction, {});
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(refused->outcome, Evicted::Refused);
  EXPECT_THAT(refused->words, HasSubstr("disruption budget web needs"));
  EXPECT_FALSE(place()
                   .must("GET", "/api/v1/namespaces/team/pods/web")["metadata"]
                   .contains("deletionTimestamp"));
  auto other = eviction;
  other.uid = "00000000-0000-4000-8000-000000000000";
  allow_disruptions(1);
  EXPECT_EQ(place().writer->evict_pod(other, {})->outcome, Evicted::Gone);
  allow_disruptions(1);  // the server has counted that one
  const auto evicted = place().writer->evict_pod(eviction, {});
  ASSERT_TRUE(evicted) << evicted.error().message;
  EXPECT_EQ(evicted->outcome, Evicted::Going);
  EXPECT_TRUE(place()
                  .must("GET", "/api/v1/namespaces/team/pods/web")["metadata"]
                  .contains("deletionTimestamp"));
  other.pod.name = "nobody";
  EXPECT_EQ(place().writer->evict_pod(other, {})->outcome, Evicted::Gone);
}

TEST_F(NodeContract, IsNamedByItsMachine) {
  const std::string machines = "/apis/cluster.x-k8s.io/v1beta2/namespaces/team/machines";
  auto machine = group_object("cluster.x-k8s.io/v1beta2", "MachineDeployment")
                     .object["spec"]["template"];
  machine["apiVersion"] = "cluster.x-k8s.io/v1beta2";
  machine["kind"] = "Machine";
  machine["metadata"] = {{"name", "gpu-1"}};
  place().must("POST", machines, machine, 201);
  place().must("PATCH", machines + "/gpu-1/status",
               {{"status", {{"nodeRef", {{"name", "gpu-1"}}}}}});
  MachineMark mark{.api_version = "cluster.x-k8s.io/v1beta2",
                   .machine = {.ns = "team", .name = "gpu-1"},
                   .node = "gpu-1"};
  const auto done = place().writer->mark_machine(mark, {});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(place().must("GET", machines + "/gpu-1")["metadata"]["annotations"],
            json({{"cluster.x-k8s.io/delete-machine", "poolscaler"}}));
  mark.remove = false;
  ASSERT_TRUE(place().writer->mark_machine(mark, {}));
  EXPECT_FALSE(place().must("GET", machines + "/gpu-1")["metadata"].contains("annotations"));
  mark.node = "gpu-2";
  EXPECT_EQ(place().writer->mark_machine(mark, {}).error().kind, ErrorKind::Conflict);
}

}  // namespace
}  // namespace poolscaler::contract
