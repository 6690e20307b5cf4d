// What pools and budgets grant. Policies that draw on a pool are decided, then asked for together
// with what the others want that are not due, and decided once more where they are capped. Nodes
// are asked for in the same breath.

#include <algorithm>
#include <set>

#include "poolscaler/base/check.hpp"
#include "steps.hpp"

namespace poolscaler::controllers {
namespace {

/// Pools are looked at this often while something goes on ...
constexpr Millis look_period{1'000};
/// ... and this often whatever happens: nodes grow idle, schedules open. It is less than what the
/// books take two looks to be apart (between_looks).
constexpr Millis quiet_look_period{5'000};
/// What a look leads to is seen by then.
constexpr unsigned looks_until_quiet = 3;
/// An answer that took long is not asked for again at once: at most a fifth of the time goes into
/// answers.
constexpr std::int64_t rest_factor = 4;
constexpr Millis longest_rest{2'000};
/// What a policy wanted holds until it should have been decided twice more.
constexpr std::int64_t wish_intervals = 2;

/// Replicas that a policy may have at most now. Nothing: that is not known yet.
std::optional<std::int32_t> effective_max(const PoolAnswer& answer, const ScalingPolicy& spec) {
  auto most = answer.reachable;
  if (const auto& grant = answer.grant)
    if (grant->takes || (!most && grant->reason != Reason::AwaitingFirstRound)) most = grant->most;
  if (most) most = std::min(*most, spec.max_replicas);
  return most;
}

}  // namespace

void Rounds::Steps::wait_for_pool(PolicyRuntime& runtime, const PolicyView& view,
                                  Deliberation decided) {
  const auto& policy = *view.policy;
  runtime.asked_of_pool = PoolMemo{
      .wanted = decided.outcome.decision.recommended,
      .until = parts_.clock.monotonic() + wish_intervals * Seconds(policy.spec->interval_seconds)};
  runtime.reading = true;  // not again before this is concluded
  waiting_.push_back({policy.key, policy.uid, view, std::move(decided)});
}

bool Rounds::Steps::should_ask(Millis now) const {
  if (now < next_asking_) return false;
  if (!waiting_.empty()) return true;
  if (parts_.state.pool_version() != asked_version_) return true;
  return desk_.is_open() && now >= asking_due_;
}

Millis Rounds::Steps::next_asking(Millis next) const {
  if (!waiting_.empty()) return std::min(next, next_asking_);
  return desk_.is_open() ? std::min(next, std::max(next_asking_, asking_due_)) : next;
}

/// What has been asked for already counts, whether the cache shows it or not.
PoolWish Rounds::Steps::wish_of(const ObjectKey& key, PolicyRuntime& runtime) {
  const auto now = parts_.clock.monotonic();
  if (runtime.asked_of_pool && now >= runtime.asked_of_pool->until) runtime.asked_of_pool.reset();
  const auto view = parts_.state.view(key);
  PoolWish wish{.key = key};
  wish.heard = !view || view->synced;
  if (view) wish.replicas = view->target.spec_replicas;
  if (const auto written = runtime.settlement.written())
    wish.replicas = std::max(wish.replicas, *written);
  if (runtime.pending) wish.replicas = std::max(wish.replicas, runtime.pending->to);
  wish.wanted = runtime.asked_of_pool ? runtime.asked_of_pool->wanted : wish.replicas;
  if (!view || view->policy->spec == nullptr) return wish;
  const auto blocked = why_not_write(runtime, *view);
  wish.acts = view->policy->spec->mode == Mode::Automatic && !runtime.frozen_generation &&
              (!blocked || blocked->reason == Reason::WriteFailed);
  return wish;
}

void Rounds::Steps::ask_pools() {
  const auto begin = parts_.clock.monotonic();
  if (!should_ask(begin)) return;
  const auto version = parts_.state.pool_version();
  const bool moved = version != asked_version_ || !waiting_.empty();
  quiet_looks_ = moved ? 0 : quiet_looks_ + 1;
  asked_version_ = version;
  std::vector<PoolWish> wishes;
  wishes.reserve(on_pools_.size());
  std::set<ObjectKey> told;
  for (const auto& waiting : waiting_) told.insert(waiting.key);
  for (const auto& key : on_pools_)
    if (const auto found = runtimes_.find(key); found != runtimes_.end()) {
      wishes.push_back(wish_of(key, found->second));
      wishes.back().told = told.contains(key);
    }
  std::vector<PoolAnswer> answers;
  try {
    answers = desk_.answer(wishes);
  } catch (const InvariantError& broken) {
    parts_.metrics.count_internal_error();
    parts_.log.error("a bug keeps pools from being answered", {{"error", broken.what()}});
    answers.clear();
    for (const auto& wish : wishes)
      answers.push_back({.grant = Grant{.most = wish.replicas,
                                        .reason = Reason::InternalError,
                                        .words = broken.what()}});
  }
  const auto end = parts_.clock.monotonic();
  next_asking_ = end + std::min<Millis>(rest_factor * (end - begin), longest_rest);
  asking_due_ = end + (quiet_looks_ < looks_until_quiet ? look_period : quiet_look_period);
  std::map<ObjectKey, std::size_t> answer_of;
  for (std::size_t i = 0; i < wishes.size(); ++i) answer_of[wishes[i].key] = i;
  for (const auto& waiting : std::exchange(waiting_, {})) {
    const auto found = answer_of.find(waiting.key);
    if (found == answer_of.end()) {  // deleted meanwhile, or it draws on no pool any more
      if (const auto runtime = runtimes_.find(waiting.key); runtime != runtimes_.end()) {
        runtime->second.reading = false;
        schedule_.no_later(waiting.key, end);
      }
      continue;
    }
    conclude(waiting, answers[found->second]);
    answer_of.erase(found);
  }
  for (const auto& [key, i] : answer_of) reconsider(wishes[i], answers[i]);
}

/// The decision again, now that it is known what is granted.
void Rounds::Steps::conclude(const Waiting& waiting, const PoolAnswer& answer) {
  auto& runtime = runtimes_.at(waiting.key);
  runtime.reading = false;
  const auto view = parts_.state.view(waiting.key);
  const bool same = view && view->policy->uid == waiting.uid &&
                    view->policy->spec == waiting.view.policy->spec && !view->target_trouble &&
                    view->target_resource_version == waiting.view.target_resource_version &&
                    view->synced && !runtime.pending;
  if (!same) {
    schedule_.no_later(waiting.key, parts_.clock.monotonic());
    return;
  }
  auto most = effective_max(answer, *view->policy->spec);
  if (!most && runtime.terms) most = runtime.terms->effective_max;
  runtime.terms = PoolTerms{.per_replica = answer.per_replica,
                            .costs = answer.costs,
                            .effective_max = most,
                            .ledger = answer.ledger};
  auto decided = waiting.decided;
  try {
    if (answer.grant) {
      const Observation observation{.target = waiting.view.target,
                                    .policy_created = view->policy->created,
                                    .signals = decided.readings,
                                    .pasts = runtime.pasts,
                                    .grant = answer.grant};
      decided.outcome = parts_.decide(observation, *view->policy->spec, runtime.memory,
                                      decided.decided_at);
    }
    act(runtime, *view, std::move(decided));
  } catch (const InvariantError& broken) {
    freeze(runtime, *view, broken.what());
  }
}

/// Of a policy that is not due: what it wanted is granted after all, or something is taken from it.
void Rounds::Steps::reconsider(const PoolWish& wish, const PoolAnswer& answer) {
  const auto most = answer.grant ? answer.grant->most : wish.wanted;
  const bool more = wish.acts && wish.wanted > wish.replicas && most > wish.replicas;
  const bool taken = answer.grant && answer.grant->takes && most < wish.replicas;
  if (more || taken) schedule_.no_later(wish.key, parts_.clock.monotonic());
}

}  // namespace poolscaler::controllers
