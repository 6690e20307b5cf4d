#include "remote_write.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>

namespace poolscaler::rig {
namespace {

/// The NaN with which Prometheus marks the end of a series (model/value).
constexpr std::uint64_t stale_bits = 0x7ff0000000000002;

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes += static_cast<char>(value);
}

std::string field(int number, std::string_view content) {
  constexpr std::uint64_t length_delimited = 2;
  return varint(static_cast<std::uint64_t>(number) << 3 | length_delimited) +
         varint(content.size()) + std::string(content);
}

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string sample_message(const WrittenSample& sample) {
  const auto bits =
      sample.is_stale_marker ? stale_bits : std::bit_cast<std::uint64_t>(sample.value);
  const auto millis = static_cast<std::uint64_t>(sample.at.time_since_epoch().count());
  return "\x09" + little_endian(bits, 8) + "\x10" + varint(millis);
}

std::string snappy(std::string_view text) {
  constexpr std::size_t literal_max = 65536;
  std::string out = varint(text.size());
  for (std::size_t at = 0; at < text.size(); at += literal_max) {
    const auto literal = text.substr(at, literal_max);
    out += static_cast<char>(61 << 2);  // a literal whose length less one follows in two bytes
    out += little_endian(literal.size() - 1, 2);
    out += literal;
  }
  return out;
}

}  // namespace

std::string remote_write_body(const std::vector<WrittenSeries>& series) {
  std::string request;
  for (const auto& one : series) {
    std::string message;
    for (const auto& [name, value] : one.labels)
      message += field(1, field(1, name) + field(2, value));
    for (const auto& sample : one.samples) message += field(2, sample_message(sample));
    request += field(1, message);
  }
  return snappy(request);
}

}  // namespace poolscaler::rig
