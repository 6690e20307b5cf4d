// Where the checkout lies that these tests were built from. The one object that knows it, so that
// checkouts in different folders share all the others in a compiler cache.
#pragma once

#include <filesystem>
#include <string_view>

namespace poolscaler {

/// The path of a file of the checkout: in_checkout("docs/reference/flags.md"); its root for "".
[[nodiscard]] std::filesystem::path in_checkout(std::string_view relative);

/// A file of a folder `shared` above the checkout ("data/prices/..."), which holds facts that are
/// not ours to copy; empty where there is none.
[[nodiscard]] std::filesystem::path in_shared(std::string_view relative);

}  // namespace poolscaler
