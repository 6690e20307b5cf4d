// A ledger as the book of budgets holds it: taken up from what was stored, kept in step with what
// it is the ledger of, and given out again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/money/budget_state.hpp"

namespace poolscaler::money {

/// The first dimension of every ledger that has any.
inline constexpr std::string_view namespace_dimension = "namespace";

struct HeldLedger {
  std::string uid;  // of the object
  std::optional<LedgerState> adopted{};  // stored, and not taken up yet
  std::optional<Ledger> ledger{};
  /// It was counted by the last look: what was seen then holds until now.
  bool running = false;
};

[[nodiscard]] LedgerState state_of(const Ledger& ledger);

/// Opens it or takes up what was adopted, and follows changes of zone and dimensions. What was
/// spent stays in the period that it is in; under a dimension that was not told apart it is
/// untagged.
void prepare(HeldLedger& held, const std::shared_ptr<const TimeZone>& zone,
             const std::vector<std::string>& dimensions, Instant now);

}  // namespace poolscaler::money
