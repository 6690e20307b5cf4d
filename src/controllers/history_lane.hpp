// HistoryLane: asks for the past of signals and learns from it, one policy after the other, on a
// thread of its own, so that a long answer or a source that hangs delays no reading. Without a
// thread (tests, and a fleet that is stepped by hand) a question is answered at once.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "poolscaler/domain/names.hpp"
#include "poolscaler/engine/forecast.hpp"
#include "poolscaler/ports/metric_reader.hpp"

namespace poolscaler::controllers {

struct HistoryQuestion {
  ObjectKey policy;
  std::shared_ptr<const ScalingPolicy> spec;  // that the queries were made of
  std::vector<std::size_t> signals;           // that are forecast
  std::vector<HistoryQuery> queries;          // one for each of them
  Seconds horizon;
};

struct HistoryAnswer {
  ObjectKey policy;
  std::shared_ptr<const ScalingPolicy> spec;
  std::vector<LearnedPast> pasts;  // one per signal of the spec
};

class HistoryLane {
 public:
  HistoryLane(MetricReader& reader, bool on_own_thread);
  ~HistoryLane();  // cancels what is being asked
  HistoryLane(const HistoryLane&) = delete;
  HistoryLane& operator=(const HistoryLane&) = delete;

  void on_answer(std::function<void()> notify) { notify_ = std::move(notify); }
  /// False while an earlier question is not answered; then nothing may be asked.
  [[nodiscard]] bool is_free() const;
  void ask(HistoryQuestion question);
  [[nodiscard]] std::vector<HistoryAnswer> take_answers();

 private:
  void run(std::stop_token stop);
  void answer(const HistoryQuestion& question, const std::stop_token& stop);

  MetricReader& reader_;
  std::function<void()> notify_;
  mutable std::mutex mutex_;
  std::condition_variable_any work_;
  std::optional<HistoryQuestion> question_;
  bool busy_ = false;
  std::vector<HistoryAnswer> answers_;
  std::jthread thread_;
};

/// The values in their places, NaN where there was none, from the first one to the query's end.
[[nodiscard]] engine::Past past_of(const HistoryQuery& query,
                                   const std::vector<TimedValue>& values);

}  // namespace poolscaler::controllers
