// Streams of a watch: whatever pieces any bytes arrive in, the lines are the same, and each is an
// event, skipped, or an error.
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/target.hpp"
#include "kube/line_splitter.hpp"
#include "kube/watch_decoder.hpp"

namespace {

using namespace poolscaler;

std::vector<std::string> lines_of(std::string_view text, std::size_t piece) {
  constexpr std::size_t line_bytes_max = 1000;
  std::vector<std::string> lines;
  kube::LineSplitter splitter(line_bytes_max);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const auto fed = splitter.feed(text.substr(at, piece), [&](std::string_view line) {
      lines.emplace_back(line);
      return true;
    });
    if (fed == kube::Fed::TooLong) break;
  }
  return lines;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = fuzz::text_of(data + 1, size - 1);
  const auto lines = lines_of(text, text.size() + 1);
  fuzz::require(lines == lines_of(text, 1 + data[0] % 16), "pieces change no line");
  for (const auto& line : lines) {
    const auto event = kube::decode_event(line, kube::scaling_policies());
    fuzz::require(event.has_value() || !event.error().message.empty(), "a refusal says why");
  }
  return 0;
}
