// Answers of a metric source: any bytes are one of the kinds, within the bounds.
#include "adapters/prometheus/answer.hpp"
#include "fuzz/target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace poolscaler;
  constexpr std::size_t series_max = 8;
  const auto text = fuzz::text_of(data, size);
  (void)adapters::parse_sample_value(text);
  const auto answer = adapters::parse_answer(text, series_max);
  using Kind = adapters::ApiAnswer::Kind;
  fuzz::require(answer.kind != Kind::Success || answer.answer.samples.size() <= series_max,
                "no more series than allowed");
  fuzz::require(answer.kind != Kind::Unreadable || !answer.text.empty(), "a refusal says why");
  return 0;
}
