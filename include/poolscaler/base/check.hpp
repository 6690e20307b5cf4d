// CHECK states what must hold unless this program is wrong. What the world can cause is an Error
// (result.hpp), never a CHECK. A failed CHECK throws InvariantError, which is caught in one place:
// the per-policy boundary of the round, where it freezes that policy and leaves the others alone.
#pragma once

#include <stdexcept>
#include <string>

namespace poolscaler {

class InvariantError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void invariant_failed(const char* condition, const char* why, const char* file,
                                   int line);

}  // namespace poolscaler

#define CHECK(condition, why)                                                          \
  do {                                                                                 \
    if (!(condition)) ::poolscaler::invariant_failed(#condition, why, __FILE__, __LINE__); \
  } while (false)
