// Conversions of YAML, for the tests here.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/convert/convert.hpp"

namespace poolscaler::convert {

inline Conversion converted(const std::string& yaml) {
  const auto objects = api::read_yaml(yaml);
  if (!objects) throw std::runtime_error(objects.error().message);
  return convert(objects->at(0));
}

inline std::string notes_of(const Conversion& conversion) {
  std::string text;
  for (const auto& note : conversion.notes) text += note.line() + "\n";
  return text;
}

/// The ScalingPolicy; null where nothing was made.
inline nlohmann::json policy_of(const Conversion& conversion) {
  return conversion.objects.empty() ? nlohmann::json() : conversion.objects.back();
}

/// Whether this checkout's ScalingPolicy has signals of the pods' own resources.
inline bool has_resource_signals() {
  return api::reference_page(api::Kind::ScalingPolicy).find("`spec.signals[].resource`") !=
         std::string::npos;
}
inline bool has_schedules() {
  return api::reference_page(api::Kind::ScalingPolicy).find("`spec.schedule`") !=
         std::string::npos;
}

}  // namespace poolscaler::convert
