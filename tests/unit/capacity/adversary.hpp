// Everybody beside the operator, as badly as they may behave, and pools to play in.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "poolscaler/base/random.hpp"
#include "theatre.hpp"

namespace poolscaler::capacity {

/// Cases are as large from the first one on.
template <typename Number>
Number within(Number from, Number before) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<Number>(from, before));
}

/// How long everything takes at most.
struct Delays {
  Millis boot{};    // of a node, from its launch for a pod or its creation until it is ready
  Millis come{};    // of a node that a group was asked for, until it is there; 0: at some look
  Millis remove{};  // until a group that was asked for fewer has removed them; 0: one at a look
  Millis stop{};    // of a pod that is taken
  Millis drain{};   // until what a cordoned node has besides is evicted
  std::optional<Millis> linger{};  // of an empty node that pods have brought; nothing: for ever
};

/// Nodes take time to come: those that were asked for are there before they are ready, those that
/// pods bring are launched when a pod has no room on what is ready or was launched, and come
/// although the pod has found another place.
class Adversary {
 public:
  Adversary(Theatre& world, const Delays& delays);

  void act();
  /// Of all that is there, is launched or was asked for.
  [[nodiscard]] std::int64_t rate(const std::vector<std::int64_t>& prices) const;
  bool brings = true;

 private:
  struct Coming {
    std::size_t group;
    Instant at;
    Instant ready;
  };

  [[nodiscard]] std::size_t below(std::size_t bound) { return random_.next() % bound; }
  /// Often the longest.
  [[nodiscard]] Millis up_to(Millis most);
  [[nodiscard]] std::size_t groups() const { return world_.fleet.pools[0]->node_groups.size(); }
  [[nodiscard]] std::int64_t present(std::size_t group) const;
  void make(std::size_t group, Instant ready);
  void make_ready();
  void make_counted();
  void shrink_counted();
  void launch();
  [[nodiscard]] std::optional<std::size_t> open_group(const Survey& seen);
  void arrive();
  void consolidate();
  void drain();

  Theatre& world_;
  Delays delays_;
  Random random_;
  bool knows_ = false;  // of nodes of others that start
  int made_ = 0;
  std::vector<Coming> launched_{};
  std::vector<std::pair<std::string, Instant>> starting_{};
  std::map<std::size_t, Instant> arrival_{};    // by group: when its next nodes come
  std::map<std::size_t, Instant> removal_{};    // by group: when it has to have shrunk
  std::map<std::string, Instant> lingering_{};  // by node: when it goes at last
  std::map<std::string, Instant> draining_{};   // by node: when it is drained
};

/// A pool with groups of either kind, at some prices; or of groups that are asked for nodes alone.
struct Mixture {
  Theatre world{};
  std::vector<std::int64_t> prices{};

  explicit Mixture(bool mixed = true);
  void want(const std::vector<std::int64_t>& replicas);
};

}  // namespace poolscaler::capacity
