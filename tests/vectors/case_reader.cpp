#include "vectors/case_reader.hpp"

#include <cmath>
#include <limits>

namespace poolscaler::vectors {

using Json = nlohmann::json;

Case::Case(const Json& json, std::string place) : json_(&json), place_(std::move(place)) {}

void Case::fail(const std::string& problem) const {
  throw CaseError((place_.empty() ? "the case" : "'" + place_ + "'") + " " + problem);
}

bool Case::has(const char* field) const {
  return json_->is_object() && json_->contains(field) && !json_->at(field).is_null();
}

Case Case::at(const char* field) const {
  if (!json_->is_object()) fail("must be an object");
  if (!json_->contains(field)) fail("has no field '" + std::string(field) + "'");
  return Case(json_->at(field), place_.empty() ? field : place_ + "." + field);
}

std::vector<Case> Case::elements() const {
  if (!json_->is_array()) fail("must be a list");
  std::vector<Case> elements;
  for (std::size_t i = 0; i < json_->size(); ++i)
    elements.emplace_back((*json_)[i], place_ + "[" + std::to_string(i) + "]");
  return elements;
}

std::vector<Case> Case::list(const char* field) const { return at(field).elements(); }

std::int64_t Case::int64() const {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!json_->is_number_integer() ||
      (json_->is_number_unsigned() && json_->get<std::uint64_t>() > most))
    fail("is " + json_->dump() + ", must be a whole number from -2^63 to 2^63-1");
  return json_->get<std::int64_t>();
}

std::int32_t Case::int32() const {
  const auto value = int64();
  if (value < std::numeric_limits<std::int32_t>::min() ||
      value > std::numeric_limits<std::int32_t>::max())
    fail("is " + json_->dump() + ", must be a whole number of 32 bits");
  return static_cast<std::int32_t>(value);
}

double Case::number() const {
  if (!json_->is_number()) fail("is " + json_->dump() + ", must be a number");
  return json_->get<double>();
}

bool Case::boolean() const {
  if (!json_->is_boolean()) fail("is " + json_->dump() + ", must be true or false");
  return json_->get<bool>();
}

std::string Case::text() const {
  if (!json_->is_string()) fail("is " + json_->dump() + ", must be a text");
  return json_->get<std::string>();
}

Millis Case::seconds() const {
  const auto value = number();
  if (!(std::abs(value) <= 1e12))
    fail("is " + json_->dump() + ", must be seconds, at most 10^12");
  return Millis(std::llround(value * 1000));
}

std::optional<std::int64_t> Case::maybe_int64(const char* field) const {
  return has(field) ? std::optional(at(field).int64()) : std::nullopt;
}

std::optional<std::int32_t> Case::maybe_int32(const char* field) const {
  return has(field) ? std::optional(at(field).int32()) : std::nullopt;
}

std::optional<double> Case::maybe_number(const char* field) const {
  return has(field) ? std::optional(at(field).number()) : std::nullopt;
}

std::optional<std::string> Case::maybe_text(const char* field) const {
  return has(field) ? std::optional(at(field).text()) : std::nullopt;
}

std::optional<Millis> Case::maybe_seconds(const char* field) const {
  return has(field) ? std::optional(at(field).seconds()) : std::nullopt;
}

}  // namespace poolscaler::vectors
