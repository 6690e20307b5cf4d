#include "vectors/shared_file.hpp"

#include "support/checkout.hpp"

namespace poolscaler::vectors {

std::filesystem::path shared_file(const std::string& name) {
  return in_shared("vectors/" + name);
}

std::string absence_of(const std::string& name) {
  return "SKIPPED: shared/vectors/" + name + " is in no folder above " + in_checkout("").string();
}

std::string stem_of(const std::string& name) { return name.substr(0, name.find('.')); }

}  // namespace poolscaler::vectors
