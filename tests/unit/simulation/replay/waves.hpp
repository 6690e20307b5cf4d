// A load that several tests play.
#pragma once

#include <string>
#include <utility>

#include "poolscaler/simulation/replay/load.hpp"

namespace poolscaler::replay {

/// Two hours of waves, with quiet times between them.
inline Load waves() {
  std::string text = "timestamp_seconds,requests\n";
  for (int minute = 0; minute < 120; ++minute) {
    const int phase = minute % 30;
    const int requests = phase < 10 ? 60 + 20 * phase : phase < 15 ? 3 : 0;
    text += std::to_string(minute * 60) + "," + std::to_string(requests) + "\n";
  }
  return std::move(read_loads("waves", text, {}).value().front());
}

}  // namespace poolscaler::replay
