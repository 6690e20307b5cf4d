#include "workload.hpp"

#include <iterator>
#include <utility>

namespace poolscaler::replay {
namespace {

constexpr Micros last_minute{60'000'000};
/// Against a scaler gone wild, which must not take the machine's memory.
constexpr std::int32_t replicas_max = 100'000;
/// What a policy wanted holds until it should have been decided twice more, as in the operator.
constexpr std::int64_t wish_intervals = 2;

}  // namespace

Workload::Workload(const Part& part, const Setup& setup, const Interval& measured,
                   Housing* housing)
    : part_(part),
      load_(part.load),
      setup_(setup),
      scaler_(part.scaler),
      measured_(measured),
      completions_(part.load.constant_service),
      has_housing_(housing != nullptr),
      fleet_(setup.slots, setup.cold_start, housing) {
  for (const auto& request : load_.requests) left_ += is_measured(request.arrival) ? 1 : 0;
}

void Workload::begin_with(std::int32_t replicas) {
  fleet_.begin_with(replicas);
  tally_.most_replicas = fleet_.paid();
  if (has_housing_) scaler_.expect_limits();
  const auto watches = scaler_.watches();
  courses_.reserve(watches.size());
  for (std::size_t i = 0; i < watches.size(); ++i) {
    courses_.push_back({watches[i].meaning, Course(watches[i].window)});
    scaler_.see(i, courses_.back().course);
  }
  plan_evaluation();
}

Sight Workload::look() {
  while (minute_ago_ < arrived_ && load_.requests[minute_ago_].arrival <= now_ - last_minute)
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
              .latest_ready = fleet_.latest_ready(),
              .called = called_at_ == now_};
  if (sample_ > 0) sight.value = load_.samples[sample_ - 1].value;
  return sight;
}

bool Workload::consider() {
  if (load_.is_metric() && !courses_.empty()) note_change();
  sight_ = look();
  wanted_ = scaler_.evaluate(sight_);
  if (!wanted_) return false;
  memo_ = {.wanted = wanted_->replicas, .until = now_ + wish_intervals * part_.drawing.interval};
  return true;
}

void Workload::conclude(const Grant* grant) {
  if (wanted_) {
    auto wanted = *std::exchange(wanted_, std::nullopt);
    if (grant != nullptr && wanted.replicas > grant->most) {
      wanted = scaler_.keep_to(*grant);
      if (is_measured(now_)) ++capped_[static_cast<std::size_t>(grant->reason)];
    }
    if (is_measured(now_)) {
      const auto rounds = 1 + wanted.passed_over;
      tally_.decisions += rounds;
      if (wanted.reason) tally_.reasons[static_cast<std::size_t>(*wanted.reason)] += rounds;
    }
    if (part_.recorder != nullptr) part_.recorder->decided(now_, sight_, wanted);
    scale(sight_.current(), std::clamp(wanted.replicas, 0, replicas_max));
  }
  plan_evaluation();
}

void Workload::call(Micros now) {
  if (called_at_ == now) return;
  called_at_ = now;
  next_evaluation_ = now;
}

std::int32_t Workload::wanted(Micros now) const {
  if (wanted_) return wanted_->replicas;
  return memo_ && now < memo_->until ? memo_->wanted : current();
}

void Workload::plan_evaluation() {
  next_evaluation_ = scaler_.next_evaluation(now_, current(), quiet_until());
}

/// What is passed over lies either all within what is measured or all outside of it. A recorder
/// is told of every decision.
std::optional<Micros> Workload::quiet_until() const {
  const bool quiet = waiting_.empty() && fleet_.running() == 0 && fleet_.starting() == 0;
  if (!quiet || part_.recorder != nullptr || has_housing_) return std::nullopt;
  if (now_ < measured_.begin) return std::min(next_arrival(), measured_.begin);
  if (now_ <= measured_.end) return std::min(next_arrival(), measured_.end + Micros(1));
  return next_arrival();
}

/// It leaves with its node, and another one is asked for.
void Workload::replace(ReplicaId replica) {
  if (fleet_.replace(replica, now_) && is_measured(now_)) ++tally_.cold_starts;
}

/// What ran on the replica comes back to its place in the line, which is in the order of arrival.
void Workload::put_back(ReplicaId replica) {
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
void Workload::start_again(const Request& request, Micros at) {
  const auto wait = at - request.arrival;
  ++left_;
  --tally_.requests;
  ++tally_.restarted;
  if (wait > setup_.delayed_above) --tally_.delayed;
  if (wait > Micros(0))
    tally_.waits.erase(
        std::prev(std::find(tally_.waits.rbegin(), tally_.waits.rend(), wait).base()));
  if (part_.recorder != nullptr) part_.recorder->interrupted(request.arrival, at);
}

void Workload::scale(std::int32_t current, std::int32_t wanted) {
  if (wanted == current) return;
  if (wanted < current) return fleet_.remove(current - wanted);
  fleet_.start(wanted - current, now_);
  if (!is_measured(now_)) return;
  tally_.cold_starts += wanted - current;
  tally_.starts_from_zero += current == 0 ? 1 : 0;
}

void Workload::note_courses() {
  const auto sight = look();
  for (auto& watch : courses_)
    watch.course.change(now_, watch.meaning == Meaning::Rate
                                  ? std::optional(static_cast<double>(sight.arrivals))
                                  : sight.reading(watch.meaning));
}

void Workload::give_up() {
  for (const auto index : waiting_) {
    if (!is_measured(load_.requests[index].arrival)) continue;
    ++tally_.unserved;
    count_wait(now_ - load_.requests[index].arrival);
  }
}

Tally Workload::end() {
  pass_to(measured_.end);
  return std::move(tally_);
}

}  // namespace poolscaler::replay
