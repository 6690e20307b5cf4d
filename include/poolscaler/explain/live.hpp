// A decision that the operator has recorded in a policy's status, told, and taken again.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "poolscaler/base/result.hpp"
#include "poolscaler/explain/account.hpp"

namespace poolscaler::explain {

/// The account of `object`, a ScalingPolicy as the API server gives it. The steps are those of the
/// status. Why-nots in the directions asked for come from the same decision taken again; a note
/// says where the status does not hold enough to take it exactly so. Errors: NotFound when no
/// decision has been recorded yet, InvalidInput when the spec has errors.
[[nodiscard]] Result<Account> account_of_object(const nlohmann::json& object,
                                                const std::vector<Trend>& directions);

}  // namespace poolscaler::explain
