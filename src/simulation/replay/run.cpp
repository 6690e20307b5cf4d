// A run: its workloads, and the premises that they share. Of all that happens next the earliest is
// carried out, and at one instant in the order of Step, then of the names of the policies.
#include <algorithm>
#include <memory>
#include <numeric>
#include <tuple>

#include "poolscaler/base/check.hpp"
#include "premises.hpp"
#include "workload.hpp"

namespace poolscaler::replay {
namespace {

constexpr std::int64_t events_between_progress = 1 << 16;

const Load& longest_of(std::span<const Part> parts) {
  return std::ranges::max_element(parts, {}, [](const Part& part) { return part.load.end; })->load;
}

std::vector<std::size_t> by_name(std::span<const Part> parts) {
  std::vector<std::size_t> order(parts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) {
    return std::tie(parts[i].drawing.ns, parts[i].drawing.policy);
  });
  return order;
}

class Run {
 public:
  Run(std::span<const Part> parts, const Setup& setup, const Watching& watching,
      const Interval& measured)
      : watching_(watching),
        measured_(measured),
        end_(longest_of(parts).end),
        order_(by_name(parts)) {
    std::vector<Drawing> tenants;
    for (const auto i : order_) tenants.push_back(parts[i].drawing);
    if (setup.estate)
      premises_ = std::make_unique<Premises>(*setup.estate, std::move(tenants), measured_);
    for (std::size_t i = 0; i < order_.size(); ++i)
      workloads_.push_back(std::make_unique<Workload>(
          parts[order_[i]], setup, measured_, premises_ ? premises_->housing_of(i) : nullptr));
    dues_.resize(parts.size());
    begin(parts);
  }

  SharedTally go() {
    std::int64_t events = 0;
    while (step()) {
      if (++events % events_between_progress != 0 || !watching_.progress) continue;
      if (!watching_.progress(now_)) break;
    }
    pass_to(measured_.end);
    return take();
  }

 private:
  /// Large replicas first: the small ones fit beside them.
  void begin(std::span<const Part> parts) {
    std::vector<std::int32_t> firsts;
    for (const auto& workload : workloads_) firsts.push_back(workload->replicas_at_start());
    if (premises_) firsts = premises_->begin_with(firsts);
    std::vector<std::size_t> by_size(parts.size());
    std::iota(by_size.begin(), by_size.end(), std::size_t{0});
    std::ranges::stable_sort(by_size, std::ranges::greater(), [&](std::size_t i) {
      return parts[order_[i]].drawing.accelerators;
    });
    for (const auto i : by_size) workloads_[i]->begin_with(firsts[i]);
    for (std::size_t i = 0; i < workloads_.size(); ++i) settle(i);
    note_nodes();
  }

  /// Carries out the next event; false when there is nothing left that counts.
  bool step() {
    const auto i = soonest();
    const auto due = dues_[i];
    const Due nodes{premises_ ? premises_->next().value_or(never) : never, Step::Nodes};
    if (due.step == Step::HandOut && due < nodes) {
      workloads_[i]->hand_out();
      settle(i);
      return true;
    }
    const auto next = std::min(due, nodes);
    if (next.at > measured_.end && left() == 0) return false;
    if (next.at > end_ + grace_after_end) return give_up();
    pass_to(next.at);
    carry_out(next.step, i);
    if (!premises_) return true;
    house();
    settle_touched();
    note_nodes();
    return true;
  }

  void carry_out(Step step, std::size_t i) {
    if (step == Step::Nodes) return change_nodes();
    if (step == Step::Decision) return decide();
    auto& workload = *workloads_[i];
    workload.pass_to(now_);
    if (step == Step::Completion) {
      workload.complete();
    } else if (step == Step::Ready) {
      workload.make_ready();
    } else {
      workload.arrive();
    }
    settle(i);
  }

  [[nodiscard]] std::size_t soonest() const {
    std::size_t first = 0;
    for (std::size_t i = 1; i < dues_.size(); ++i)
      if (dues_[i] < dues_[first]) first = i;
    return first;
  }

  void pass_to(Micros time) {
    if (time <= now_) return;
    if (premises_) premises_->pass(now_, time);
    now_ = time;
  }

  /// It is about to change: its time passes, and it is asked afterwards what is next.
  Workload& touch(std::size_t i) {
    workloads_[i]->pass_to(now_);
    if (std::ranges::find(touched_, i) == touched_.end()) touched_.push_back(i);
    return *workloads_[i];
  }

  void settle_touched() {
    for (const auto i : touched_) settle(i);
    touched_.clear();
  }

  void settle(std::size_t i) {
    workloads_[i]->note_change();
    dues_[i] = workloads_[i]->next();
  }

  void note_nodes() {
    if (watching_.recorder != nullptr && premises_)
      watching_.recorder->housed(now_, premises_->nodes(), premises_->rate());
  }

