// Readings that nobody took: a value as it would have been read.
#pragma once

#include "poolscaler/explain/situation.hpp"

namespace poolscaler::explain {

/// Signal `index` reads `value`. A signal of the pods' own resources is reckoned from single pods:
/// every ready one gets an equal part.
void set_value(Situation& situation, std::size_t index, double value);

/// Every replica that was asked for is ready.
void ready_all(Situation& situation);

}  // namespace poolscaler::explain
