// What the engine learns of one workload from round to round: how long its replicas take to become
// ready, and for how long they are not needed in between. Plain data, bounded; the rules are the
// engine's (cold_start.cpp, keep_alive.cpp).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "poolscaler/base/time.hpp"

namespace poolscaler {

struct TimedReplicas {
  Instant at;
  std::int32_t replicas;
  bool operator==(const TimedReplicas&) const = default;
};

inline constexpr std::size_t cold_starts_max = 20;

/// The newest cold starts, and the replicas whose start is being watched. The samples lie in the
/// object itself: every decision copies the memory, and most policies should not allocate for it.
struct ColdStarts {
  std::array<std::uint16_t, cold_starts_max> tenths{};  // of a second, oldest first
  std::uint8_t samples = 0;
  std::vector<TimedReplicas> asked{};       // not ready yet, oldest first
  std::optional<std::int32_t> replicas{};   // of the target, when last looked
  std::optional<Instant> looked_at{};
  bool operator==(const ColdStarts&) const = default;
};

/// Quarter octaves from 8 s to a day, and one for whatever is longer.
inline constexpr std::size_t gap_buckets = 56;

/// The gaps between two needs of one layer of replicas, old ones fading.
struct LayerGaps {
  std::array<std::uint16_t, gap_buckets> weights{};
  std::uint16_t gaps = 0;  // that were seen, saturating
  bool operator==(const LayerGaps&) const = default;
};

/// What a predecessor has told of needs fits so many entries.
inline constexpr std::size_t told_needs_max = 16;

/// For policies with `keepAlive: Learned`; empty for all others.
struct KeepAliveMemory {
  /// On the clock of fresh time: `replicas` were needed, and later on fewer. Before 0 lies what was
  /// not seen since the start of the operator.
  struct Need {
    Millis at;
    std::int32_t replicas;
    bool operator==(const Need&) const = default;
  };
  Millis clock{0};  // fresh time that was seen since the start of the operator
  std::optional<Instant> counted_to{};
  std::int32_t needed = 0;         // when last looked
  std::vector<Need> needs{};       // oldest first, so the most replicas first
  std::vector<LayerGaps> layers{};
  /// Of a predecessor, until the first decision takes it up: until then so many replicas were
  /// needed, and later on fewer; oldest first. The last entry is how many were needed at its end.
  std::vector<TimedReplicas> told{};
  bool operator==(const KeepAliveMemory&) const = default;
};

}  // namespace poolscaler
