// The objects that the sandbox begins with, and the load that goes with them. Times are short, so
// that a story of scaling to zero and back fits into a minute.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace poolscaler::simulation {

struct Example {
  std::string path;  // of its collection
  std::string object;
};
/// In the order in which they have to be made.
[[nodiscard]] std::vector<Example> examples(const std::string& metrics_origin);

}  // namespace poolscaler::simulation
