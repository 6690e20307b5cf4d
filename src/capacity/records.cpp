#include "poolscaler/capacity/records.hpp"

#include <algorithm>
#include <limits>

namespace poolscaler::capacity {

std::int64_t count_of(const Resources& resources, std::string_view resource) {
  const auto found = std::ranges::find(resources, resource, &ResourceCount::resource);
  return found == resources.end() ? 0 : found->count;
}

void add(Resources& resources, std::string_view resource, std::int64_t count) {
  const auto place = std::ranges::lower_bound(resources, resource, {}, &ResourceCount::resource);
  if (place == resources.end() || place->resource != resource) {
    resources.insert(place, {.resource = std::string(resource), .count = count});
    return;
  }
  auto& sum = place->count;
  if (__builtin_add_overflow(sum, count, &sum)) sum = std::numeric_limits<std::int64_t>::max();
}

bool is_extended(std::string_view resource) {
  const auto slash = resource.find('/');
  if (slash == std::string_view::npos) return false;
  const auto domain = resource.substr(0, slash);
  return domain != "kubernetes.io" && !domain.ends_with(".kubernetes.io");
}

}  // namespace poolscaler::capacity
