#include "world.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

/// Core v1 on the left, events.k8s.io/v1 on the right.
constexpr std::array event_fields = {
    std::pair("involvedObject", "regarding"),
    std::pair("message", "note"),
    std::pair("reportingComponent", "reportingController"),
    std::pair("source", "deprecatedSource"),
    std::pair("firstTimestamp", "deprecatedFirstTimestamp"),
    std::pair("lastTimestamp", "deprecatedLastTimestamp"),
    std::pair("count", "deprecatedCount"),
};

void rename(json& object, const char* from, const char* to) {
  const auto found = object.find(from);
  if (found == object.end()) return;
  json value = std::move(*found);
  object.erase(found);
  object[to] = std::move(value);
}

}  // namespace

std::uint64_t WorldParts::next_random() {
  std::uint64_t z = (random_state += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

std::string WorldParts::next_uid() {
  const auto a = next_random();
  const auto b = next_random();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xFFFF,
                     a & 0xFFF, 0x8000 | ((b >> 48) & 0x3FFF), b & 0xFFFFFFFFFFFFULL);
}

std::string WorldParts::next_suffix() {
  // The alphabet of generated names: no vowels and nothing that looks like one, so no words.
  constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string suffix;
  auto bits = next_random();
  for (int i = 0; i < 5; ++i, bits /= alphabet.size()) suffix += alphabet[bits % alphabet.size()];
  return suffix;
}

json wire_form(const Kind& kind, const json& stored) {
  json object = stored;
  object["apiVersion"] = kind.api_version();
  object["kind"] = kind.kind;
  if (kind.is_event_v1())
    for (const auto& [core, v1] : event_fields) rename(object, core, v1);
  return object;
}

json stored_form(const Kind& kind, json sent) {
  if (kind.is_event_v1()) {
    for (const auto& [core, v1] : event_fields) rename(sent, v1, core);
    sent["apiVersion"] = "v1";
  }
  return sent;
}

}  // namespace poolscaler::simulation
