// The requests that run, by when they end. While service is constant they end in the order in which
// they started, and are kept in a line; otherwise in a heap.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <vector>

#include "fleet.hpp"

namespace poolscaler::replay {

class Completions {
 public:
  struct Running {
    Micros ends;
    std::size_t request;  // index in the load
    ReplicaId replica;
    friend bool operator>(const Running& a, const Running& b) { return a.ends > b.ends; }
  };

  explicit Completions(bool in_order) : in_order_(in_order) {}

  void add(const Running& one) {
    if (in_order_) return line_.push_back(one);
    heap_.push_back(one);
    std::ranges::push_heap(heap_, std::greater<>());
  }
  /// When the next one ends; Micros::max() where none runs.
  [[nodiscard]] Micros next() const {
    if (in_order_) return line_.empty() ? Micros::max() : line_.front().ends;
    return heap_.empty() ? Micros::max() : heap_.front().ends;
  }
  /// Takes the one that ends next, of which there must be one; where it ran.
  ReplicaId take() {
    if (in_order_) {
      const auto replica = line_.front().replica;
      line_.pop_front();
      return replica;
    }
    std::ranges::pop_heap(heap_, std::greater<>());
    const auto replica = heap_.back().replica;
    heap_.pop_back();
    return replica;
  }
  /// Takes what runs on the replica, and does not end.
  std::vector<Running> interrupt(ReplicaId replica) {
    std::vector<Running> taken;
    const auto is_its_own = [&](const Running& one) {
      if (one.replica == replica) taken.push_back(one);
      return one.replica == replica;
    };
    std::erase_if(line_, is_its_own);
    if (std::erase_if(heap_, is_its_own) > 0) std::ranges::make_heap(heap_, std::greater<>());
    return taken;
  }

 private:
  bool in_order_;
  std::deque<Running> line_{};
  std::vector<Running> heap_{};
};

}  // namespace poolscaler::replay
