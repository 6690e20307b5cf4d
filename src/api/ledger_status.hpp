// A ledger in a status: its rows below any field, and its way out and in.
#pragma once

#include <deque>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "field_table.hpp"
#include "poolscaler/api/ledger_status.hpp"

namespace poolscaler::api {

inline constexpr std::size_t amount_text_max = 32;

/// The rows of a ledger at `path`. They refer to it, so it lives as long as the program.
class LedgerRows {
 public:
  explicit LedgerRows(std::string_view path);
  LedgerRows(const LedgerRows&) = delete;
  LedgerRows& operator=(const LedgerRows&) = delete;
  LedgerRows(LedgerRows&&) = delete;
  LedgerRows& operator=(LedgerRows&&) = delete;
  ~LedgerRows() = default;
  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }

 private:
  std::deque<std::string> paths_;
  std::vector<Field> fields_;
};

inline constexpr std::int64_t rest_max = 3'599'999;
/// Text and rest; the rest is left out where it is 0.
void put_exact(nlohmann::json& object, const char* name, const char* rest_name,
               const ExactAmount& exact);
[[nodiscard]] std::optional<ExactAmount> exact_at(const nlohmann::json& from, const char* name,
                                                  const char* rest_name);

[[nodiscard]] nlohmann::json ledger_json(const LedgerStatus& ledger);
/// Nothing where any part of it is missing or cannot be read: a ledger that has lost a part would
/// say too little.
[[nodiscard]] std::optional<LedgerStatus> read_ledger(const nlohmann::json& from);

}  // namespace poolscaler::api
