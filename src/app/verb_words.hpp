// The verbs by name, and what a word that is none of them may have been meant to be.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace poolscaler::app {

struct VerbInfo {
  std::string_view name;  // one word, or two
  std::string_view help;
};

[[nodiscard]] std::span<const VerbInfo> all_verbs();

/// What is wrong with the words behind the program's name; nothing when they begin with a verb, or
/// are too few for one.
[[nodiscard]] std::optional<std::string> wrong_verb(std::span<const char* const> words);

}  // namespace poolscaler::app
