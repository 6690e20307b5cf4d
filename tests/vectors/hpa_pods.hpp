// Pods and their usage in the words of HPA's vectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pod_usage.hpp"

namespace poolscaler::vectors {

class Case;

/// "ready", "never_ready", "hot" ... as the head of the file defines them.
[[nodiscard]] PodSample pod_of_class(const Case& word);
/// Measures the pod of that place just now; usage of a place beyond is that of an unknown pod.
void add_usage(std::vector<PodSample>& pods, std::size_t place, std::int64_t usage);
/// With the constants of the file's head. Refers to `pods`.
[[nodiscard]] engine::PodsMeasured measured(const std::vector<PodSample>& pods, Resource resource);

}  // namespace poolscaler::vectors
