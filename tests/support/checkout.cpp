#include "support/checkout.hpp"

namespace poolscaler {

std::filesystem::path in_checkout(std::string_view relative) {
  const std::filesystem::path root = POOLSCALER_SOURCE_DIR;
  return relative.empty() ? root : root / relative;
}

}  // namespace poolscaler
