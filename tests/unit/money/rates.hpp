// Prices as the tests of this room write them: "32.77".
#pragma once

#include <string_view>

#include "poolscaler/domain/amount.hpp"

namespace poolscaler::money {

inline HourlyRate rate(std::string_view text) {
  return parse_hourly_rate(text).value();
}

}  // namespace poolscaler::money
