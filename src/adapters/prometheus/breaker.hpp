// A circuit breaker: a source that failed several times in a row is left alone for a while, then
// asked by one probe alone. Time is data. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "poolscaler/base/time.hpp"

namespace poolscaler::adapters {

struct BreakerSettings {
  int failures_to_open = 3;
  Millis open_first{1'000};
  Millis open_longest{30'000};
};

class Breaker {
 public:
  Breaker(BreakerSettings settings, std::uint64_t seed) : settings_(settings), random_(seed) {}

  struct Admission {
    bool admitted = true;
    bool is_probe = false;
    /// When not admitted: until the next probe (0: one is under way), and what went wrong.
    Millis wait{0};
    std::string last_failure{};
  };

  [[nodiscard]] Admission admit(Millis now);
  /// The next admission would be a probe.
  [[nodiscard]] bool probe_is_due(Millis now) const {
    return is_open_ && !probing_ && now >= open_until_;
  }
  /// Until the next probe; 0 when closed.
  [[nodiscard]] Millis wait(Millis now) const {
    return is_open_ && now < open_until_ ? open_until_ - now : Millis(0);
  }
  void succeeded();
  /// `at_least`: how long the peer asked to be left alone (then it opens at once).
  void failed(Millis now, std::string why, Millis at_least = Millis(0));
  /// Nothing was learned.
  void abandoned() { probing_ = false; }

 private:
  [[nodiscard]] double jitter();

  BreakerSettings settings_;
  std::uint64_t random_;
  int failures_ = 0;
  int openings_ = 0;
  bool is_open_ = false;
  bool probing_ = false;
  Millis open_until_{0};
  std::string last_failure_{};
};

}  // namespace poolscaler::adapters
