// What the Writer does to node groups, nodes and pods, word for word.
#include <gmock/gmock.h>

#include <atomic>
#include <deque>

#include "poolscaler/kube/node_groups.hpp"
#include "poolscaler/kube/writer.hpp"
#include "support/group_objects.hpp"
#include "support/virtual_clock.hpp"
#include "unit/kube/fake_transport.hpp"

namespace poolscaler::kube {
namespace {

using nlohmann::json;
using ::poolscaler::testing::VirtualClock;
using ::testing::HasSubstr;

class NodeWrites : public ::testing::Test {
 protected:
  NodeWrites() {
    transport.on_send = [this](const HttpRequest& request) -> FakeTransport::Answer {
      if (request.target.starts_with("/apis/") && request.method == HttpMethod::Get &&
          std::ranges::count(request.target, '/') == 3)
        return json_answer({{"kind", "APIResourceList"}, {"resources", kinds}});
      if (request.method == HttpMethod::Get) return json_answer(object);
      return answer;
    };
  }

  /// What was sent to change something; null when nothing was.
  [[nodiscard]] json sent() const {
    for (const auto& request : transport.sent())
      if (request.method != HttpMethod::Get) return json::parse(request.body);
    return nullptr;
  }
  [[nodiscard]] std::string target() const { return transport.sent().back().target; }

  VirtualClock clock;
  FakeTransport transport;
  std::unique_ptr<TokenSource> tokens = no_token();
  Client client{transport, *tokens, clock};
  Discovery discovery{client, clock};
  std::atomic<bool> open{true};
  json kinds = json::parse(R"([
      {"name": "nodegroups", "namespaced": true, "kind": "Nodegroup"},
      {"name": "nodepools", "namespaced": false, "kind": "NodePool"},
      {"name": "nodepools/scale", "namespaced": false, "kind": "Scale"},
      {"name": "machines", "namespaced": true, "kind": "Machine"}])");
  json object = json::parse(R"({"kind": "Node", "apiVersion": "v1",
      "metadata": {"name": "n", "uid": "u", "resourceVersion": "7"}, "spec": {}})");
  FakeTransport::Answer answer =
      json_answer({{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Success"}});
  Writer writer{client, discovery, clock, {.may_write = [this] { return open.load(); },
                                           .reporting_instance = "pod"}};

  const NodeCordon cordon{.node = "n",
                          .uid = "u",
                          .whom = "h100/spot",
                          .since = parse_rfc3339("2026-11-27T19:00:00Z").value()};
  const PodEviction eviction{.pod = {.ns = "shop", .name = "web-1"}, .uid = "p"};
  MachineMark mark{.api_version = "cluster.x-k8s.io/v1beta2",
                   .machine = {.ns = "team", .name = "gpu-x"},
                   .node = "n"};
};

TEST_F(NodeWrites, AskAGroupForNodes) {
  const auto example = testing::group_object("eks.services.k8s.aws/v1alpha1", "Nodegroup");
  const auto reading = read_group(testing::served(example), example.group).value();
  auto changed = testing::served(example);
  changed["spec"]["scalingConfig"]["desiredSize"] = 5;
  changed["metadata"]["resourceVersion"] = "8";
  answer = json_answer(changed);
  const auto written = writer.write_group(group_write(example.group, reading, 5).value(), {});
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->nodes, 5);
  EXPECT_EQ(written->resource_version, "8");
  EXPECT_EQ(target(), "/apis/eks.services.k8s.aws/v1alpha1/namespaces/team/nodegroups/gpu"
                      "?fieldManager=poolscaler");
}

TEST_F(NodeWrites, AskThroughTheScaleSubresourceWhereThereIsOne) {
  const auto example = testing::group_object("karpenter.sh/v1", "NodePool");
  const auto reading = read_group(testing::served(example), example.group).value();
  answer = json_answer(json::parse(R"({"kind": "Scale", "apiVersion": "autoscaling/v1",
      "metadata": {"resourceVersion": "8"}, "spec": {}})"));
  const auto written = writer.write_group(group_write(example.group, reading, 0).value(), {});
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->nodes, 0);
  EXPECT_EQ(target(), "/apis/karpenter.sh/v1/nodepools/gpu/scale?fieldManager=poolscaler");
}

TEST_F(NodeWrites, NameTheGroupWhenTheyFail) {
  const auto example = testing::group_object("karpenter.sh/v1", "NodePool");
  const auto reading = read_group(testing::served(example), example.group).value();
  answer = status_answer(409, "Conflict", "the object has been modified");
  const auto error =
      writer.write_group(group_write(example.group, reading, 4).value(), {}).error();
  EXPECT_EQ(error.kind, ErrorKind::Conflict);
  EXPECT_EQ(error.message, "asking NodePool gpu for 4 nodes: the object has been modified");
}

TEST_F(NodeWrites, CordonWithANoteThatItWasUs) {
  const auto done = writer.cordon(cordon, {});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(sent(), json::parse(R"({
      "metadata": {"resourceVersion": "7",
                   "annotations": {"poolscaler.dev/draining-for": "h100/spot",
                                   "poolscaler.dev/draining-since": "2026-11-27T19:00:00Z"}},
      "spec": {"unschedulable": true}})"));
}

TEST_F(NodeWrites, LeaveTheCordonOfSomebodyElse) {
  object["spec"]["unschedulable"] = true;
  EXPECT_TRUE(writer.cordon(cordon, {}));
  EXPECT_TRUE(writer.uncordon({.node = "n", .uid = "u"}, {}));
  EXPECT_EQ(sent(), nullptr);
}

TEST_F(NodeWrites, UncordonWhatIsOurs) {
  object["spec"]["unschedulable"] = true;
  object["metadata"]["annotations"]["poolscaler.dev/draining-for"] = "h100/spot";
  EXPECT_TRUE(writer.uncordon({.node = "n", .uid = "u"}, {}));
  EXPECT_EQ(sent(), json::parse(R"({
      "metadata": {"resourceVersion": "7",
                   "annotations": {"poolscaler.dev/draining-for": null,
                                   "poolscaler.dev/draining-since": null}},
      "spec": {"unschedulable": null}})"));
}

TEST_F(NodeWrites, TouchNoOtherNodeOfTheSameName) {
  object["metadata"]["uid"] = "another";
  EXPECT_EQ(writer.cordon(cordon, {}).error().kind, ErrorKind::Conflict);
  EXPECT_EQ(writer.uncordon({.node = "n", .uid = "u"}, {}).error().kind, ErrorKind::Conflict);
  EXPECT_EQ(sent(), nullptr);
}

TEST_F(NodeWrites, EvictThePodThatIsMeant) {
  EXPECT_EQ(writer.evict_pod(eviction, {})->outcome, Evicted::Going);
  EXPECT_EQ(sent()["deleteOptions"]["preconditions"]["uid"], "p");
  EXPECT_THAT(target(), HasSubstr("/api/v1/namespaces/shop/pods/web-1/eviction?"));
}

TEST_F(NodeWrites, TellWhichBudgetRefusedAnEviction) {
  answer = json_answer(json::parse(R"({"kind": "Status", "apiVersion": "v1", "code": 429,
      "reason": "TooManyRequests",
      "message": "Cannot evict pod as it would violate the pod's disruption budget.",
      "details": {"causes": [{"reason": "DisruptionBudget",
        "message": "The disruption budget web needs 2 healthy pods and has 2 currently"}]}})"),
                       429);
  const auto answered = writer.evict_pod(eviction, {});
  ASSERT_TRUE(answered) << answered.error().message;
  EXPECT_EQ(answered->outcome, Evicted::Refused);
  EXPECT_THAT(answered->words, HasSubstr("budget web needs 2 healthy pods"));
}

