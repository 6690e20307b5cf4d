#include <fmt/format.h>

#include "poolscaler/api/objects.hpp"

namespace poolscaler::api {

std::string FieldError::text() const {
  std::string text = path;
  if (!value.empty()) text += " is " + value + ",";
  text += " " + problem;
  if (!remedy.empty()) text += ": " + remedy;
  return text;
}

std::string summary(const std::vector<FieldError>& errors) {
  constexpr std::size_t told_max = 3;
  std::string text;
  for (std::size_t i = 0; i < errors.size() && i < told_max; ++i) {
    if (i > 0) text += "; ";
    text += errors[i].text();
  }
  if (errors.size() > told_max) text += fmt::format("; and {} more", errors.size() - told_max);
  return text;
}

}  // namespace poolscaler::api
