// Which group of which pool a node is of, found by the values of the few labels that groups are
// known by, and not by trying every group.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/capacity/survey.hpp"

namespace poolscaler::capacity {

struct Place {
  std::size_t pool;
  std::size_t group;
  auto operator<=>(const Place&) const = default;
};

class GroupFinder {
 public:
  explicit GroupFinder(std::span<const PoolInput> pools);

  /// All that the node fits, in order.
  [[nodiscard]] std::vector<Place> find(const Node& node) const;
  /// Groups by which no node can be known.
  [[nodiscard]] const std::vector<Place>& blind() const { return blind_; }

 private:
  struct Candidate {
    Place place;
    std::vector<LabelValue> labels;  // all of them
  };
  using Candidates = std::map<std::string, std::vector<Candidate>, std::less<>>;
  using Places = std::map<std::string, std::vector<Place>, std::less<>>;

  void find_by_label(const Node& node, std::vector<Place>& found) const;
  void find_by_owner(const Node& node, std::vector<Place>& found) const;

  std::map<std::string, Candidates, std::less<>> by_label_;  // by the first one and its value
  Places by_name_;
  Places by_owner_;
  std::vector<Place> blind_;
};

}  // namespace poolscaler::capacity
