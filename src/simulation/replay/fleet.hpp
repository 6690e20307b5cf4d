// The replicas of one run. Which replica takes a request and which one is removed are both asked of
// the ready replicas with the fewest requests, so these are kept by how many run: a bitmap for each
// count, in the order of age.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "poolscaler/simulation/replay/load.hpp"

namespace poolscaler::replay {

using ReplicaId = std::uint32_t;

/// Ready replicas by the number of requests that run on them. Positions are handed out by age.
class ReadySet {
 public:
  explicit ReadySet(int slots);

  [[nodiscard]] std::int32_t size() const { return size_; }
  [[nodiscard]] bool has_free_slot() const { return size_ > 0 && lowest_ < slots_; }
  /// The oldest, or the newest, of those with the fewest requests; there must be one.
  [[nodiscard]] ReplicaId oldest_of_freest() const;
  [[nodiscard]] ReplicaId newest_of_freest() const;
  [[nodiscard]] ReplicaId newest() const { return by_position_[newest_position_]; }

  void add(ReplicaId id);
  void remove(ReplicaId id, int running);
  void move(ReplicaId id, int from, int to);

 private:
  using Words = std::vector<std::uint64_t>;
  void put(std::uint32_t position, int level, bool present);
  void find_lowest();
  void renumber();

  int slots_;
  int lowest_ = 0;  // the lowest level that is not empty; 0 when all are
  std::int32_t size_ = 0;
  std::uint32_t newest_position_ = 0;
  std::vector<Words> levels_;
  std::vector<std::int32_t> counts_;
  std::vector<ReplicaId> by_position_;
  std::vector<bool> taken_;
  std::vector<std::uint32_t> position_of_;  // by id
};

/// Where replicas are, where that matters: on nodes, of which there may be none.
class Housing {
 public:
  virtual ~Housing() = default;
  /// Whether there is room for it; then it has it.
  [[nodiscard]] virtual bool place(ReplicaId id) = 0;
  /// It takes no more requests, and leaves with its last one.
  virtual void drain(ReplicaId id) = 0;
  virtual void leave(ReplicaId id) = 0;
};

class Fleet {
 public:
  Fleet(int slots, Micros cold_start, Housing* housing = nullptr)
      : cold_start_(cold_start), housing_(housing), ready_(slots) {}

  /// Ready ones; those for which there is no room are asked for instead.
  void begin_with(std::int32_t replicas);
  /// Where there is housing, they wait for room.
  void start(std::int32_t replicas, Micros now);
  /// When the one was asked for that has waited longest for room.
  [[nodiscard]] std::optional<Micros> waits_since() const;
  /// It gets room and begins to start; false: there is none, or none waits.
  bool house_oldest(Micros now);
  /// Starting ones first, then the freest; newest first. At most all there are.
  void remove(std::int32_t replicas);
  /// It takes no more requests, and another one starts in its place; false: it drains already.
  bool replace(ReplicaId id, Micros now);
  /// It has been replaced, and is gone with its node and what ran on it.
  void lose(ReplicaId id);

  /// When the next starting replica becomes ready.
  [[nodiscard]] std::optional<Micros> next_ready() const {
    if (starting_.empty()) return std::nullopt;
    return replicas_[starting_.front()].began + cold_start_;
  }
  void make_ready();

  [[nodiscard]] bool has_free_slot() const { return ready_.has_free_slot(); }
  ReplicaId take_request();
  void end_request(ReplicaId id);

  /// Those that wait for room, too.
  [[nodiscard]] std::int32_t starting() const {
    return static_cast<std::int32_t>(starting_.size()) + waiting();
  }
  [[nodiscard]] std::int32_t waiting() const { return static_cast<std::int32_t>(waiting_.size()); }
  [[nodiscard]] std::int32_t ready() const { return ready_.size(); }
  [[nodiscard]] std::int32_t draining() const { return draining_; }
  [[nodiscard]] std::int32_t paid() const { return starting() + ready() + draining_; }
  [[nodiscard]] std::int64_t running() const { return running_; }
  [[nodiscard]] std::int64_t running_on_ready() const { return running_on_ready_; }
  /// When the youngest of those starting or ready was asked for; before 0 for the first ones.
  [[nodiscard]] std::optional<Micros> youngest() const;
  /// When the last of those that are ready became so; before 0 for the first ones.
  [[nodiscard]] std::optional<Micros> latest_ready() const;

 private:
  void retire(ReplicaId id);
  void leave(ReplicaId id);

  struct Replica {
    Micros asked_for;
    Micros began;  // to start: at once, or when there was room
    int running;
    bool draining;
  };
  Micros cold_start_;
  Housing* housing_;
  std::vector<Replica> replicas_;
  std::deque<ReplicaId> waiting_;   // for room, oldest first
  std::deque<ReplicaId> starting_;  // oldest first
  ReadySet ready_;
  std::int32_t draining_ = 0;
  std::int64_t running_ = 0;
  std::int64_t running_on_ready_ = 0;
};

}  // namespace poolscaler::replay
