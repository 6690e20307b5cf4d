// One workload of a run: what arrives, what decides on it, its replicas, and what it came to. It
// says when something happens to it next, and does that when it is told to; between two such
// moments all of it stays as it is, so its time passes with its own events alone.
//
// What is called for each request is defined here, so that a run of one costs no calls.
#pragma once

#include <algorithm>
#include <compare>
#include <deque>
#include <optional>
#include <vector>

#include "completions.hpp"
#include "fleet.hpp"
#include "poolscaler/simulation/replay/shared.hpp"

namespace poolscaler::replay {

inline constexpr Micros never = Micros::max();

/// What happens at one instant, in this order.
enum class Step { Completion, Nodes, Ready, HandOut, Arrival, Decision };

struct Due {
  Micros at;
  Step step;
  auto operator<=>(const Due&) const = default;
};

class Workload {
 public:
  /// `housing` is nullptr where replicas need no room.
  Workload(const Part& part, const Setup& setup, const Interval& measured, Housing* housing);
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;
  ~Workload() = default;

  void begin_with(std::int32_t replicas);

  [[nodiscard]] Due next() const {
    Due due{completions_.next(), Step::Completion};
    const auto sooner = [&due](Micros at, Step step) {
      if (at < due.at) due = {at, step};
    };
    if (const auto ready = fleet_.next_ready()) sooner(*ready, Step::Ready);
    if (hand_out_) sooner(now_, Step::HandOut);
    sooner(next_arrival(), Step::Arrival);
    sooner(next_evaluation_, Step::Decision);
    return due;
  }

  void pass_to(Micros time) {
    if (time <= now_) return;
    const auto from = std::max(now_, measured_.begin);
    const auto to = std::min(time, measured_.end);
    if (to > from) tally_.replica_micros += (to - from).count() * fleet_.paid();
    inflight_micros_ +=
        (time - now_).count() * (static_cast<std::int64_t>(waiting_.size()) + fleet_.running());
    now_ = time;
  }

  // The steps, at the time that has been passed to.
  void complete() {
    fleet_.end_request(completions_.take());
    hand_out_ = !waiting_.empty();
  }
  void make_ready() {
    fleet_.make_ready();
    hand_out_ = !waiting_.empty();
  }
  void hand_out() {
    hand_out_ = false;
    while (!waiting_.empty() && fleet_.has_free_slot()) {
      const auto request = waiting_.front();
      waiting_.pop_front();
      begin_service(request);
    }
  }
  void arrive() {
    const auto index = arrived_++;
    if (waiting_.empty() && fleet_.has_free_slot()) {
      begin_service(index);
    } else {
      waiting_.push_back(index);
    }
  }
  /// Decides as if there were no bounds; whether there is something to conclude.
  bool consider();
  /// Does what was decided, as far as it is granted; nullptr: all of it is. The next decision is
  /// planned.
  void conclude(const Grant* grant);

  /// It decides at once, due or not, but once at an instant.
  void call(Micros now);

  // What nodes do to its replicas.
  void put_back(ReplicaId replica);
  void replace(ReplicaId replica);
  [[nodiscard]] std::optional<Micros> waits_since() const { return fleet_.waits_since(); }
  bool house_oldest() { return fleet_.house_oldest(now_); }

  /// Replicas that are asked for.
  [[nodiscard]] std::int32_t current() const { return fleet_.starting() + fleet_.ready(); }
  [[nodiscard]] std::int32_t waiting_for_room() const { return fleet_.waiting(); }
  /// What it wants, or wanted not long ago.
  [[nodiscard]] std::int32_t wanted(Micros now) const;
  [[nodiscard]] std::int32_t priority() const { return part_.drawing.cost.priority; }
  [[nodiscard]] std::int32_t replicas_at_start() const {
    return replay::replicas_at_start(load_, setup_, scaler_);
  }

  /// Tells the courses and the recorder where things stand.
  void note_change() {
    if (is_measured(now_)) tally_.most_replicas = std::max(tally_.most_replicas, fleet_.paid());
    if (part_.recorder != nullptr)
      part_.recorder->replicas(now_, {.starting = fleet_.starting(),
                                      .ready = fleet_.ready(),
                                      .draining = fleet_.draining()});
    if (!courses_.empty()) note_courses();
  }

  /// Measured requests that have not started.
  [[nodiscard]] std::int64_t left() const { return left_; }
  /// What still waits so long after the trace will wait for ever.
  void give_up();
  [[nodiscard]] Tally end();
  [[nodiscard]] const ReasonCounts& capped() const { return capped_; }

 private:
  struct Watch {
    Meaning meaning;
    Course course;
  };
  /// What was wanted last, and how long that holds.
  struct Memo {
    std::int32_t wanted;
    Micros until;
  };

  [[nodiscard]] bool is_measured(Micros at) const {
    return measured_.begin <= at && at <= measured_.end;
  }
  [[nodiscard]] Micros next_arrival() const {
    return arrived_ < load_.requests.size() ? load_.requests[arrived_].arrival : never;
  }

  void begin_service(std::size_t index) {
    const auto& request = load_.requests[index];
    completions_.add(
        {.ends = now_ + request.service, .request = index, .replica = fleet_.take_request()});
    if (!is_measured(request.arrival)) return;
    count_wait(now_ - request.arrival);
    if (part_.recorder != nullptr) part_.recorder->started(request.arrival, now_);
  }

  void count_wait(Micros wait) {
    --left_;
    ++tally_.requests;
    if (wait > setup_.delayed_above) ++tally_.delayed;
    if (wait > Micros(0)) tally_.waits.push_back(wait);
  }

  [[nodiscard]] Sight look();
  void plan_evaluation();
  [[nodiscard]] std::optional<Micros> quiet_until() const;
  void start_again(const Request& request, Micros at);
  void scale(std::int32_t current, std::int32_t wanted);
  void note_courses();

  const Part& part_;
  const Load& load_;
  const Setup& setup_;
  Scaler& scaler_;
  const Interval measured_;
  Completions completions_;
  const bool has_housing_;
  Fleet fleet_;
  std::deque<std::size_t> waiting_;
  std::vector<Watch> courses_;
  Tally tally_;
  ReasonCounts capped_{};
  Micros now_{0};
  Micros next_evaluation_{0};
  std::size_t arrived_ = 0;
  std::size_t minute_ago_ = 0;
  std::size_t sample_ = 0;
  std::int64_t inflight_micros_ = 0;
  std::int64_t left_ = 0;
  bool hand_out_ = false;
  std::optional<Micros> called_at_{};
  Sight sight_{.now = {}};         // of the last decision
  std::optional<Wanted> wanted_{};  // between consider() and conclude()
  std::optional<Memo> memo_{};
};

}  // namespace poolscaler::replay
