#include "poolscaler/domain/decision.hpp"

namespace poolscaler {

std::string Explanation::line() const {
  std::string text;
  for (const auto& step : steps) {
    if (step.numbers.empty()) continue;
    if (!text.empty()) text += "; ";
    if (!step.subject.empty()) text += "'" + step.subject + "' ";
    text += step.numbers;
  }
  if (!steps.empty() && steps.back().after != steps.front().before)
    text += "; had " + std::to_string(steps.front().before);
  return text;
}

}  // namespace poolscaler
