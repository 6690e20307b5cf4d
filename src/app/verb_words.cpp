#include "verb_words.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "poolscaler/api/spelling.hpp"
#include "poolscaler/base/text.hpp"

namespace poolscaler::app {
namespace {

constexpr std::array verbs = {
    VerbInfo{"run", "runs the operator"},
    VerbInfo{"sandbox", "plays a story, or serves an API server, without any cluster"},
    VerbInfo{"validate", "checks manifests offline with the operator's own rules"},
    VerbInfo{"convert", "turns HPAs and ScaledObjects into ScalingPolicies, naming what is lost"},
    VerbInfo{"diff", "shows what applying manifests would change, in fields and in effect"},
    VerbInfo{"simulate", "plays recorded load against policies and their peers"},
    VerbInfo{"explain", "tells a decision step by step, and what would have to change"},
    VerbInfo{"top", "shows pools, budgets and what draws on them, live or once"},
    VerbInfo{"budget", "tells where one budget stands, and who has spent what"},
    VerbInfo{"prices import", "makes a PriceCatalog of tables of prices"},
    VerbInfo{"prices show", "tells what a node costs, and where that price comes from"},
    VerbInfo{"print",
             "prints generated reference: CRDs, presets, backends, reasons, metrics, flags"},
    VerbInfo{"version", "prints the version"},
};

constexpr std::size_t begun_bytes_min = 3;

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

/// The words of the verb that may be meant by a word behind `before`; empty: none is near.
std::string verb_near(std::string_view before, std::string_view word) {
  std::vector<std::string_view> known;
  std::vector<std::string_view> meant;
  const auto add = [&](std::string_view part, std::string_view whole) {
    known.push_back(part);
    meant.push_back(whole);
  };
  for (const auto& verb : verbs) {
    if (!verb.name.starts_with(before)) continue;
    const auto first = first_word(verb.name.substr(before.size()));
    add(first, verb.name.substr(0, before.size() + first.size()));
    // The second word alone may have been given, too.
    const auto length = before.size() + first.size();
    if (length < verb.name.size()) add(verb.name.substr(length + 1), verb.name);
  }
  auto found = std::ranges::find_if(known, [&](std::string_view one) {
    return word.size() >= begun_bytes_min && one.starts_with(word);
  });
  if (found == known.end())
    if (const auto nearest = api::nearest_spelling(word, known); !nearest.empty())
      found = std::ranges::find(known, nearest);
  return found == known.end()
             ? ""
             : std::string(meant[static_cast<std::size_t>(found - known.begin())]);
}

}  // namespace

std::span<const VerbInfo> all_verbs() { return verbs; }

std::optional<std::string> wrong_verb(std::span<const char* const> words) {
  std::string before;
  for (const std::string word : words) {
    const auto so_far = before + word;
    if (std::ranges::find(verbs, so_far, &VerbInfo::name) != verbs.end()) return std::nullopt;
    before = so_far + " ";
    const bool is_begin = std::ranges::any_of(
        verbs, [&](const auto& verb) { return verb.name.starts_with(before); });
    if (is_begin) continue;
    before.resize(so_far.size() - word.size());
    const auto near = verb_near(before, word);
    return fmt::format("'{}' {}:{} 'poolscaler {}--help' lists the verbs",
                       escaped(capped(word, 80)),
                       word.starts_with('-') ? "must stand behind a verb" : "is no verb",
                       near.empty() ? "" : fmt::format(" did you mean '{}'?", near), before);
  }
  return std::nullopt;
}

}  // namespace poolscaler::app
