// The one function of a fuzz target: takes any bytes, and ends the program where a law is broken.
// libFuzzer calls it with what it makes up (preset `fuzz`), replay.cpp with what the corpus holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace poolscaler::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline void require(bool holds, std::string_view law) {
  if (holds) return;
  std::cerr << "broken law: " << law << "\n";
  std::abort();
}

}  // namespace poolscaler::fuzz
