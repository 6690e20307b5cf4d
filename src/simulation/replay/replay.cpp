#include "poolscaler/simulation/replay/replay.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <limits>
#include <memory>

#include <fmt/format.h>

#include "completions.hpp"
#include "fleet.hpp"
#include "poolscaler/base/text.hpp"
#include "premises.hpp"

namespace poolscaler::replay {
namespace {

constexpr Micros never = Micros::max();
constexpr Micros minute{60'000'000};
/// Against a scaler gone wild, which must not take the machine's memory.
constexpr std::int32_t replicas_max = 100'000;
constexpr std::int64_t events_between_progress = 1 << 16;

class Run {
 public:
  Run(const Load& load, const Setup& setup, Scaler& scaler, const Watching& watching)
      : load_(load),
        setup_(setup),
        scaler_(scaler),
        watching_(watching),
        measured_(measured_of(load, setup).value()),
        completions_(load.constant_service),
        premises_(setup.estate ? std::make_unique<Premises>(*setup.estate, measured_) : nullptr),
        fleet_(setup.slots, setup.cold_start, premises_.get()) {
    auto first = replicas_at_start(load, setup, scaler);
    if (premises_) first = premises_->begin_with(first);
    fleet_.begin_with(first);
    tally_.most_replicas = fleet_.paid();
    for (const auto& request : load.requests) left_ += is_measured(request.arrival) ? 1 : 0;
    if (premises_) scaler.expect_limits();
    const auto watches = scaler.watches();
    courses_.reserve(watches.size());
    for (std::size_t i = 0; i < watches.size(); ++i) {
      courses_.push_back({watches[i].meaning, Course(watches[i].window)});
      scaler_.see(i, courses_.back().course);
    }
    plan_evaluation();
    note_change();
  }

  Tally go() {
    std::int64_t events = 0;
    while (step()) {
      if (++events % events_between_progress != 0 || !watching_.progress) continue;
      if (!watching_.progress(now_)) break;
    }
    pass_to(measured_.end);
    if (premises_) tally_.spending = premises_->spent();
    return std::move(tally_);
  }

 private:
  struct Watch {
    Meaning meaning;
    Course course;
  };

  [[nodiscard]] bool is_measured(Micros at) const {
    return measured_.begin <= at && at <= measured_.end;
  }

  [[nodiscard]] Micros next_arrival() const {
    return arrived_ < load_.requests.size() ? load_.requests[arrived_].arrival : never;
  }

  /// Carries out the next event; false when there is nothing left that counts.
  bool step() {
    const auto completion = completions_.next();
    const auto ready = fleet_.next_ready().value_or(never);
    const auto nodes = premises_ ? premises_->next().value_or(never) : never;
    const auto arrival = next_arrival();
    const auto supply = std::min({completion, nodes, ready});
    if (hand_out_ && supply > now_) {
      hand_out();
      return true;
    }
    const auto next = std::min({supply, arrival, next_evaluation_});
    if (next > measured_.end && left_ == 0) return false;
    if (next > load_.end + grace_after_end) return give_up();
    pass_to(next);
    if (completion == next) {
      fleet_.end_request(completions_.take());
      hand_out_ = !waiting_.empty();
    } else if (nodes == next) {
      change_nodes();
    } else if (ready == next) {
      fleet_.make_ready();
      hand_out_ = !waiting_.empty();
    } else if (arrival == next) {
      arrive();
    } else {
      evaluate();
    }
    if (premises_) fleet_.house(now_);
    note_change();
    return true;
  }

  void pass_to(Micros time) {
    const auto from = std::max(now_, measured_.begin);
    const auto to = std::min(time, measured_.end);
    if (to > from) tally_.replica_micros += (to - from).count() * fleet_.paid();
    if (time <= now_) return;
    if (premises_) premises_->pass(now_, time);
    inflight_micros_ +=
        (time - now_).count() * (static_cast<std::int64_t>(waiting_.size()) + fleet_.running());
    now_ = time;
  }

  void hand_out() {
    hand_out_ = false;
    while (!waiting_.empty() && fleet_.has_free_slot()) {
      const auto request = waiting_.front();
      waiting_.pop_front();
      begin_service(request);
    }
    note_change();
  }

  void arrive() {
    const auto index = arrived_++;
    if (waiting_.empty() && fleet_.has_free_slot()) {
      begin_service(index);
    } else {
      waiting_.push_back(index);
    }
  }

