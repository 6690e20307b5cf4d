// Formulas: any text is refused or understood; what is understood has a finite value or a state
// that says why not, whatever its signals are.
#include "engine/formula.hpp"

#include <array>
#include <cmath>
#include <vector>

#include "fuzz/target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace poolscaler;
  const auto formula = parse_formula(fuzz::text_of(data, size));
  if (!formula) {
    fuzz::require(!formula.error().message.empty(), "a refusal says why");
    return 0;
  }
  constexpr std::array values{0.0, 1.0, -1.0, 0.5, 1e308, -1e308, 1e-308};
  for (std::size_t round = 0; round < values.size() + 1; ++round) {
    std::vector<engine::OperandValue> operands;
    for (std::size_t i = 0; i < formula->operands().size(); ++i) {
      const bool missing = round == values.size() && i % 2 == 0;
      const auto value = values[(round + i) % values.size()];
      operands.push_back({.state = missing ? SignalState::Absent : SignalState::Value,
                          .value = missing ? 0 : value});
    }
    const auto result = engine::evaluate(*formula, operands);
    fuzz::require(!is_usable(result.state) || std::isfinite(result.value), "a value is finite");
    fuzz::require(result.state != SignalState::Zero || result.value == 0, "Zero is zero");
  }
  return 0;
}
