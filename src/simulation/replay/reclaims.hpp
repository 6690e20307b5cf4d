// When the provider takes spot nodes back: for each group of spot nodes a course of moments that
// depends on nothing but the seed, so that all runs that are compared meet the same ones. At such a
// moment all nodes of the group get their notice: nodes of one type and zone go together.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "poolscaler/base/random.hpp"
#include "poolscaler/simulation/replay/estate.hpp"

namespace poolscaler::replay {

class Reclaims {
 public:
  Reclaims(const AcceleratorPool& pool, const Interruptions& rules);

  /// The next moment of any group.
  [[nodiscard]] std::optional<Micros> next() const;
  /// The groups whose moment has come by `now`.
  [[nodiscard]] std::vector<std::size_t> pass_to(Micros now);

 private:
  struct Course {
    std::size_t group;
    Random random;
    Micros next{0};
  };
  /// Memoryless: an hour takes its share however long nothing was taken.
  void draw(Course& course) const;

  double hourly_share_;
  std::vector<Course> courses_{};
};

}  // namespace poolscaler::replay
