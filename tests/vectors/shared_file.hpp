// Recorded decisions that lie in a folder shared/vectors above the checkout, where there is one.
#pragma once

#include <filesystem>
#include <string>

namespace poolscaler::vectors {

/// Empty where there is none.
[[nodiscard]] std::filesystem::path shared_file(const std::string& name);
/// What a test says when it is skipped for that.
[[nodiscard]] std::string absence_of(const std::string& name);
/// "hpa" of "hpa.json".
[[nodiscard]] std::string stem_of(const std::string& name);

}  // namespace poolscaler::vectors
