// TimeZone: the history of one zone's offsets as data, so that nothing that decides ever looks a
// zone up. One object serves all policies that name the zone.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "poolscaler/base/time.hpp"

namespace poolscaler {

/// A time during which the zone has one offset; it lasts until the next one begins.
struct Stretch {
  std::chrono::sys_seconds begin;
  Seconds offset;  // local time minus UTC
  bool operator==(const Stretch&) const = default;
};

/// Immutable.
class TimeZone {
 public:
  /// `stretches` is not empty and in strict order of their beginnings (CHECKed). The first one
  /// holds for all time before it, too.
  TimeZone(std::string name, std::vector<Stretch> stretches);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::span<const Stretch> stretches() const { return stretches_; }
  /// The index of the stretch that `at` lies in.
  [[nodiscard]] std::size_t stretch_at(std::chrono::sys_seconds at) const;
  [[nodiscard]] std::chrono::local_seconds local(std::chrono::sys_seconds at) const;

 private:
  std::string name_;
  std::vector<Stretch> stretches_;
};

}  // namespace poolscaler
