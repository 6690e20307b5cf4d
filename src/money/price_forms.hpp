// The forms that tables of prices come in: one row of a catalogue each, known by its header.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "poolscaler/base/result.hpp"
#include "poolscaler/domain/price_catalog.hpp"

namespace poolscaler::money {

/// The fields of a line by the names of the header.
class PriceFields {
 public:
  PriceFields(std::span<const std::string> header, std::span<const std::string_view> fields)
      : header_(header), fields_(fields) {}
  /// The column is one of the form's own.
  [[nodiscard]] std::string_view operator[](std::string_view column) const;

 private:
  std::span<const std::string> header_;
  std::span<const std::string_view> fields_;
};

/// What one line says.
struct PriceLine {
  std::string provider{};
  std::string region{};
  std::string zone{};
  std::string instance_type{};
  std::string resource{};
  std::int32_t count = 0;
  std::optional<Instant> date{};
  std::optional<HourlyRate> on_demand{};
  std::optional<HourlyRate> spot{};
  std::vector<std::pair<std::string, HourlyRate>> commitments{};
  std::optional<std::int64_t> spot_saving_percent{};
  bool rounded = false;  // a price of it had digits below a nano-dollar
};

struct PriceForm {
  std::string_view name;
  std::string_view header;  // exactly
  /// Nothing for a line that prices no node of ours (another operating system).
  Result<std::optional<PriceLine>> (*read)(const PriceFields& fields);
};

[[nodiscard]] std::span<const PriceForm> price_forms();
[[nodiscard]] const PriceForm* form_with_header(std::string_view header);

}  // namespace poolscaler::money
