#include "event_poster.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace poolscaler::kube {
namespace {

constexpr int tries_max = 12;
constexpr Millis pause_between_tries{10'000};
constexpr std::chrono::seconds housekeeping_period{10};

bool is_worth_another_try(ErrorKind kind) {
  return kind == ErrorKind::Unavailable || kind == ErrorKind::Throttled ||
         kind == ErrorKind::TimedOut || kind == ErrorKind::Unauthorised;
}

}  // namespace

Writer::EventPoster::EventPoster(const Client& client, const Clock& clock,
                                 const WriterOptions& options)
    : client_(client),
      clock_(clock),
      options_(options),
      reporter_{.controller = options.reporting_controller,
                .instance = options.reporting_instance.empty() ? "unknown"
                                                               : options.reporting_instance},
      random_(options.seed),
      thread_([this](std::stop_token stop) { run(stop); }) {}

Writer::EventPoster::~EventPoster() = default;

void Writer::EventPoster::note(EventNote event) {
  const auto at = clock_.now();
  const std::scoped_lock lock(mutex_);
  if (queue_.size() >= options_.event_queue_max) {
    ++counts_.dropped;
    return;
  }
  queue_.push_back({.note = std::move(event), .at = at});
  changed_.notify_all();
}

void Writer::EventPoster::flush(Millis limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [this] { return queue_.empty() && !busy_; });
}

EventCounts Writer::EventPoster::counts() const {
  const std::scoped_lock lock(mutex_);
  auto counts = counts_;
  counts.queued = queue_.size();
  return counts;
}

void Writer::EventPoster::run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait_for(lock, stop, housekeeping_period, [this] { return !queue_.empty(); });
    if (stop.stop_requested()) return;
    std::optional<Queued> next;
    if (!queue_.empty()) {
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    busy_ = true;
    lock.unlock();
    const auto now = clock_.monotonic();
    if (next) send(series_.note(std::move(next->note), next->at, now), stop);
    send(series_.pass(now), stop);
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

void Writer::EventPoster::send(EventSeries::Due due, std::stop_token stop) {
  for (const auto& event : due.create) create(event, stop);
  for (const auto& event : due.update) update(event, stop);
}

void Writer::EventPoster::create(const EventToCreate& event, std::stop_token stop) {
  const auto sent = send_patiently(event_create_request(event, reporter_), stop);
  // A conflict means that it exists: an earlier try arrived although its answer did not.
  const bool there = sent || sent.error().kind == ErrorKind::Conflict;
  if (!there) series_.forget(event.note);
  count(there);
}

void Writer::EventPoster::update(const EventToUpdate& event, std::stop_token stop) {
  const auto sent = send_patiently(event_update_request(event), stop);
  if (!sent) series_.forget(event.note);
  // Events live for an hour; one that has gone is made anew by the next of its kind.
  count(sent || sent.error().kind == ErrorKind::NotFound);
}

Result<void> Writer::EventPoster::send_patiently(const Request& request, std::stop_token stop) {
  for (int attempt = 1;; ++attempt) {
    const auto answer =
        client_.call_once(request, options_.write_deadline, stop, options_.may_write);
    if (answer) return {};
    if (!is_worth_another_try(answer.error().kind) || attempt == tries_max)
      return fail(answer.error());
    const auto spread = 0.75 + 0.5 * random_.fraction();
    const auto pause = Millis(static_cast<std::int64_t>(
        static_cast<double>(pause_between_tries.count()) * spread));
    const auto asked = Millis(Seconds(std::min(answer.error().retry_after_seconds, 60)));
    if (!clock_.sleep_for(std::max(pause, asked), stop)) return fail(answer.error());
  }
}

void Writer::EventPoster::count(bool sent) {
  const std::scoped_lock lock(mutex_);
  ++(sent ? counts_.sent : counts_.dropped);
}

}  // namespace poolscaler::kube
