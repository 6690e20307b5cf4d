#include "poolscaler/domain/observation.hpp"

#include "poolscaler/base/text.hpp"

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

SignalReading judged_by_age(SignalReading reading, int max_age_seconds) {
  const auto age = reading.age_seconds;
  if (!is_usable(reading.state) || !age || *age <= max_age_seconds) return reading;
  return {.state = SignalState::Stale,
          .value = 0,
          .age_seconds = age,
          .detail = "the oldest sample is " + brief(*age) + " s old, at most " +
                    std::to_string(max_age_seconds) + " s are allowed"};
}

}  // namespace poolscaler