TEST_F(NodeWrites, TakeAPodThatIsGoneForEvicted) {
  answer = status_answer(404, "NotFound", "pods \"web-1\" not found");
  EXPECT_EQ(writer.evict_pod(eviction, {})->outcome, Evicted::Gone);
  answer = status_answer(409, "Conflict",
                         "Precondition failed: UID in precondition: p, UID in object meta: q");
  EXPECT_EQ(writer.evict_pod(eviction, {})->outcome, Evicted::Gone);
}

TEST_F(NodeWrites, TakeABusyServerForNoRefusal) {
  answer = status_answer(429, "TooManyRequests", "too many requests, please try again later");
  EXPECT_EQ(writer.evict_pod(eviction, {}).error().kind, ErrorKind::Throttled);
}

TEST_F(NodeWrites, MarkTheMachineOfTheNode) {
  object["status"]["nodeRef"]["name"] = "n";
  EXPECT_TRUE(writer.mark_machine(mark, {}));
  EXPECT_EQ(sent()["metadata"]["annotations"],
            json::parse(R"({"cluster.x-k8s.io/delete-machine": "poolscaler"})"));
  EXPECT_THAT(target(), HasSubstr("/apis/cluster.x-k8s.io/v1beta2/namespaces/team/machines/gpu-x"));
}

TEST_F(NodeWrites, MarkNoMachineOfAnotherNode) {
  object["status"]["nodeRef"]["name"] = "m";
  EXPECT_EQ(writer.mark_machine(mark, {}).error().kind, ErrorKind::Conflict);
  EXPECT_EQ(sent(), nullptr);
}

TEST_F(NodeWrites, TakeOnlyTheirOwnMarkOffAMachine) {
  object["status"]["nodeRef"]["name"] = "n";
  object["metadata"]["annotations"]["cluster.x-k8s.io/delete-machine"] = "yes";
  mark.remove = false;
  EXPECT_TRUE(writer.mark_machine(mark, {}));
  EXPECT_EQ(sent(), nullptr);
  object["metadata"]["annotations"]["cluster.x-k8s.io/delete-machine"] = "poolscaler";
  EXPECT_TRUE(writer.mark_machine(mark, {}));
  EXPECT_EQ(sent()["metadata"]["annotations"]["cluster.x-k8s.io/delete-machine"], nullptr);
}

TEST_F(NodeWrites, PassNoClosedGate) {
  open = false;
  object["status"]["nodeRef"]["name"] = "n";
  EXPECT_EQ(writer.cordon(cordon, {}).error().kind, ErrorKind::Cancelled);
  EXPECT_EQ(writer.uncordon({.node = "n", .uid = "u"}, {}).error().kind, ErrorKind::Cancelled);
  EXPECT_EQ(writer.evict_pod(eviction, {}).error().kind, ErrorKind::Cancelled);
  EXPECT_EQ(writer.mark_machine(mark, {}).error().kind, ErrorKind::Cancelled);
  EXPECT_EQ(sent(), nullptr);
}

}  // namespace
}  // namespace poolscaler::kube
