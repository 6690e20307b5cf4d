#include "poolscaler/api/spelling.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace poolscaler::api {
namespace {

constexpr std::size_t word_bytes_max = 64;

char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Levenshtein distance, row by row.
std::size_t edits(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t k = 0; k < row.size(); ++k) row[k] = k;
  for (std::size_t i = 0; i < from.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t k = 0; k < to.size(); ++k) {
      const auto replaced = diagonal + (lowered(from[i]) == lowered(to[k]) ? 0 : 1);
      diagonal = row[k + 1];
      row[k + 1] = std::min({row[k + 1] + 1, row[k] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::string_view nearest_spelling(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > word_bytes_max) return {};
  std::string_view best;
  // Half of a word replaced is another word.
  auto best_edits = std::min<std::size_t>(3, word.size() / 2) + 1;
  for (const auto candidate : known) {
    const auto distance = edits(word, candidate);
    if (distance >= best_edits) continue;
    best = candidate;
    best_edits = distance;
  }
  return best;
}

}  // namespace poolscaler::api
