#include "words.hpp"

#include <algorithm>
#include <chrono>
#include <sstream>
#include <stdexcept>

namespace poolscaler::scenarios {

Words words_of(std::string_view line) {
  Words words;
  std::istringstream in{std::string(line)};
  for (std::string text; in >> text;) {
    const auto equals = text.find('=');
    words.push_back({text.substr(0, equals),
                     equals == std::string::npos ? "" : text.substr(equals + 1)});
  }
  return words;
}

void not_understood(const Word& word) {
  throw std::invalid_argument("'" + word.name + "=" + word.value + "' is not understood");
}

double number_of(const Word& word) {
  const bool percent = word.value.ends_with('%');
  std::size_t used = 0;
  const double number = std::stod(word.value, &used);
  if (used + (percent ? 1U : 0U) != word.value.size()) not_understood(word);
  return percent ? number / 100 : number;
}

int whole(const Word& word) { return static_cast<int>(number_of(word)); }

Millis time_of(const std::string& text) {
  std::istringstream in(text);
  std::int64_t seconds = 0;
  for (std::string part; std::getline(in, part, ':');) seconds = seconds * 60 + std::stoll(part);
  return Seconds(seconds);
}

SignalReading reading_of(const Word& word) {
  static const std::map<std::string, SignalState> states = {
      {"absent", SignalState::Absent}, {"nan", SignalState::NotANumber},
      {"stale", SignalState::Stale},   {"partial", SignalState::Partial},
      {"error", SignalState::Error}};
  if (const auto state = states.find(word.value); state != states.end())
    return {.state = state->second};
  const double value = number_of(word);
  return {.state = value == 0 ? SignalState::Zero : SignalState::Value, .value = value};
}

std::vector<RatePolicy> rate_policies_of(const Word& word) {
  std::vector<RatePolicy> policies;
  std::istringstream in(word.value);
  for (std::string text; std::getline(in, text, ',');) {
    const auto slash = text.find('/');
    if (slash == std::string::npos) not_understood(word);
    const bool percent = text[slash - 1] == '%';
    policies.push_back({percent ? RatePolicyType::Percent : RatePolicyType::Pods,
                        std::stoi(text), std::stoi(text.substr(slash + 1))});
  }
  return policies;
}

void read_steps(Signal& signal, const Word& word) {
  signal.target_type = TargetType::Steps;
  std::istringstream in(word.value);
  for (std::string text; std::getline(in, text, ',');) {
    const auto colon = text.find(':');
    if (colon == std::string::npos || colon + 1 == text.size()) not_understood(word);
    const bool changes = text[colon + 1] == '+' || text[colon + 1] == '-';
    signal.step_kind = !changes               ? StepKind::Replicas
                       : text.ends_with('%') ? StepKind::ChangePercent
                                             : StepKind::Change;
    auto& step = signal.steps.emplace_back(
        ScalingStep{.above = {}, .amount = std::stoi(text.substr(colon + 1))});
    if (colon > 0) step.above = std::stod(text.substr(0, colon));
  }
}

Cron cron_of(const Word& word) {
  auto text = word.value;
  std::ranges::replace(text, '_', ' ');
  const auto cron = parse_cron(text);
  if (!cron) throw std::invalid_argument(cron.error().message);
  return *cron;
}

CalendarDate date_of(const Word& word) {
  const auto day = parse_rfc3339(word.value + "T00:00:00Z");
  if (!day) not_understood(word);
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(*day));
  return {.year = date.year(), .day = date.month() / date.day()};
}

}  // namespace poolscaler::scenarios
