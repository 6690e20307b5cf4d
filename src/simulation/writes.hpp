// Create, update, patch, apply and delete: what happens between a request that changes something
// and the store. The caller holds the world's mutex.
#pragma once

#include <string>
#include <vector>

#include "api_request.hpp"
#include "object_store.hpp"
#include "world.hpp"

namespace poolscaler::simulation {

struct Written {
  int code = 200;
  Object object;                        // in stored form
  std::vector<std::string> warnings{};  // for Warning headers
  bool removed = false;                 // answered with a Status in place of the object
};

[[nodiscard]] Outcome<Written> create(WorldParts& world, const Kind& kind,
                                      const ApiRequest& request);
/// PUT and PATCH, of the object or of its status.
[[nodiscard]] Outcome<Written> update(WorldParts& world, const Kind& kind,
                                      const ApiRequest& request);
[[nodiscard]] Outcome<Written> remove(WorldParts& world, const Kind& kind,
                                      const ApiRequest& request);
/// Each object of the collection that the request selects.
[[nodiscard]] Outcome<std::vector<Object>> remove_all(WorldParts& world, const Kind& kind,
                                                      const ApiRequest& request);

/// The object that a request names. Errors: 404.
[[nodiscard]] Outcome<Object> existing(const WorldParts& world, const Kind& kind,
                                       const ApiRequest& request);
/// Replaces `before` by `object`: preconditions, generation, field managers, finalizers, no-ops.
[[nodiscard]] Outcome<Written> store_update(WorldParts& world, const Kind& kind,
                                            const ApiRequest& request, const Object& before,
                                            nlohmann::json object);

/// Deletes as a client would, with grace, finalizers and all; for the controllers.
Object remove_object(WorldParts& world, const Kind& kind, const nlohmann::json& object,
                     std::int64_t grace_seconds);

}  // namespace poolscaler::simulation
