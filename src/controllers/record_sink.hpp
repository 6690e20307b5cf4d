// RecordSink: a ChangeSink that decodes outside the lock and applies under it. A list is staged and
// swapped in at once; what it does not name, within the sink's namespace, is erased.
#pragma once

#include <exception>
#include <functional>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "decode.hpp"
#include "poolscaler/controllers/cluster_state.hpp"
#include "poolscaler/ports/change_sink.hpp"

namespace poolscaler::controllers {

/// How far a sink is; guarded by the state's lock.
class SyncedSink : public ChangeSink {
 public:
  [[nodiscard]] virtual const SyncState& sync() const = 0;
};

struct SinkPlace {
  std::string resource;
  std::string ns;                 // empty: all namespaces
  bool is_target_kind = false;
  bool absence_is_empty = false;  // NotFound counts as an empty, synced collection
  bool is_ours = false;           // a CRD of this operator: without it, say how to install it
  bool is_apart = false;          // only policies with a pool wait for it
};

/// What a sink does with records. decode() is called without the lock and must take it for what it
/// looks up; the others are called under it.
template <class Record>
struct RecordStore {
  std::function<std::optional<Record>(const nlohmann::json&, const ObjectMeta&)> decode;
  std::function<void(const ObjectKey&, Record&&)> put;
  std::function<void(const ObjectKey&)> erase;
  std::function<std::vector<ObjectKey>(const std::string& ns)> keys;
};

template <class Record>
class RecordSink final : public SyncedSink {
 public:
  RecordSink(SinkPlace place, RecordStore<Record> store, std::mutex& mutex,
             std::function<void()> changed)
      : place_(std::move(place)),
        store_(std::move(store)),
        mutex_(mutex),
        changed_(std::move(changed)) {
    sync_.resource = place_.resource;
    sync_.ns = place_.ns;
    sync_.is_target_kind = place_.is_target_kind;
    sync_.is_apart = place_.is_apart;
  }

  void replace_begin() override { staged_.clear(); }

  void replace_item(const nlohmann::json& object) override {
    if (auto decoded = decode(object)) staged_.push_back(*std::move(decoded));
  }

  void replace_end() override {
    {
      const std::scoped_lock lock(mutex_);
      std::set<ObjectKey> gone;
      for (auto& key : store_.keys(place_.ns)) gone.insert(std::move(key));
      for (auto& [key, record] : staged_) {
        if (!record) continue;
        gone.erase(key);
        store_.put(key, *std::move(record));
      }
      for (const auto& key : gone) store_.erase(key);
      sync_.synced = true;
      sync_.error.clear();
      sync_.forbidden = false;
      sync_.not_installed = false;
    }
    staged_ = {};
    changed_();
  }

  void upsert(const nlohmann::json& object) override {
    auto decoded = decode(object);
    if (!decoded) return;
    {
      const std::scoped_lock lock(mutex_);
      if (decoded->second)
        store_.put(decoded->first, *std::move(decoded->second));
      else
        store_.erase(decoded->first);
    }
    changed_();
  }

  void remove(const nlohmann::json& last_known) override {
    const auto meta = read_meta(last_known);
    if (!meta) return;
    {
      const std::scoped_lock lock(mutex_);
      store_.erase(meta->key);
    }
    changed_();
  }

  void failing(const Error* error) override {
    {
      const std::scoped_lock lock(mutex_);
      const bool absent = error != nullptr && error->kind == ErrorKind::NotFound;
      sync_.error = error == nullptr ? std::string() : error->message;
      sync_.forbidden = error != nullptr && error->kind == ErrorKind::Forbidden;
      sync_.not_installed = absent && place_.is_ours;
      if (sync_.not_installed)
        sync_.error = "its CustomResourceDefinition is not installed: run `poolscaler print crd | "
                      "kubectl apply -f -`, or install the chart (" + error->message + ")";
      if (absent && place_.absence_is_empty) {
        for (const auto& key : store_.keys(place_.ns)) store_.erase(key);
        sync_.synced = true;
        if (!place_.is_ours) sync_.error.clear();
      }
    }
    changed_();
  }

  [[nodiscard]] const SyncState& sync() const override { return sync_; }

 private:
  using Decoded = std::pair<ObjectKey, std::optional<Record>>;

  std::optional<Decoded> decode(const nlohmann::json& object) const {
    auto meta = read_meta(object);
    if (!meta) return std::nullopt;
    auto record = store_.decode(object, *meta);
    return Decoded(std::move(meta->key), std::move(record));
  }

  SinkPlace place_;
  RecordStore<Record> store_;
  std::mutex& mutex_;
  std::function<void()> changed_;
  std::vector<Decoded> staged_;  // of the watcher's thread alone
  SyncState sync_;
};

}  // namespace poolscaler::controllers
