// The words of a story's lines, and what they mean by themselves (tests/scenarios/README.md).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/domain/observation.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::scenarios {

/// "queue=48" as {queue, 48}; a bare word has no value.
struct Word {
  std::string name;
  std::string value;
};
using Words = std::vector<Word>;

[[nodiscard]] Words words_of(std::string_view line);

/// Throws std::invalid_argument, as all of these do.
[[noreturn]] void not_understood(const Word& word);

/// "0.5" or "50%".
[[nodiscard]] double number_of(const Word& word);
[[nodiscard]] int whole(const Word& word);

/// "05:30" is 5 minutes and a half, "1:05:30" an hour more.
[[nodiscard]] Millis time_of(const std::string& text);

[[nodiscard]] SignalReading reading_of(const Word& word);

/// "4/15s" or "50%/60s", several with commas between.
[[nodiscard]] std::vector<RatePolicy> rate_policies_of(const Word& word);

/// "0:1,50:4" asks for replicas, ":-1,50:+2" changes them, "50:+10%" changes by percent; before
/// the colon stands the bound, which the first step may leave out.
void read_steps(Signal& signal, const Word& word);

/// Blanks are written as '_', so that it stays one word.
[[nodiscard]] Cron cron_of(const Word& word);
[[nodiscard]] CalendarDate date_of(const Word& word);

template <class Enum>
Enum one_of(const Word& word, const std::map<std::string, Enum>& choices) {
  const auto choice = choices.find(word.value);
  if (choice == choices.end()) not_understood(word);
  return choice->second;
}

}  // namespace poolscaler::scenarios
