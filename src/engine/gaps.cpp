#include "gaps.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace poolscaler::engine {
namespace {

constexpr std::int32_t single_layers = 32;
constexpr std::int32_t groups_an_octave = 8;

constexpr std::size_t buckets_an_octave = 4;
constexpr std::size_t finite_buckets = gap_buckets - 1;
constexpr double shortest_seconds = 8;

/// In units of the weight that one gap adds.
constexpr int gap_weight = 512;
constexpr int fades_by = 64;  // so the weights of a layer never exceed 64 gaps, which fit
static_assert(gap_weight * fades_by <= std::numeric_limits<std::uint16_t>::max());
constexpr double prior_gaps = 1;

struct Buckets {
  std::array<double, finite_buckets> ends{};     // seconds; gaps up to and with it
  std::array<double, finite_buckets> middles{};  // on the logarithmic scale
};

constexpr Buckets make_buckets() {
  constexpr std::array<double, buckets_an_octave> steps = {1, 1.189207115002721, 1.4142135623730951,
                                                           1.681792830507429};
  constexpr double half_a_step = 1.0905077326652577;
  Buckets buckets;
  double octave = shortest_seconds;
  for (std::size_t i = 0; i < finite_buckets; ++i) {
    buckets.ends[i] = octave * steps[i % buckets_an_octave];
    buckets.middles[i] = buckets.ends[i] / half_a_step;
    if (i % buckets_an_octave == buckets_an_octave - 1) octave *= 2;
  }
  return buckets;
}
constexpr auto buckets = make_buckets();

std::size_t bucket_of(Millis gap) {
  const auto seconds = static_cast<double>(gap.count()) / 1000;
  const auto* const end = std::ranges::lower_bound(buckets.ends, seconds);
  return static_cast<std::size_t>(end - buckets.ends.begin());
}

/// How likely the gaps of a bucket are, unscaled; the last bucket has no prior.
double weight_of(const LayerGaps& layer, std::size_t bucket) {
  constexpr double prior = prior_gaps * gap_weight / finite_buckets;
  return layer.weights[bucket] + (bucket < finite_buckets ? prior : 0);
}

}  // namespace

std::size_t layer_group(std::int32_t layer) {
  const auto above = static_cast<std::uint32_t>(std::max(layer, 1) - 1);
  if (above < single_layers) return above;
  const auto octave = static_cast<unsigned>(std::bit_width(above / single_layers)) - 1;
  const auto within = (above >> octave) - single_layers;  // 0 to 31
  return single_layers + octave * groups_an_octave + within * groups_an_octave / single_layers;
}

std::int32_t first_layer(std::size_t group) {
  if (group < single_layers) return static_cast<std::int32_t>(group) + 1;
  const auto octave = (group - single_layers) / groups_an_octave;
  const auto within = (group - single_layers) % groups_an_octave;
  const auto first = (single_layers + within * single_layers / groups_an_octave) << octave;
  return static_cast<std::int32_t>(first) + 1;
}

void remember_gap(LayerGaps& layer, Millis gap) {
  for (auto& weight : layer.weights)
    weight = static_cast<std::uint16_t>(weight * (fades_by - 1) / fades_by);
  auto& weight = layer.weights[bucket_of(gap)];
  weight = static_cast<std::uint16_t>(weight + gap_weight);
  if (layer.gaps < std::numeric_limits<std::uint16_t>::max()) ++layer.gaps;
}

Millis best_idle_time(const LayerGaps& layer, Millis miss) {
  const auto miss_seconds = static_cast<double>(miss.count()) / 1000;
  double longer = 0;
  for (std::size_t i = 0; i < gap_buckets; ++i) longer += weight_of(layer, i);
  double best_cost = longer * miss_seconds;
  double best_seconds = 0;
  double shorter_cost = 0;
  for (std::size_t i = 0; i < finite_buckets; ++i) {
    const auto weight = weight_of(layer, i);
    shorter_cost += weight * buckets.middles[i];
    longer -= weight;
    const auto cost = shorter_cost + longer * (buckets.ends[i] + miss_seconds);
    if (cost >= best_cost) continue;
    best_cost = cost;
    best_seconds = buckets.ends[i];
  }
  const Millis best{static_cast<std::int64_t>(best_seconds * 1000)};
  return std::min<Millis>(best, idle_time_max);
}

}  // namespace poolscaler::engine
