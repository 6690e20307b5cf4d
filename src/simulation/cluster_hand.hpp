// ClusterHand: how the simulated controllers touch the store - typed enough to be short, through
// the same rules as a client (generations, finalizers, grace), without HTTP. The world's mutex is
// held.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "object_store.hpp"
#include "poolscaler/base/time.hpp"
#include "poolscaler/json/members.hpp"
#include "world.hpp"

namespace poolscaler::simulation {

class ClusterHand {
 public:
  ClusterHand(WorldParts& world, Instant now) : world_(world), now_(now) {}

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] std::string time_text() const { return to_rfc3339(now_); }

  /// A snapshot: what is stored while it is gone through does not appear.
  [[nodiscard]] std::vector<Object> all(const std::string& storage) const;
  [[nodiscard]] Object find(const std::string& storage, const std::string& ns,
                            const std::string& name) const;
  /// Those of `storage` whose controller has this UID.
  [[nodiscard]] std::vector<Object> owned(const std::string& storage, const std::string& uid) const;

  /// Fills in metadata (UID, time, generation) and stores.
  Object make(const std::string& api_version, const std::string& kind, nlohmann::json object);
  /// Stores `object` instead of what is there, when it differs; a change outside of status and
  /// metadata raises the generation.
  void replace(const std::string& storage, nlohmann::json object);
  /// Replaces .status alone, when it differs.
  void set_status(const std::string& storage, const Object& object, nlohmann::json status);
  void remove(const std::string& api_version, const Object& object,
              std::int64_t grace_seconds = -1);
  /// At once.
  void erase(const std::string& storage, const Object& object);

  struct Note {
    std::string_view component;
    std::string_view reason;
    std::string message;
    bool warning = false;
  };
  /// An event about `object`; an equal one only counts on.
  void note(const Object& object, const Note& note);

  [[nodiscard]] std::string name_after(const std::string& prefix);

 private:
  WorldParts& world_;
  Instant now_;
};

[[nodiscard]] std::string name_of(const nlohmann::json& object);
[[nodiscard]] std::string namespace_of(const nlohmann::json& object);
[[nodiscard]] std::string uid_of(const nlohmann::json& object);
[[nodiscard]] bool is_deleting(const nlohmann::json& object);
[[nodiscard]] nlohmann::json owner_reference(const nlohmann::json& owner);
/// The condition of this type, or null.
[[nodiscard]] nlohmann::json condition_of(const nlohmann::json& object, std::string_view type);
[[nodiscard]] bool is_ready(const nlohmann::json& pod);
/// The member, or `otherwise`.
[[nodiscard]] nlohmann::json at_or(const nlohmann::json& object, MemberPath path,
                                   nlohmann::json otherwise);

}  // namespace poolscaler::simulation
