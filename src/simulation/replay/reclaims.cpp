#include "reclaims.hpp"

#include <algorithm>
#include <cmath>

namespace poolscaler::replay {
namespace {

constexpr double seconds_an_hour = 3600;
/// Beyond the end of every trace.
constexpr double hours_max = 1e6;

}  // namespace

Reclaims::Reclaims(const AcceleratorPool& pool, const Interruptions& rules)
    : hourly_share_(rules.hourly_share) {
  if (hourly_share_ <= 0) return;
  for (std::size_t i = 0; i < pool.node_groups.size(); ++i) {
    if (pool.node_groups[i].capacity_type != CapacityType::Spot) continue;
    // The complement: the bins of a trace have the seed itself and those after it.
    draw(courses_.emplace_back(Course{.group = i, .random = Random(~rules.seed - i)}));
  }
}

void Reclaims::draw(Course& course) const {
  const double hours =
      std::log1p(-course.random.fraction()) / std::log1p(-hourly_share_);
  course.next += std::max(Micros(1), micros_of(std::min(hours, hours_max) * seconds_an_hour));
}

std::optional<Micros> Reclaims::next() const {
  if (courses_.empty()) return std::nullopt;
  return std::ranges::min(courses_, {}, &Course::next).next;
}

std::vector<std::size_t> Reclaims::pass_to(Micros now) {
  std::vector<std::size_t> groups;
  for (auto& course : courses_) {
    if (course.next > now) continue;
    groups.push_back(course.group);
    while (course.next <= now) draw(course);
  }
  return groups;
}

}  // namespace poolscaler::replay
