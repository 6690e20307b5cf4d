#include "poolscaler/base/check.hpp"

#include <fmt/format.h>

namespace poolscaler {

void invariant_failed(const char* condition, const char* why, const char* file, int line) {
  throw InvariantError(fmt::format("{} ({}) does not hold at {}:{}", why, condition, file, line));
}

}  // namespace poolscaler
