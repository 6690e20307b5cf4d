// A node as its kubelet registers it, with the accelerators that a device plugin reports.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace poolscaler::simulation {

struct NodeLook {
  std::string name;
  std::string accelerator;  // "nvidia.com/gpu"
  int accelerators;
  int number = 0;  // of its address
  std::map<std::string, std::string> labels{};
  std::map<std::string, std::string> annotations{};
};

/// Ready since `now`, an RFC 3339 time.
[[nodiscard]] nlohmann::json simulated_node(const NodeLook& look, const std::string& now);

}  // namespace poolscaler::simulation
