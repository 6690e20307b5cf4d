// "did you mean ...?": the known word that a misspelled one was probably meant to be.
#pragma once

#include <span>
#include <string_view>

namespace poolscaler::api {

/// The nearest of `known` that is at most three edits away (case counts nothing), or nothing.
[[nodiscard]] std::string_view nearest_spelling(std::string_view word,
                                                std::span<const std::string_view> known);

}  // namespace poolscaler::api
