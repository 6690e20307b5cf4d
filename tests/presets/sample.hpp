// Samples in the text format of Prometheus, and what is expected of them; see README.md here.
#pragma once

#include <string>
#include <vector>

#include "support/remote_write.hpp"

namespace poolscaler::presets {

/// The series of samples/<name>.txt as they stand in a server at `now`. Throws std::runtime_error
/// with the line that is not understood.
[[nodiscard]] std::vector<rig::WrittenSeries> sample(const std::string& name, Instant now);

/// A line of expectations.txt.
struct Expectation {
  std::string sample;
  std::string preset;   // "name: vllm-queue, model: llama"
  std::string reading;  // a number, or the name of a state
};
[[nodiscard]] std::vector<Expectation> expectations();

}  // namespace poolscaler::presets
