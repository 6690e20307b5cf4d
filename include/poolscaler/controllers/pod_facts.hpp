// What is kept of each pod for signals of its own cpu and memory: when it became what it is, and
// what its containers request. Pods made from one template share one record of requests.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::controllers {

struct ResourceRequests {
  std::optional<std::int64_t> cpu_milli{};
  std::optional<std::int64_t> memory_milli{};  // 1000 is one byte
  bool operator==(const ResourceRequests&) const = default;
  [[nodiscard]] std::optional<std::int64_t> of(Resource resource) const {
    return resource == Resource::Cpu ? cpu_milli : memory_milli;
  }
};

struct PodRequests {
  struct Container {
    std::string name;
    ResourceRequests requests;
    bool operator==(const Container&) const = default;
  };
  ResourceRequests of_pod{};  // where the pod as a whole says so
  std::vector<Container> containers{};
  bool operator==(const PodRequests&) const = default;

  [[nodiscard]] bool has(const std::string& container) const;
  /// Of one container, or of all together when `container` is empty; nothing when one of them does
  /// not say. A container that the pod does not have requests 0.
  [[nodiscard]] std::optional<std::int64_t> request(const PodResource& resource) const;
};

enum class ReadyCondition : std::uint8_t { None, False, True };

struct PodFacts {
  Instant started{};        // the epoch: it has not started
  Instant ready_changed{};  // the epoch: not known
  ReadyCondition ready = ReadyCondition::None;
  bool pending = false;
  std::shared_ptr<const PodRequests> requests{};
};

struct NamedPod {
  std::string name;
  PodFacts facts;
};

/// What is missing or malformed counts as not said.
[[nodiscard]] PodFacts read_pod_facts(const nlohmann::json& pod);

}  // namespace poolscaler::controllers