  void begin_service(std::size_t index) {
    const auto& request = load_.requests[index];
    completions_.add(
        {.ends = now_ + request.service, .request = index, .replica = fleet_.take_request()});
    if (!is_measured(request.arrival)) return;
    count_wait(now_ - request.arrival);
    if (watching_.recorder != nullptr) watching_.recorder->started(request.arrival, now_);
  }

  void count_wait(Micros wait) {
    --left_;
    ++tally_.requests;
    if (wait > setup_.delayed_above) ++tally_.delayed;
    if (wait > Micros(0)) tally_.waits.push_back(wait);
  }

  /// What still waits so long after the trace will wait for ever.
  bool give_up() {
    for (const auto index : waiting_) {
      if (!is_measured(load_.requests[index].arrival)) continue;
      ++tally_.unserved;
      count_wait(now_ - load_.requests[index].arrival);
    }
    return false;
  }

  Sight look() {
    while (minute_ago_ < arrived_ && load_.requests[minute_ago_].arrival <= now_ - minute)
      ++minute_ago_;
    while (sample_ < load_.samples.size() && load_.samples[sample_].at <= now_) ++sample_;
    Sight sight{.now = now_,
                .waiting = static_cast<std::int64_t>(waiting_.size()),
                .running = fleet_.running(),
                .running_on_ready = fleet_.running_on_ready(),
                .ready = fleet_.ready(),
                .starting = fleet_.starting(),
                .slots = setup_.slots,
                .arrivals = static_cast<std::int64_t>(arrived_),
                .arrivals_last_minute = static_cast<std::int64_t>(arrived_ - minute_ago_),
                .inflight_micros = inflight_micros_,
                .youngest = fleet_.youngest(),
                .latest_ready = fleet_.latest_ready()};
    if (sample_ > 0) sight.value = load_.samples[sample_ - 1].value;
    return sight;
  }

  void evaluate() {
    if (load_.is_metric() && !courses_.empty()) note_change();
    const auto sight = look();
    if (auto wanted = scaler_.evaluate(sight)) {
      if (premises_) limit(*wanted, sight.current());
      if (is_measured(now_)) {
        const auto rounds = 1 + wanted->passed_over;
        tally_.decisions += rounds;
        if (wanted->reason) tally_.reasons[static_cast<std::size_t>(*wanted->reason)] += rounds;
      }
      if (watching_.recorder != nullptr) watching_.recorder->decided(now_, sight, *wanted);
      scale(sight.current(), std::clamp(wanted->replicas, 0, replicas_max));
    }
    plan_evaluation();
  }

  void plan_evaluation() {
    next_evaluation_ =
        scaler_.next_evaluation(now_, fleet_.starting() + fleet_.ready(), quiet_until());
  }

  /// What is passed over lies either all within what is measured or all outside of it. A recorder
  /// is told of every decision.
  [[nodiscard]] std::optional<Micros> quiet_until() const {
    const bool quiet = waiting_.empty() && fleet_.running() == 0 && fleet_.starting() == 0;
    if (!quiet || watching_.recorder != nullptr || premises_) return std::nullopt;
    if (now_ < measured_.begin) return std::min(next_arrival(), measured_.begin);
    if (now_ <= measured_.end) return std::min(next_arrival(), measured_.end + Micros(1));
    return next_arrival();
  }

  /// What leaves with its node is replaced, and the room for that is asked for at once; requests
  /// that are lost with a node wait again.
  void change_nodes() {
    const auto changes = premises_->happen(now_);
    for (const auto replica : changes.lost) put_back(replica);
    if (changes.leaving.empty()) return;
    for (const auto replica : changes.leaving)
      if (fleet_.replace(replica, now_) && is_measured(now_)) ++tally_.cold_starts;
    const auto current = fleet_.starting() + fleet_.ready();
    static_cast<void>(premises_->decide(now_, current, fleet_.waiting(), {.replicas = current}));
  }

  /// What ran on the replica comes back to its place in the line, which is in the order of arrival.
  void put_back(ReplicaId replica) {
    std::vector<std::size_t> requests;
    for (const auto& one : completions_.interrupt(replica)) {
      requests.push_back(one.request);
      const auto& request = load_.requests[one.request];
      if (is_measured(request.arrival)) start_again(request, one.ends - request.service);
    }
    fleet_.lose(replica);
    std::ranges::sort(requests);
    waiting_.insert(waiting_.begin(), requests.begin(), requests.end());
    std::inplace_merge(waiting_.begin(), waiting_.begin() + std::ssize(requests), waiting_.end());
    hand_out_ = !waiting_.empty();
  }

