// ObjectStore: the etcd of the sandbox. One revision counts all writes; each resource keeps its
// objects and a bounded history of changes, out of which watches are fed and past lists rebuilt.
//
// Invariant: a stored object is never modified, only replaced; its metadata.resourceVersion is the
// revision that stored it. Not thread-safe: the world's mutex guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace poolscaler::simulation {

using Object = std::shared_ptr<const nlohmann::json>;
/// By "namespace/name", or "/name" when cluster-scoped.
using Objects = std::map<std::string, Object>;

[[nodiscard]] std::string object_key(const std::string& ns, const std::string& name);
[[nodiscard]] std::string object_key(const nlohmann::json& object);

enum class ChangeType { Added, Modified, Deleted };

struct Change {
  std::uint64_t revision;
  ChangeType type;
  std::string key;
  Object object;    // after the change; of a deletion: the last state, with the deletion's revision
  Object previous;  // null when added
};

class ObjectStore {
 public:
  explicit ObjectStore(std::size_t history_max) : history_max_(history_max) {}

  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Object find(const std::string& storage, const std::string& key) const;
  [[nodiscard]] const Objects& all(const std::string& storage) const;
  [[nodiscard]] std::vector<std::string> storages() const;

  /// Stores it as new or instead of what is there; returns it with its resourceVersion.
  Object put(const std::string& storage, nlohmann::json object);
  /// `last` is the final state to tell the watchers.
  Object remove(const std::string& storage, nlohmann::json last);

  /// The oldest revision from which the changes of this resource are still known.
  [[nodiscard]] std::uint64_t oldest_known(const std::string& storage) const;
  /// The changes after `revision`, which must not be older than oldest_known().
  [[nodiscard]] std::vector<Change> since(const std::string& storage, std::uint64_t revision) const;
  /// What there was at `revision`; nothing when that is forgotten.
  [[nodiscard]] std::optional<Objects> as_of(const std::string& storage,
                                             std::uint64_t revision) const;
  void compact();

 private:
  struct Collection {
    Objects objects;
    std::deque<Change> history;
    std::uint64_t forgotten = 0;  // changes up to and with this revision are gone
  };
  void record(Collection& collection, Change change);

  std::size_t history_max_;
  std::uint64_t revision_ = 1;
  std::uint64_t compacted_ = 0;
  std::size_t size_ = 0;
  std::map<std::string, Collection> collections_;
};

}  // namespace poolscaler::simulation
