#include "fleet.hpp"

#include <algorithm>
#include <bit>

#include "poolscaler/base/check.hpp"

namespace poolscaler::replay {
namespace {

constexpr std::uint32_t word_bits = 64;
/// The replicas that run at the start are as old as anything needs to be.
constexpr Micros long_ago = -std::chrono::hours(24);

}  // namespace

ReadySet::ReadySet(int slots)
    : slots_(slots),
      levels_(static_cast<std::size_t>(slots) + 1),
      counts_(static_cast<std::size_t>(slots) + 1, 0) {}

ReplicaId ReadySet::oldest_of_freest() const {
  const auto& words = levels_[static_cast<std::size_t>(lowest_)];
  std::uint32_t i = 0;
  while (words[i] == 0) ++i;
  return by_position_[i * word_bits + static_cast<std::uint32_t>(std::countr_zero(words[i]))];
}

ReplicaId ReadySet::newest_of_freest() const {
  const auto& words = levels_[static_cast<std::size_t>(lowest_)];
  auto i = static_cast<std::uint32_t>(words.size()) - 1;
  while (words[i] == 0) --i;
  return by_position_[i * word_bits + word_bits - 1 -
                      static_cast<std::uint32_t>(std::countl_zero(words[i]))];
}

void ReadySet::put(std::uint32_t position, int level, bool present) {
  const auto index = static_cast<std::size_t>(level);
  auto& words = levels_[index];
  if (words.size() <= position / word_bits) words.resize(position / word_bits + 1, 0);
  const auto bit = std::uint64_t{1} << (position % word_bits);
  if (present) {
    words[position / word_bits] |= bit;
    ++counts_[index];
  } else {
    words[position / word_bits] &= ~bit;
    --counts_[index];
  }
}

void ReadySet::find_lowest() {
  if (size_ == 0) {
    lowest_ = 0;
    return;
  }
  while (counts_[static_cast<std::size_t>(lowest_)] == 0) ++lowest_;
}

/// Positions of replicas that are gone are given back, in the order of age.
void ReadySet::renumber() {
  std::vector<ReplicaId> kept;
  for (std::uint32_t position = 0; position < by_position_.size(); ++position)
    if (taken_[position]) kept.push_back(by_position_[position]);
  for (auto& words : levels_) {
    Words renumbered((kept.size() + word_bits) / word_bits, 0);
    for (std::uint32_t i = 0; i < kept.size(); ++i) {
      const auto old = position_of_[kept[i]];
      const bool here = old / word_bits < words.size() &&
                        (words[old / word_bits] >> (old % word_bits) & 1U) != 0;
      if (here) renumbered[i / word_bits] |= std::uint64_t{1} << (i % word_bits);
    }
    words = std::move(renumbered);
  }
  for (std::uint32_t i = 0; i < kept.size(); ++i) position_of_[kept[i]] = i;
  taken_.assign(kept.size(), true);
  by_position_ = std::move(kept);
  newest_position_ = by_position_.empty() ? 0 : static_cast<std::uint32_t>(by_position_.size()) - 1;
}

void ReadySet::add(ReplicaId id) {
  constexpr std::size_t holes_kept = 64;
  if (by_position_.size() > 2 * static_cast<std::size_t>(size_) + holes_kept) renumber();
  const auto position = static_cast<std::uint32_t>(by_position_.size());
  by_position_.push_back(id);
  taken_.push_back(true);
  if (position_of_.size() <= id) position_of_.resize(id + 1, 0);
  position_of_[id] = position;
  newest_position_ = position;
  put(position, 0, true);
  ++size_;
  lowest_ = 0;
}

void ReadySet::remove(ReplicaId id, int running) {
  const auto position = position_of_[id];
  put(position, running, false);
  taken_[position] = false;
  --size_;
  while (size_ > 0 && !taken_[newest_position_]) --newest_position_;
  find_lowest();
}

void ReadySet::move(ReplicaId id, int from, int to) {
  put(position_of_[id], from, false);
  put(position_of_[id], to, true);
  lowest_ = std::min(lowest_, to);
  find_lowest();
}

void Fleet::begin_with(std::int32_t replicas) {
  for (std::int32_t i = 0; i < replicas; ++i) {
    const auto id = static_cast<ReplicaId>(replicas_.size());
    if (housing_ != nullptr && !housing_->place(id)) return start(replicas - i, Micros(0));
    ready_.add(id);
    replicas_.push_back(
        {.asked_for = long_ago, .began = long_ago, .running = 0, .draining = false});
  }
}

void Fleet::start(std::int32_t replicas, Micros now) {
  auto& line = housing_ == nullptr ? starting_ : waiting_;
  for (std::int32_t i = 0; i < replicas; ++i) {
    line.push_back(static_cast<ReplicaId>(replicas_.size()));
    replicas_.push_back({.asked_for = now, .began = now, .running = 0, .draining = false});
  }
}

std::optional<Micros> Fleet::waits_since() const {
  if (waiting_.empty()) return std::nullopt;
  return replicas_[waiting_.front()].asked_for;
}

bool Fleet::house_oldest(Micros now) {
  if (waiting_.empty() || !housing_->place(waiting_.front())) return false;
  replicas_[waiting_.front()].began = now;
  starting_.push_back(waiting_.front());
  waiting_.pop_front();
  return true;
}

void Fleet::remove(std::int32_t replicas) {
  for (; replicas > 0 && !waiting_.empty(); --replicas) waiting_.pop_back();
  for (; replicas > 0 && !starting_.empty(); --replicas) {
    leave(starting_.back());
    starting_.pop_back();
  }
  for (; replicas > 0 && ready_.size() > 0; --replicas) retire(ready_.newest_of_freest());
}

/// A ready one leaves, at once or with its last request.
void Fleet::retire(ReplicaId id) {
  auto& replica = replicas_[id];
  ready_.remove(id, replica.running);
  running_on_ready_ -= replica.running;
  if (replica.running == 0) return leave(id);
  replica.draining = true;
  ++draining_;
  if (housing_ != nullptr) housing_->drain(id);
}

void Fleet::leave(ReplicaId id) {
  if (housing_ != nullptr) housing_->leave(id);
}

bool Fleet::replace(ReplicaId id, Micros now) {
  if (replicas_[id].draining) return false;
  if (const auto found = std::ranges::find(starting_, id); found != starting_.end()) {
    starting_.erase(found);
    leave(id);
  } else {
    retire(id);
  }
  start(1, now);
  return true;
}

void Fleet::lose(ReplicaId id) {
  auto& replica = replicas_[id];
  CHECK(replica.draining, "what is on a node that was noticed has been replaced");
  running_ -= replica.running;
  replica.running = 0;
  --draining_;
}

void Fleet::make_ready() {
  ready_.add(starting_.front());
  starting_.pop_front();
}

ReplicaId Fleet::take_request() {
  const auto id = ready_.oldest_of_freest();
  auto& running = replicas_[id].running;
  ready_.move(id, running, running + 1);
  ++running;
  ++running_;
  ++running_on_ready_;
  return id;
}

void Fleet::end_request(ReplicaId id) {
  auto& replica = replicas_[id];
  --running_;
  if (replica.draining) {
    if (--replica.running > 0) return;
    --draining_;
    return leave(id);
  }
  ready_.move(id, replica.running, replica.running - 1);
  --replica.running;
  --running_on_ready_;
}

std::optional<Micros> Fleet::youngest() const {
  if (!waiting_.empty()) return replicas_[waiting_.back()].asked_for;
  if (!starting_.empty()) return replicas_[starting_.back()].asked_for;
  if (ready_.size() == 0) return std::nullopt;
  return replicas_[ready_.newest()].asked_for;
}

std::optional<Micros> Fleet::latest_ready() const {
  if (ready_.size() == 0) return std::nullopt;
  return replicas_[ready_.newest()].began + cold_start_;
}

}  // namespace poolscaler::replay
