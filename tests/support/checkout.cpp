#include "support/checkout.hpp"

namespace poolscaler {

std::filesystem::path in_checkout(std::string_view relative) {
  const std::filesystem::path root = POOLSCALER_SOURCE_DIR;
  return relative.empty() ? root : root / relative;
}

std::filesystem::path in_shared(std::string_view relative) {
  auto folder = in_checkout("").parent_path();
  for (; folder != folder.parent_path(); folder = folder.parent_path()) {
    auto file = folder / "shared" / relative;
    if (std::filesystem::exists(file)) return file;
  }
  return {};
}

}  // namespace poolscaler
