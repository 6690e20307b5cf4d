// ReadLanes: asks metric sources on threads of its own, so that a source that hangs delays nobody
// but the policies that read it. One batch per lane at a time; without threads (tests, and a fleet
// that is stepped by hand) a batch is read at once.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/domain/names.hpp"
#include "poolscaler/ports/metric_reader.hpp"
#include "poolscaler/telemetry/metrics.hpp"
#include "wake.hpp"

namespace poolscaler::controllers {

/// A policy in a batch and where its signals' readings stand.
struct BatchEntry {
  ObjectKey policy;
  bool wake;
  Millis planned;
  /// Per signal of the policy: index into the batch's queries, or -1 when it is not asked.
  std::vector<int> query_of_signal;
  const void* spec;  // identity of the spec that the queries were made of
};

struct ReadBatch {
  std::string lane;
  telemetry::RoundKind kind = telemetry::RoundKind::Regular;
  Millis began{0};
  Millis deadline{0};
  std::vector<BatchEntry> entries{};
  std::vector<SignalQuery> queries{};
  std::vector<SignalReading> readings{};  // once read
  /// Set: no queries are read, but the lookout looks.
  std::shared_ptr<const Watch> watch{};
  std::vector<std::size_t> sighted{};  // signals of the watch, once looked

  [[nodiscard]] bool asks() const { return watch || !queries.empty(); }
};

class ReadLanes {
 public:
  /// `threads` 0: submit() reads on the caller's thread.
  ReadLanes(MetricReader& reader, unsigned threads);
  ~ReadLanes();  // cancels what is being read
  ReadLanes(const ReadLanes&) = delete;
  ReadLanes& operator=(const ReadLanes&) = delete;

  void on_read(std::function<void()> notify) { notify_ = std::move(notify); }
  /// False while an earlier batch of the same lane is not back.
  [[nodiscard]] bool is_free(const std::string& lane) const;
  void submit(ReadBatch batch);
  [[nodiscard]] std::vector<ReadBatch> take_read();

 private:
  void run(std::stop_token stop);
  void read(ReadBatch batch, std::stop_token stop);

  MetricReader& reader_;
  std::function<void()> notify_;
  mutable std::mutex mutex_;
  std::condition_variable_any work_;
  std::deque<ReadBatch> waiting_;
  std::vector<ReadBatch> read_;
  std::set<std::string> busy_;
  std::vector<std::jthread> threads_;
};

}  // namespace poolscaler::controllers
