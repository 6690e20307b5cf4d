// The scale subresource, read: replicas, selector, and what a conditional write needs.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>

#include "poolscaler/kube/client.hpp"

namespace poolscaler::kube {

struct Scale {
  std::string uid;
  std::string resource_version;
  std::int32_t spec_replicas = 0;
  std::int32_t status_replicas = 0;
  std::string selector{};  // label selector of the pods; empty when the kind does not tell
  bool deleting = false;
};

/// Errors: Internal (not a Scale, replicas not an int32), and those of Client::call.
[[nodiscard]] Result<Scale> read_scale(const nlohmann::json& object);
/// A job that can be suspended: 1 replica while it is not. Errors: Internal (`suspend` is no
/// boolean).
[[nodiscard]] Result<Scale> read_suspendable(const nlohmann::json& object);
[[nodiscard]] Result<Scale> get_scale(const Client& client, const Resource& resource,
                                      const ObjectKey& key, std::stop_token stop);

}  // namespace poolscaler::kube
