#include "poolscaler/simulation/replay/frontier.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace poolscaler::replay {
namespace {

/// Whether `b` lies on or above the line from `a` to `c`.
bool is_above(const Point& a, const Point& b, const Point& c) {
  return (b.hours - a.hours) * (c.share - a.share) >= (c.hours - a.hours) * (b.share - a.share);
}

}  // namespace

std::vector<std::size_t> frontier_of(const std::vector<Point>& points) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    if (points[a].share != points[b].share) return points[a].share < points[b].share;
    return points[a].hours < points[b].hours;
  });
  std::vector<std::size_t> hull;
  for (const auto index : order) {
    // More hours for a higher share is never worth it.
    if (!hull.empty() && points[index].hours >= points[hull.back()].hours) continue;
    while (hull.size() >= 2 &&
           is_above(points[hull[hull.size() - 2]], points[hull.back()], points[index]))
      hull.pop_back();
    hull.push_back(index);
  }
  return hull;
}

std::optional<Reached> at_share(const std::vector<Point>& points,
                                const std::vector<std::size_t>& frontier, double share) {
  if (frontier.empty() || share < points[frontier.front()].share) return std::nullopt;
  const auto& cheapest = points[frontier.back()];
  if (share >= cheapest.share)
    return Reached{.hours = cheapest.hours,
                   .wait_p99 = cheapest.wait_p99,
                   .nearest = frontier.back()};
  const auto next = std::ranges::find_if(
      frontier, [&](std::size_t index) { return points[index].share > share; });
  const auto& right = points[*next];
  const auto& left = points[*std::prev(next)];
  const double part = (share - left.share) / (right.share - left.share);
  const bool nearer_left = share - left.share <= right.share - share;
  const auto nearest = nearer_left ? *std::prev(next) : *next;
  return Reached{.hours = left.hours + part * (right.hours - left.hours),
                 .wait_p99 = points[nearest].wait_p99,
                 .nearest = nearest};
}

}  // namespace poolscaler::replay
