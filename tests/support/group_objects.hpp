// Objects of every kind of backend that is in the table of node groups, written by hand as their
// owners write them, each asking for three nodes: for tests of reading and writing, with and
// without a real API server.
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "poolscaler/domain/accelerator_pool.hpp"

namespace poolscaler::testing {

struct GroupObject {
  std::string definition;  // file of the CustomResourceDefinition: "karpenter.sh_nodepools"
  NodeGroup group;         // with the backendRef that names it
  nlohmann::json object;   // without status, uid and resourceVersion
  nlohmann::json status;   // as its controller leaves it when all is well
  LabelValue label;        // of its nodes; empty where they name their owner instead
  /// A merge patch after which somebody else owns the count; null where nobody else can.
  nlohmann::json owned_elsewhere;
  /// A merge patch after which an autoscaler does, which keeps from 3 to 9 nodes as pods need them;
  /// null where the object cannot say so.
  nlohmann::json autoscaled;
};
inline void PrintTo(const GroupObject& example, std::ostream* out) { *out << example.definition; }

/// Every backend in the version that its definition stores. All names are "gpu", all namespaces
/// "team".
[[nodiscard]] std::vector<GroupObject> group_objects();
/// The one of this kind.
[[nodiscard]] GroupObject group_object(const std::string& api_version, const std::string& kind);
/// As the API server would return it.
[[nodiscard]] nlohmann::json served(const GroupObject& example);

}  // namespace poolscaler::testing
