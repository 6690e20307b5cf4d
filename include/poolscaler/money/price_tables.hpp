// Tables of prices (CSV, as price collections publish them) to the rows of a PriceCatalog.
//
// A form is known by its header. Lines are taken one at a time and nothing is kept of a line but
// its price, so a file may be of any length. Digits below a nano-dollar are rounded up, and noted:
// no price is understated. A line that is wrong is named and counted. Where two
// files price the same thing, the later one wins. Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/result.hpp"
#include "poolscaler/domain/price_catalog.hpp"

namespace poolscaler::money {

/// What is wanted; an empty set wants everything.
struct PriceFilter {
  std::set<std::string, std::less<>> regions{};
  std::set<std::string, std::less<>> instance_types{};
};

inline constexpr std::size_t catalog_rows_max = 1000;
inline constexpr std::size_t price_problems_max = 20;
inline constexpr std::size_t price_line_bytes_max = 4096;

struct ImportedPrices {
  std::vector<PriceRow> rows{};  // by provider, region, zone, instance type
  /// The oldest date of any price taken; nothing when a file said none.
  std::optional<Instant> as_of{};
  std::vector<std::string> sources{};  // names of the files, in their order
  std::vector<std::string> notes{};    // what was left out, with counts
};

class PriceTables {
 public:
  explicit PriceTables(PriceFilter filter);
  ~PriceTables();
  PriceTables(const PriceTables&) = delete;
  PriceTables& operator=(const PriceTables&) = delete;
  PriceTables(PriceTables&&) = delete;
  PriceTables& operator=(PriceTables&&) = delete;

  /// Begins a file. Its prices are of `as_of`, or of the date in its name ("..._2026-07-30.csv"),
  /// unless its lines are dated. The next line is its header.
  void open(std::string name, std::optional<Instant> as_of);
  /// Errors: InvalidInput, for a header of no known form. What is wrong with a line below is a
  /// problem.
  [[nodiscard]] Result<void> take(std::string_view line);

  /// "file:17: what is wrong", the first price_problems_max of problem_count().
  [[nodiscard]] const std::vector<std::string>& problems() const;
  [[nodiscard]] std::size_t problem_count() const;

  /// Notes what of it is from the future at `now`, or older than `max_age`. Errors: InvalidInput
  /// when no row, or more than catalog_rows_max, came of it.
  [[nodiscard]] Result<ImportedPrices> finish(Instant now, Seconds max_age) const;

  /// The headers that are known, for people.
  [[nodiscard]] static std::string forms();

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

}  // namespace poolscaler::money
