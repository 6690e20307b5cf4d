// What decides in a replay, and what it sees: the production engine and each peer are a Scaler.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "poolscaler/domain/observation.hpp"
#include "poolscaler/domain/reason.hpp"
#include "poolscaler/simulation/replay/load.hpp"

namespace poolscaler::replay {

/// What a scaler can ask the past for.
enum class Meaning {
  Queue,        // requests that wait
  Running,      // requests that run, on draining replicas too
  Inflight,     // both
  Utilization,  // running on ready replicas / their slots; none without ready replicas
  Rate,         // arrivals a second, over the last 60 s
  Value,        // the value of a metric trace
};

/// The course of one value: a step function that is none at times, and its integral.
class Course {
 public:
  explicit Course(Micros reach) : reach_(reach) {}

  /// From `at` on it is `value`; times never go back.
  void change(Micros at, std::optional<double> value);
  /// Over [now - window, now], as far as there is a past; nullopt where it had no value at all.
  [[nodiscard]] std::optional<double> average(Micros now, Micros window) const;
  [[nodiscard]] std::optional<double> most(Micros now, Micros window) const;
  [[nodiscard]] std::optional<double> least(Micros now, Micros window) const;
  /// At `time`, or at the earliest time that is kept.
  [[nodiscard]] std::optional<double> value(Micros time) const;

 private:
  struct Point {
    Micros at;
    std::optional<double> value;
    long double integral;  // of the value up to `at`, in units of value and microsecond
    Micros known;          // how long there was a value up to `at`
  };
  [[nodiscard]] Point at(Micros time) const;
  template <class Better>
  [[nodiscard]] std::optional<double> extreme(Micros now, Micros window, Better better) const;

  Micros reach_;
  std::deque<Point> points_;
};

/// The state of the replicas and requests at one evaluation.
struct Sight {
  Micros now;
  std::int64_t waiting = 0;
  std::int64_t running = 0;           // on draining replicas too
  std::int64_t running_on_ready = 0;
  std::int32_t ready = 0;
  std::int32_t starting = 0;
  int slots = 1;
  std::int64_t arrivals = 0;          // since the start of the trace
  std::int64_t arrivals_last_minute = 0;
  std::int64_t inflight_micros = 0;   // integral of waiting + running since the start
  std::optional<double> value{};      // of a metric trace
  std::optional<Micros> youngest{};      // when the youngest replica was asked for
  std::optional<Micros> latest_ready{};  // when the last of those ready became so
  /// The pool has something for it, or takes something: it decides now, whether it is due or not.
  bool called = false;

  [[nodiscard]] std::int32_t current() const { return starting + ready; }
  [[nodiscard]] std::int64_t inflight() const { return waiting + running; }
  [[nodiscard]] std::optional<double> utilization() const;
  [[nodiscard]] std::optional<double> reading(Meaning meaning) const;
};

struct Wanted {
  std::int32_t replicas;
  std::optional<Reason> reason{};  // the engine's; peers give none
  /// Rounds before this one that were passed over, since they would have come to the same.
  std::int64_t passed_over = 0;
};

/// A window over the course of one meaning. That of Rate is the number of arrivals so far.
struct Watched {
  Meaning meaning;
  Micros window;
};

class Scaler {
 public:
  virtual ~Scaler() = default;
  [[nodiscard]] virtual std::int32_t min_replicas() const = 0;
  [[nodiscard]] virtual std::int32_t max_replicas() const = 0;
  /// The first evaluation after `now` that may come to anything else; at zero it may be sooner than
  /// the next round. While no request waits or runs, `quiet_until` is when that may change.
  [[nodiscard]] virtual Micros next_evaluation(Micros now, std::int32_t current,
                                               std::optional<Micros> quiet_until) const = 0;
  /// Decides; takes effect at once. nullopt: this was a look without a decision.
  [[nodiscard]] virtual std::optional<Wanted> evaluate(const Sight& sight) = 0;
  /// Announces that keep_to() may follow an evaluation; told before the first one.
  virtual void expect_limits() {}
  /// Decides what was decided last once more, as far as money and nodes go.
  [[nodiscard]] virtual Wanted keep_to(const Grant& grant) {
    return {.replicas = grant.most, .reason = grant.reason};
  }
  /// The courses that `evaluate` will ask for, to be kept by the replay; asked once.
  [[nodiscard]] virtual std::vector<Watched> watches() const { return {}; }
  /// Hands over the course of watches()[index], which lives as long as the replay.
  virtual void see(std::size_t /*index*/, const Course& /*course*/) {}
};

}  // namespace poolscaler::replay
