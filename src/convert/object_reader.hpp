// Reads an object of somebody else field by field. What was not asked for is found at the end, so
// that no field can be forgotten silently.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/convert/convert.hpp"

namespace poolscaler::convert {

using Notes = std::vector<Note>;

/// A value as people are shown it: scalars as JSON, capped; others in words.
[[nodiscard]] std::string shown(const nlohmann::json& value);

/// A decimal that `quantity` gave, without a suffix: "500m" gives "0.5".
[[nodiscard]] std::string plain_decimal(std::string_view quantity);

class ObjectReader {
 public:
  /// Both must outlive it.
  ObjectReader(const nlohmann::json& value, std::string path, Notes& notes);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(std::string_view name) const;
  /// Present and not null; counts as asked for.
  [[nodiscard]] bool has(std::string_view name);

  /// Nothing when missing or of another type, which is noted as Invalid.
  std::optional<std::string> text(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name);
  std::optional<bool> boolean(std::string_view name);
  /// A Kubernetes quantity, or a number in any of the forms that KEDA takes, as our own decimal.
  std::optional<std::string> quantity(std::string_view name);
  /// Metadata of a KEDA trigger: always text there, read as what it stands for.
  std::optional<std::int64_t> integer_text(std::string_view name);
  std::optional<bool> boolean_text(std::string_view name);

  /// An empty object when missing. `name` must be an object otherwise.
  ObjectReader object(std::string_view name);
  std::vector<ObjectReader> list(std::string_view name);
  /// The values of an object of texts.
  std::vector<std::pair<std::string, std::string>> texts(std::string_view name);

  /// The items of a list of texts.
  std::vector<std::string> strings(std::string_view name);

  /// Like the above; a missing field is Invalid.
  std::string required_text(std::string_view name, std::string_view example);

  /// Notes the field, where it is there, and counts it as asked for.
  void note(Severity severity, std::string_view name, std::string_view text,
            std::string_view remedy = {});
  void refuse(std::string_view name, std::string_view text, std::string_view remedy = {}) {
    note(Severity::Invalid, name, text, remedy);
  }
  /// Everything that nobody asked for is Invalid.
  void finish();

 private:
  const nlohmann::json* find(std::string_view name);

  const nlohmann::json& value_;
  std::string path_;
  Notes& notes_;
  std::set<std::string, std::less<>> asked_{};
};

}  // namespace poolscaler::convert
