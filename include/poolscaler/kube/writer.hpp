// Writer: the ClusterWriter of a real cluster. Scales by a conditional merge patch, replaces
// statuses, changes counts and marks of nodes, and posts events.k8s.io/v1 with series, the latter
// on a thread of its own.
//
// Invariant: the gate (`may_write`) is asked immediately before each request is sent; a closed gate
// means Cancelled and nothing sent. No write is retried here: the caller decides anew.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/kube/client.hpp"
#include "poolscaler/kube/discovery.hpp"
#include "poolscaler/ports/cluster_writer.hpp"

namespace poolscaler::kube {

struct WriterOptions {
  std::function<bool()> may_write;
  std::string reporting_instance;                              // the pod's name
  std::string reporting_controller = "poolscaler.dev/operator";
  /// For the whole exchange: a write that waits for a connection is given up before a successor can
  /// hold the lease. At most LeaseOptions: write_margin + duration - renew_deadline.
  Millis write_deadline{5'000};
  std::size_t event_queue_max = 1000;
  std::uint64_t seed = 1;
};

struct EventCounts {
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;  // the queue was full, or the server would not take it
  std::size_t queued = 0;
};

class Writer final : public ClusterWriter {
 public:
  /// Starts the thread of the events. What is borrowed must outlive the writer.
  Writer(const Client& client, Discovery& discovery, const Clock& clock, WriterOptions options);
  /// Stops the thread; what is still queued is dropped (see flush_events).
  ~Writer() override;

  [[nodiscard]] Result<ScaleWritten> write_scale(const ScaleWrite& write,
                                                 std::stop_token stop) override;
  [[nodiscard]] Result<std::string> write_status(const StatusWrite& write,
                                                 std::stop_token stop) override;
  [[nodiscard]] Result<GroupWritten> write_group(const GroupWrite& write,
                                                 std::stop_token stop) override;
  [[nodiscard]] Result<void> cordon(const NodeCordon& write, std::stop_token stop) override;
  [[nodiscard]] Result<void> uncordon(const NodeUncordon& write, std::stop_token stop) override;
  [[nodiscard]] Result<EvictionAnswer> evict_pod(const PodEviction& write,
                                                 std::stop_token stop) override;
  [[nodiscard]] Result<void> mark_machine(const MachineMark& write, std::stop_token stop) override;
  void note_event(EventNote event) override;

  /// Waits until the queue is empty, at most `limit`.
  void flush_events(Millis limit);
  [[nodiscard]] EventCounts event_counts() const;

 private:
  class EventPoster;
  using Change = std::function<Result<nlohmann::json>(const nlohmann::json& object)>;
  [[nodiscard]] Result<void> change(const Resource& resource, const ObjectKey& key,
                                    const Change& change, std::stop_token stop);
  const Client& client_;
  Discovery& discovery_;
  WriterOptions options_;
  std::unique_ptr<EventPoster> events_;
};

}  // namespace poolscaler::kube
