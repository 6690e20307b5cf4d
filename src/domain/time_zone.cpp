#include "poolscaler/domain/time_zone.hpp"

#include <algorithm>

#include "poolscaler/base/check.hpp"

namespace poolscaler {

TimeZone::TimeZone(std::string name, std::vector<Stretch> stretches)
    : name_(std::move(name)), stretches_(std::move(stretches)) {
  CHECK(!stretches_.empty(), "a zone has an offset at any time");
  CHECK(std::ranges::adjacent_find(stretches_, std::greater_equal{}, &Stretch::begin) ==
            stretches_.end(),
        "the stretches of a zone follow each other");
}

std::size_t TimeZone::stretch_at(std::chrono::sys_seconds at) const {
  const auto next = std::ranges::upper_bound(stretches_, at, {}, &Stretch::begin);
  return next == stretches_.begin() ? 0
                                    : static_cast<std::size_t>(next - stretches_.begin()) - 1;
}

std::chrono::local_seconds TimeZone::local(std::chrono::sys_seconds at) const {
  return std::chrono::local_seconds(at.time_since_epoch() + stretches_[stretch_at(at)].offset);
}

}  // namespace poolscaler
