#include "simulated_node.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

json node_condition(const char* type, const char* status, const char* reason,
                    const std::string& now) {
  return {{"type", type},
          {"status", status},
          {"reason", reason},
          {"message", ""},
          {"lastHeartbeatTime", now},
          {"lastTransitionTime", now}};
}

}  // namespace

json simulated_node(const NodeLook& look, const std::string& now) {
  json amounts = {{"cpu", "96"},
                  {"memory", "1056763768Ki"},
                  {"ephemeral-storage", "512Gi"},
                  {"pods", "110"}};
  if (look.accelerators > 0) amounts[look.accelerator] = std::to_string(look.accelerators);
  json labels = {{"kubernetes.io/hostname", look.name},
                 {"kubernetes.io/os", "linux"},
                 {"kubernetes.io/arch", "amd64"}};
  for (const auto& [key, value] : look.labels) labels[key] = value;
  json metadata = {{"name", look.name}, {"labels", std::move(labels)}};
  if (!look.annotations.empty()) metadata["annotations"] = look.annotations;
  return {{"metadata", std::move(metadata)},
          {"spec", {{"providerID", "sandbox://" + look.name}}},
          {"status",
           {{"capacity", amounts},
            {"allocatable", amounts},
            {"addresses",
             {{{"type", "InternalIP"},
               {"address", fmt::format("10.0.{}.{}", look.number / 200, look.number % 200 + 10)}},
              {{"type", "Hostname"}, {"address", look.name}}}},
            {"conditions",
             {node_condition("MemoryPressure", "False", "KubeletHasSufficientMemory", now),
              node_condition("DiskPressure", "False", "KubeletHasNoDiskPressure", now),
              node_condition("Ready", "True", "KubeletReady", now)}},
            {"nodeInfo",
             {{"kubeletVersion", "v1.37.2"},
              {"osImage", "Sandbox"},
              {"kernelVersion", "6.1.0"},
              {"containerRuntimeVersion", "simulated://1"},
              {"architecture", "amd64"},
              {"operatingSystem", "linux"},
              {"machineID", ""},
              {"systemUUID", ""},
              {"bootID", ""},
              {"kubeProxyVersion", ""}}}}}};
}

}  // namespace poolscaler::simulation
