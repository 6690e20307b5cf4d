// The objects that the sandbox begins with, and the load that goes with them. Times are short, so
// that a story of scaling to zero and back fits into a minute.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace poolscaler::simulation {

inline constexpr const char* waiting_metric = "sandbox_requests_waiting";
inline constexpr const char* running_metric = "sandbox_requests_running";
/// How long a request takes to be served, once it is: with the pace of a replica it says how many
/// requests run at once.
inline constexpr double service_seconds = 2.0;

struct Example {
  std::string path;  // of its collection
  std::string object;
};
/// In the order in which they have to be made.
[[nodiscard]] std::vector<Example> examples(const std::string& metrics_origin);

}  // namespace poolscaler::simulation