  /// Those that wait for room get what there is: the oldest first, of those asked for at once that
  /// of the higher priority. One that fits nowhere does not stand in the way of others.
  void house() {
    const auto waits = [](const auto& workload) { return workload->waiting_for_room() > 0; };
    if (std::ranges::none_of(workloads_, waits)) return;
    stuck_.assign(workloads_.size(), false);
    for (;;) {
      std::optional<std::size_t> first;
      for (std::size_t i = 0; i < workloads_.size(); ++i)
        if (!stuck_[i] && workloads_[i]->waits_since() && (!first || goes_before(i, *first)))
          first = i;
      if (!first) return;
      workloads_[*first]->pass_to(now_);
      if (workloads_[*first]->house_oldest()) {
        touch(*first);
      } else {
        stuck_[*first] = true;
      }
    }
  }

  [[nodiscard]] bool goes_before(std::size_t i, std::size_t other) const {
    const auto& a = *workloads_[i];
    const auto& b = *workloads_[other];
    if (*a.waits_since() != *b.waits_since()) return *a.waits_since() < *b.waits_since();
    return a.priority() > b.priority();
  }

  /// What all have, and want or wanted not long ago.
  [[nodiscard]] std::vector<Premises::Wish> wishes() const {
    std::vector<Premises::Wish> wishes;
    for (const auto& workload : workloads_)
      wishes.push_back({.current = workload->current(),
                        .waiting = workload->waiting_for_room(),
                        .wanted = workload->wanted(now_)});
    return wishes;
  }

  /// All that are due at this instant are decided, asked for together, and concluded.
  void decide() {
    deciding_.clear();
    bool asks = false;
    for (std::size_t i = 0; i < dues_.size(); ++i) {
      if (dues_[i] != Due{now_, Step::Decision}) continue;
      deciding_.push_back(i);
      asks = touch(i).consider() || asks;
    }
    if (asks && premises_) return ask();
    for (const auto i : deciding_) workloads_[i]->conclude(nullptr);
    settle_touched();
  }

  void ask() {
    auto wishes = this->wishes();
    for (const auto i : deciding_) wishes[i].decides = true;
    const auto grants = premises_->decide(now_, wishes);
    for (const auto i : deciding_) workloads_[i]->conclude(&grants[i]);
    for (std::size_t i = 0; i < wishes.size(); ++i)
      if (!wishes[i].decides) reconsider(i, wishes[i], grants[i]);
  }

  /// Of a policy that is not due: what it wanted is granted after all, or something is taken.
  void reconsider(std::size_t i, const Premises::Wish& wish, const Grant& grant) {
    const bool more = wish.wanted > wish.current && grant.most > wish.current;
    const bool taken = grant.takes && grant.most < wish.current;
    if (more || taken) touch(i).call(now_);
  }

  /// What leaves with its node is replaced, and the room for that is asked for at once; requests
  /// that are lost with a node wait again. Nobody gets more than there was.
  void change_nodes() {
    const auto changes = premises_->happen(now_);
    for (const auto& guest : changes.lost) touch(guest.tenant).put_back(guest.replica);
    if (changes.leaving.empty()) return;
    for (const auto& guest : changes.leaving) touch(guest.tenant).replace(guest.replica);
    house();
    auto wishes = this->wishes();
    for (auto& wish : wishes) wish.wanted = wish.current;
    static_cast<void>(premises_->decide(now_, wishes));
  }

  [[nodiscard]] std::int64_t left() const {
    std::int64_t left = 0;
    for (const auto& workload : workloads_) left += workload->left();
    return left;
  }

  bool give_up() {
    for (const auto& workload : workloads_) {
      workload->pass_to(now_);
      workload->give_up();
    }
    return false;
  }

  SharedTally take() {
    SharedTally shared;
    std::vector<Share> shares;
    if (premises_) {
      shared.spending = premises_->spent();
      shares = premises_->shares_of(shared.spending);
      shared.shares.resize(order_.size());
    }
    shared.tallies.resize(order_.size());
    for (std::size_t i = 0; i < order_.size(); ++i) {
      shared.tallies[order_[i]] = workloads_[i]->end();
      if (!premises_) continue;
      const auto& capped = workloads_[i]->capped();
      for (std::size_t r = 0; r < capped.size(); ++r) shared.spending.capped[r] += capped[r];
      shares[i].capped = capped;
      shared.shares[order_[i]] = std::move(shares[i]);
    }
    return shared;
  }

  const Watching& watching_;
  const Interval measured_;
  const Micros end_;
  const std::vector<std::size_t> order_;  // of the parts, by name
  std::unique_ptr<Premises> premises_;
  std::vector<std::unique_ptr<Workload>> workloads_;
  std::vector<Due> dues_;  // what is next of each
  std::vector<std::size_t> touched_;
  std::vector<std::size_t> deciding_;
  std::vector<bool> stuck_;
  Micros now_{0};
};

}  // namespace

Result<SharedTally> replay_together(std::span<const Part> parts, const Setup& setup,
                                    const Watching& watching) {
  CHECK(!parts.empty() && (parts.size() == 1 || setup.estate), "many parts share an estate");
  const auto measured = measured_of(longest_of(parts), setup);
  if (!measured) return fail(measured.error());
  return Run(parts, setup, watching, *measured).go();
}

}  // namespace poolscaler::replay
