// Strict access to the fields of one recorded case: what is missing or of another type is a
// CaseError that names the place, never a default.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "poolscaler/base/time.hpp"

namespace poolscaler::vectors {

/// A case that cannot be understood.
class CaseError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Case {
 public:
  /// `json` outlives this; `place` is the path that led here, for errors.
  explicit Case(const nlohmann::json& json, std::string place = "");

  [[nodiscard]] const nlohmann::json& json() const { return *json_; }
  /// The field is there, and not null.
  [[nodiscard]] bool has(const char* field) const;

  /// A field that must be there, null or not.
  [[nodiscard]] Case at(const char* field) const;
  [[nodiscard]] std::vector<Case> list(const char* field) const;
  [[nodiscard]] std::vector<Case> elements() const;

  /// Integers are exact up to 2^63-1; a fraction or more is an error.
  [[nodiscard]] std::int64_t int64() const;
  [[nodiscard]] std::int32_t int32() const;
  [[nodiscard]] double number() const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::string text() const;
  /// Seconds, with milliseconds at most.
  [[nodiscard]] Millis seconds() const;

  [[nodiscard]] std::int64_t int64(const char* field) const { return at(field).int64(); }
  [[nodiscard]] std::int32_t int32(const char* field) const { return at(field).int32(); }
  [[nodiscard]] double number(const char* field) const { return at(field).number(); }
  [[nodiscard]] bool boolean(const char* field) const { return at(field).boolean(); }
  [[nodiscard]] std::string text(const char* field) const { return at(field).text(); }
  [[nodiscard]] Millis seconds(const char* field) const { return at(field).seconds(); }

  /// Null, or not there, is nothing.
  [[nodiscard]] std::optional<std::int64_t> maybe_int64(const char* field) const;
  [[nodiscard]] std::optional<std::int32_t> maybe_int32(const char* field) const;
  [[nodiscard]] std::optional<double> maybe_number(const char* field) const;
  [[nodiscard]] std::optional<std::string> maybe_text(const char* field) const;
  [[nodiscard]] std::optional<Millis> maybe_seconds(const char* field) const;

  /// The value that a word stands for; another word is an error that lists these.
  template <class T>
  [[nodiscard]] T word(const std::map<std::string, T>& meanings) const {
    const auto found = meanings.find(text());
    if (found != meanings.end()) return found->second;
    std::string known;
    for (const auto& [name, meaning] : meanings) known += (known.empty() ? "" : ", ") + name;
    fail("is '" + text() + "', must be one of " + known);
  }

  [[noreturn]] void fail(const std::string& problem) const;

 private:
  const nlohmann::json* json_;
  std::string place_;
};

}  // namespace poolscaler::vectors