  /// It will have waited until it starts again; that it had started at `at` counts no more.
  void start_again(const Request& request, Micros at) {
    const auto wait = at - request.arrival;
    ++left_;
    --tally_.requests;
    ++tally_.restarted;
    if (wait > setup_.delayed_above) --tally_.delayed;
    if (wait > Micros(0))
      tally_.waits.erase(
          std::prev(std::find(tally_.waits.rbegin(), tally_.waits.rend(), wait).base()));
    if (watching_.recorder != nullptr) watching_.recorder->interrupted(request.arrival, at);
  }

  /// To what nodes and money admit.
  void limit(Wanted& wanted, std::int32_t current) {
    const auto grant = premises_->decide(now_, current, fleet_.waiting(), wanted);
    if (wanted.replicas <= grant.most) return;
    wanted = scaler_.keep_to(grant);
    if (is_measured(now_)) premises_->note_cut(grant.reason);
  }

  void scale(std::int32_t current, std::int32_t wanted) {
    if (wanted == current) return;
    if (wanted > current) {
      fleet_.start(wanted - current, now_);
      if (is_measured(now_)) {
        tally_.cold_starts += wanted - current;
        tally_.starts_from_zero += current == 0 ? 1 : 0;
      }
    } else {
      fleet_.remove(current - wanted);
    }
  }

  /// Tells the courses and the recorder where things stand.
  void note_change() {
    if (is_measured(now_)) tally_.most_replicas = std::max(tally_.most_replicas, fleet_.paid());
    if (watching_.recorder != nullptr)
      watching_.recorder->replicas(now_, {.starting = fleet_.starting(),
                                          .ready = fleet_.ready(),
                                          .draining = fleet_.draining()});
    if (watching_.recorder != nullptr && premises_)
      watching_.recorder->housed(now_, premises_->nodes(), premises_->rate());
    if (courses_.empty()) return;
    const auto sight = look();
    for (auto& watch : courses_)
      watch.course.change(now_, watch.meaning == Meaning::Rate
                                    ? std::optional(static_cast<double>(sight.arrivals))
                                    : sight.reading(watch.meaning));
  }

  const Load& load_;
  const Setup& setup_;
  Scaler& scaler_;
  const Watching& watching_;
  const Interval measured_;
  Completions completions_;
  std::unique_ptr<Premises> premises_;
  Fleet fleet_;
  std::deque<std::size_t> waiting_;
  std::vector<Watch> courses_;
  Tally tally_;
  Micros now_{0};
  Micros next_evaluation_{0};
  std::size_t arrived_ = 0;
  std::size_t minute_ago_ = 0;
  std::size_t sample_ = 0;
  std::int64_t inflight_micros_ = 0;
  std::int64_t left_ = 0;  // measured requests that have not started
  bool hand_out_ = false;
};

}  // namespace

Result<Interval> measured_of(const Load& load, const Setup& setup) {
  const Micros usual = setup.start == Start::Floor ? Micros(0) : Micros(600'000'000);
  const auto measured =
      setup.measured.value_or(Interval{setup.warm_up.value_or(usual), load.end});
  if (measured.begin < measured.end) return measured;
  return fail(ErrorKind::InvalidInput,
              fmt::format("{}: the trace ends at {} s, before the measured interval has begun at "
                          "{} s; give a shorter --warm-up or a longer trace",
                          load.name, brief(seconds_of(load.end)),
                          brief(seconds_of(measured.begin))));
}

std::int32_t replicas_at_start(const Load& load, const Setup& setup, const Scaler& scaler) {
  const auto least = scaler.min_replicas();
  if (setup.start == Start::Floor) return least;
  Micros work{0};
  for (const auto& request : load.requests) {
    if (request.arrival >= minute) break;
    work += request.service;
  }
  const auto per_replica = minute.count() * setup.slots;
  const auto needed = (work.count() + per_replica - 1) / per_replica;
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(needed, least, std::max(least, scaler.max_replicas())));
}

Result<Tally> replay(const Load& load, const Setup& setup, Scaler& scaler,
                     const Watching& watching) {
  if (const auto measured = measured_of(load, setup); !measured) return fail(measured.error());
  return Run(load, setup, scaler, watching).go();
}

}  // namespace poolscaler::replay
