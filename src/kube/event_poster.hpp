// Posts events on a thread of its own, so that nobody waits for them: a bounded queue in front,
// series behind, up to twelve tries for each. What does not fit or cannot be sent is dropped and
// counted.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "event_body.hpp"
#include "event_series.hpp"
#include "poolscaler/base/clock.hpp"
#include "poolscaler/base/random.hpp"
#include "poolscaler/kube/client.hpp"
#include "poolscaler/kube/writer.hpp"

namespace poolscaler::kube {

class Writer::EventPoster {
 public:
  EventPoster(const Client& client, const Clock& clock, const WriterOptions& options);
  ~EventPoster();

  void note(EventNote event);
  void flush(Millis limit);
  [[nodiscard]] EventCounts counts() const;

 private:
  struct Queued {
    EventNote note;
    Instant at;
  };
  void run(std::stop_token stop);
  void send(EventSeries::Due due, std::stop_token stop);
  void create(const EventToCreate& event, std::stop_token stop);
  void update(const EventToUpdate& event, std::stop_token stop);
  [[nodiscard]] Result<void> send_patiently(const Request& request, std::stop_token stop);
  void count(bool sent);

  const Client& client_;
  const Clock& clock_;
  const WriterOptions& options_;
  const Reporter reporter_;
  EventSeries series_;  // the thread's own
  Random random_;       // the thread's own

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Queued> queue_;
  bool busy_ = false;
  EventCounts counts_;
  std::jthread thread_;  // last, so that it is joined before the rest goes
};

}  // namespace poolscaler::kube
