#include "gap_digest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace poolscaler::api {
namespace {

/// Level 0 is no weight, level n the weight 2^((n-1)/4).
constexpr std::string_view letters =
    ".ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr double levels_an_octave = 4;
constexpr double weight_max = std::numeric_limits<std::uint16_t>::max();

std::size_t level_of(std::uint16_t weight) {
  if (weight == 0) return 0;
  const auto level = 1 + std::lround(std::log2(weight) * levels_an_octave);
  return std::min(static_cast<std::size_t>(level), letters.size() - 1);
}

std::uint16_t weight_of(std::size_t level) {
  if (level == 0) return 0;
  const auto weight = std::exp2(static_cast<double>(level - 1) / levels_an_octave);
  return static_cast<std::uint16_t>(std::min(std::round(weight), weight_max));
}

}  // namespace

std::string gaps_text(const LayerGaps& layer) {
  std::string text;
  for (const auto weight : layer.weights) text += letters[level_of(weight)];
  text.erase(text.find_last_not_of('.') + 1);
  return text;
}

LayerGaps gaps_from(std::string_view text, std::uint16_t gaps) {
  LayerGaps layer{.gaps = gaps};
  for (std::size_t i = 0; i < std::min(text.size(), gap_buckets); ++i)
    if (const auto level = letters.find(text[i]); level != std::string_view::npos)
      layer.weights[i] = weight_of(level);
  return layer;
}

}  // namespace poolscaler::api
