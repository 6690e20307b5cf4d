// Between two looks: which nodes cost what, from when to when. The earlier look holds until the
// later one, but for nodes that are known to have started or ended in between.
#pragma once

#include <vector>

#include "outlay.hpp"

namespace poolscaler::money {

/// Some nodes of one outlay over one time.
struct Span {
  const Outlay* from;
  Instant begin = Instant::min();  // as long as is counted
  Instant end{};
  Cells cells{};
  std::vector<const NodeCost*> nodes{};

  void add(const NodeCost& node);
  [[nodiscard]] Sums sums(const View& view, const std::vector<std::string>& dimensions) const {
    return sums_of(cells, nodes, from->tenants, view, dimensions);
  }
};

/// What has not ended, from the beginning on.
[[nodiscard]] Span running_in(const Outlay& outlay);

/// Both outlive the result.
[[nodiscard]] std::vector<Span> spans_between(const Outlay& last, const Outlay& now);

/// What was not looked at, by the nodes that are there now.
[[nodiscard]] std::vector<Span> spans_since(const Outlay& now, Instant since);

}  // namespace poolscaler::money
