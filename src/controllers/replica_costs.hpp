// What replicas of a policy cost: those that there are by the nodes that they are on, others by
// what they have been granted at.
#pragma once

#include <cstdint>

#include "poolscaler/domain/amount.hpp"

namespace poolscaler::controllers {

struct ReplicaCosts {
  std::int64_t replicas = 0;
  HourlyRate rate{};  // of those: their share of the nodes that they are on, or will be
  std::int64_t granted = 0;
  HourlyRate added{};  // by those that are granted beyond them, at most
  HourlyRate each{};   // of one beyond those, at most

  [[nodiscard]] HourlyRate of(std::int64_t count) const {
    if (count <= replicas) return part(rate, count, replicas);
    if (count <= granted) return rate + part(added, count - replicas, granted - replicas);
    return rate + added + each * (count - granted);
  }

 private:
  static HourlyRate part(HourlyRate whole, std::int64_t count, std::int64_t all) {
    if (count <= 0 || all <= 0) return {};
    const auto nano = whole.nano();
    return HourlyRate::of(nano / all * count + nano % all * count / all);
  }
};

}  // namespace poolscaler::controllers
