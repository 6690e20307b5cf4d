// Our own kinds: defaults, bounds, pruning, the status subresource, tables.
#include <array>

#include "contract/scribe.hpp"

namespace poolscaler::contract {

std::span<const ContractCase> own_kind_cases() { return {}; }

}  // namespace poolscaler::contract
