#include "object_store.hpp"

#include <algorithm>
#include <ranges>

#include <nlohmann/json.hpp>

#include "poolscaler/base/check.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

auto first_after(const std::deque<Change>& history, std::uint64_t revision) {
  return std::ranges::upper_bound(history, revision, {}, &Change::revision);
}

}  // namespace

std::string object_key(const std::string& ns, const std::string& name) { return ns + "/" + name; }

std::string object_key(const json& object) {
  const auto& metadata = object.at("metadata");
  return object_key(metadata.value("namespace", ""), metadata.at("name").get<std::string>());
}

Object ObjectStore::find(const std::string& storage, const std::string& key) const {
  const auto& objects = all(storage);
  const auto found = objects.find(key);
  return found == objects.end() ? nullptr : found->second;
}

const Objects& ObjectStore::all(const std::string& storage) const {
  static const Objects none;
  const auto found = collections_.find(storage);
  return found == collections_.end() ? none : found->second.objects;
}

std::vector<std::string> ObjectStore::storages() const {
  std::vector<std::string> names;
  for (const auto& [name, collection] : collections_) names.push_back(name);
  return names;
}

void ObjectStore::record(Collection& collection, Change change) {
  collection.history.push_back(std::move(change));
  if (collection.history.size() <= history_max_) return;
  collection.forgotten = collection.history.front().revision;
  collection.history.pop_front();
}

Object ObjectStore::put(const std::string& storage, json object) {
  auto& collection = collections_[storage];
  const auto key = object_key(object);
  object["metadata"]["resourceVersion"] = std::to_string(++revision_);
  auto stored = std::make_shared<const json>(std::move(object));
  auto& place = collection.objects[key];
  const auto type = place ? ChangeType::Modified : ChangeType::Added;
  if (!place) ++size_;
  record(collection, {.revision = revision_,
                      .type = type,
                      .key = key,
                      .object = stored,
                      .previous = std::exchange(place, stored)});
  return stored;
}

Object ObjectStore::remove(const std::string& storage, json last) {
  auto& collection = collections_[storage];
  const auto key = object_key(last);
  const auto found = collection.objects.find(key);
  CHECK(found != collection.objects.end(), "only what is stored is removed");
  last["metadata"]["resourceVersion"] = std::to_string(++revision_);
  auto gone = std::make_shared<const json>(std::move(last));
  record(collection, {.revision = revision_,
                      .type = ChangeType::Deleted,
                      .key = key,
                      .object = gone,
                      .previous = found->second});
  collection.objects.erase(found);
  --size_;
  return gone;
}

std::uint64_t ObjectStore::oldest_known(const std::string& storage) const {
  const auto found = collections_.find(storage);
  return std::max(compacted_, found == collections_.end() ? 0 : found->second.forgotten);
}

std::vector<Change> ObjectStore::since(const std::string& storage, std::uint64_t revision) const {
  const auto found = collections_.find(storage);
  if (found == collections_.end()) return {};
  const auto& history = found->second.history;
  return {first_after(history, revision), history.end()};
}

std::optional<Objects> ObjectStore::as_of(const std::string& storage,
                                          std::uint64_t revision) const {
  if (revision < oldest_known(storage)) return std::nullopt;
  auto objects = all(storage);
  for (const auto& change : since(storage, revision) | std::views::reverse) {
    if (change.previous) {
      objects[change.key] = change.previous;
    } else {
      objects.erase(change.key);
    }
  }
  return objects;
}

void ObjectStore::compact() {
  compacted_ = revision_;
  for (auto& [name, collection] : collections_) collection.history.clear();
}

}  // namespace poolscaler::simulation
