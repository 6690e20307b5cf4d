#include "poolscaler/domain/observation.hpp"

namespace poolscaler {

std::string_view name_of(SignalState state) {
  switch (state) {
    case SignalState::Value: return "Value";
    case SignalState::Zero: return "Zero";
    case SignalState::Absent: return "Absent";
    case SignalState::NotANumber: return "NotANumber";
    case SignalState::Stale: return "Stale";
    case SignalState::Partial: return "Partial";
    case SignalState::Error: return "Error";
  }
  return "Error";
}

}  // namespace poolscaler
