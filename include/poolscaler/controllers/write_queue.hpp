// WriteQueue: what decisions want written, in classes: from zero, other growth, shrinking, status.
// Node groups that grow are growth; they shrink, and nodes are cordoned and emptied, in the class
// of shrinking.
//
// Guarantees: a better class goes first; writes of one object never overlap; the latest write that
// waits for an object replaces an older one; 429 pauses its class for as long as the server asked,
// and no other class; a server that does not answer is asked less and less often. Nothing is sent
// twice from here: a write that failed is reported, and whoever decides decides anew. Bounded by
// the number of objects, since each has one slot per kind.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/base/result.hpp"
#include "poolscaler/ports/cluster_writer.hpp"
#include "poolscaler/telemetry/metrics.hpp"

namespace poolscaler::controllers {

/// Whose write it is. Keys are those of the objects; of a Group its pool and its name.
struct WriteSlot {
  enum class What {
    Scale,  // of a policy's target
    Status,
    SourceStatus,
    Group,
    Node,      // its cordon
    Machine,   // the mark of a node's machine
    Eviction,  // of a pod
    PoolStatus,
    BudgetStatus
  };
  What what;
  ObjectKey key;
  auto operator<=>(const WriteSlot&) const = default;
};

using NodeWrite = std::variant<NodeCordon, NodeUncordon, MachineMark, PodEviction>;

struct WriteDone {
  WriteSlot slot;
  std::uint64_t ticket = 0;  // of put_scale or put_status
  std::optional<Error> error{};
  ScaleWritten scale{};  // of a scale write without error
  GroupWritten group{};
  EvictionAnswer eviction{};
  std::string resource_version{};  // of a status
};

/// Thread-safe.
class WriteQueue {
 public:
  /// What is borrowed must outlive the queue.
  WriteQueue(ClusterWriter& writer, telemetry::Metrics& metrics, const Clock& clock);

  /// Called, outside any lock, after each write. Set once, before the first worker runs.
  void on_done(std::function<void()> notify) { notify_ = std::move(notify); }

  /// Both return a ticket that the WriteDone will carry; a write that is replaced or withdrawn is
  /// never reported.
  std::uint64_t put_scale(const ObjectKey& policy, telemetry::WriteClass write_class,
                          ScaleWrite write);
  std::uint64_t put_status(WriteSlot slot, StatusWrite write);
  std::uint64_t put_group(const ObjectKey& group, telemetry::WriteClass write_class,
                          GroupWrite write);
  std::uint64_t put_node_write(const WriteSlot& slot, NodeWrite write);
  /// It waits, or is being sent.
  [[nodiscard]] bool holds(const WriteSlot& slot) const;
  /// Takes back what still waits; false when it is being sent, or is not there.
  bool withdraw(const WriteSlot& slot);

  /// Sends the most urgent write that may be sent now; false when there is none.
  bool send_next(std::stop_token stop);
  /// What has been done since the last call, in the order of completion.
  [[nodiscard]] std::vector<WriteDone> take_done();

  /// A worker: sends until `stop`; what waits then is dropped, what is being sent may end, or is
  /// cut short by `abort`.
  void run(std::stop_token stop, std::stop_token abort);
  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] std::size_t sending() const;

 private:
  static constexpr std::size_t class_count = 4;
  struct Job {
    std::uint64_t ticket;
    std::size_t write_class;
    std::variant<ScaleWrite, StatusWrite, GroupWrite, NodeWrite> write;
  };

  std::uint64_t put(const WriteSlot& slot, Job job);
  std::optional<std::pair<WriteSlot, Job>> take_next();
  void send_scale(const ScaleWrite& write, std::size_t write_class, WriteDone& done,
                  const std::stop_token& stop);
  void send_node_write(const NodeWrite& write, WriteDone& done, const std::stop_token& stop);
  [[nodiscard]] WriteDone send(const WriteSlot& slot, const Job& job, std::stop_token stop);
  void finish(const Job& job, WriteDone done);
  void pause(std::size_t write_class, const std::optional<Error>& error);
  void show_depth(std::size_t write_class);
  [[nodiscard]] Millis until_next() const;

  ClusterWriter& writer_;
  telemetry::Metrics& metrics_;
  const Clock& clock_;
  std::function<void()> notify_;

  mutable std::mutex mutex_;
  std::condition_variable_any work_;
  std::uint64_t next_ticket_ = 1;
  std::uint64_t changes_ = 0;  // what a waiting worker looks at
  std::map<WriteSlot, Job> jobs_;
  std::array<std::deque<WriteSlot>, class_count> lines_;  // may hold slots that are gone
  std::array<std::size_t, class_count> depths_{};
  std::array<Millis, class_count> paused_until_{};
  std::array<unsigned, class_count> silences_{};  // unanswered writes in a row
  std::set<WriteSlot> busy_;
  std::vector<WriteDone> done_;
};

}  // namespace poolscaler::controllers
