// 128 bits, for products of amounts, times and weights that leave 64.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace poolscaler::money {

__extension__ using Wide = __int128;

/// The nearest that fits into 64 bits.
constexpr std::int64_t narrowed(Wide value) {
  using Limits = std::numeric_limits<std::int64_t>;
  return static_cast<std::int64_t>(
      std::clamp(value, Wide{Limits::min()}, Wide{Limits::max()}));
}

}  // namespace poolscaler::money
