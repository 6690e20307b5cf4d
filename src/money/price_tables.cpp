#include "poolscaler/money/price_tables.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/money/price.hpp"
#include "price_forms.hpp"
#include "wide.hpp"

namespace poolscaler::money {
namespace {

constexpr std::size_t line_bytes_max = 60;

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t from = 0; from <= line.size();) {
    const auto comma = std::min(line.find(',', from), line.size());
    fields.push_back(line.substr(from, comma - from));
    from = comma + 1;
  }
  return fields;
}

std::string_view without_line_end(std::string_view line) {
  while (line.ends_with('\r') || line.ends_with('\n')) line.remove_suffix(1);
  return line;
}

/// The last "2026-07-30" in a file's name.
std::optional<Instant> date_in(std::string_view name) {
  constexpr std::size_t length = 10;
  for (auto at = name.size() < length ? 0 : name.size() - length + 1; at-- > 0;) {
    const auto day = name.substr(at, length);
    if (day[4] != '-' || day[7] != '-') continue;
    if (const auto date = parse_rfc3339(std::string(day) + "T00:00:00Z")) return *date;
  }
  return std::nullopt;
}

/// Rounded up to whole nano-dollars.
HourlyRate less_percent(HourlyRate rate, std::int64_t percent) {
  return HourlyRate::of(narrowed((Wide{rate.nano()} * (100 - percent) + 99) / 100));
}

using Key = std::tuple<std::string, std::string, std::string, std::string>;

/// Where a price was read.
struct Place {
  std::size_t file;
  std::size_t line;
  auto operator<=>(const Place&) const = default;
};

/// A price and the day that it is of; no day: nobody has said.
struct Dated {
  HourlyRate rate;
  std::optional<Instant> of;
  Place place;
  bool rounded = false;
};

/// How many prices have something in common that is to be told, and which was read first.
class Common {
 public:
  void add(const Dated& price) {
    ++count_;
    if (!first_ || price.place < first_->place) first_ = price;
  }
  /// "3 prices are WHAT: the first is that of aws.csv:17, of 2026-07-20T13:44:30Z".
  void tell(std::string_view what, const std::vector<std::string>& files,
            std::vector<std::string>& notes) const {
    if (!first_) return;
    notes.push_back(fmt::format("{} price{} {} {}: the first is that of {}:{}{}", count_,
                                count_ == 1 ? "" : "s", count_ == 1 ? "is" : "are", what,
                                files[first_->place.file], first_->place.line,
                                first_->of ? ", of " + to_rfc3339(*first_->of) : ""));
  }

 private:
  std::size_t count_ = 0;
  std::optional<Dated> first_{};
};

/// What of the prices should not pass in silence.
class Oddities {
 public:
  Oddities(Instant now, Seconds max_age) : now_(now), max_age_(max_age) {}

  void look_at(const Dated& price) {
    if (price.rounded) rounded_.add(price);
    if (price.of && now_ - *price.of > max_age_) stale_.add(price);
  }
  void tell(const std::vector<std::string>& files, std::vector<std::string>& notes) const {
    rounded_.tell("rounded up to nine digits behind the point", files, notes);
    stale_.tell(fmt::format("older than --max-age {} h, and the catalogue is as old as its oldest",
                            max_age_ / std::chrono::hours(1)),
                files, notes);
  }

 private:
  Instant now_;
  Seconds max_age_;
  Common rounded_{};
  Common stale_{};
};

struct Row {
  std::optional<Dated> on_demand{};
  std::optional<Dated> spot{};
  std::map<std::string, Dated> commitments{};
};

/// Prices of a time that has not come are none: whoever dated them was wrong.
class Futures {
 public:
  explicit Futures(Instant now) : now_(now) {}

  void leave_out_of(Row& row) {
    for (auto* price : {&row.on_demand, &row.spot})
      if (*price && is_one(**price)) price->reset();
    std::erase_if(row.commitments, [this](const auto& term) { return is_one(term.second); });
  }
  void tell(const std::vector<std::string>& files, std::vector<std::string>& notes) const {
    all_.tell("dated in the future and left out", files, notes);
  }

 private:
  bool is_one(const Dated& price) {
    const bool future = price.of && *price.of > now_ + future_tolerance;
    if (future) all_.add(price);
    return future;
  }

  Instant now_;
  Common all_{};
};

bool is_empty(const Row& row) { return !row.on_demand && !row.spot && row.commitments.empty(); }

struct Shape {
  std::string resource;
  std::int32_t count;
};

/// The oldest of the prices; known only when each of them is dated.
class Oldest {
 public:
  HourlyRate take(const Dated& price) {
    all_dated_ = all_dated_ && price.of;
    if (price.of) oldest_ = std::min(oldest_.value_or(*price.of), *price.of);
    return price.rate;
  }
  [[nodiscard]] std::optional<Instant> value() const {
    return all_dated_ ? oldest_ : std::nullopt;
  }

 private:
  std::optional<Instant> oldest_{};
  bool all_dated_ = true;
};

/// The prices of a row, each of which `take` makes a rate of.
template <class Take>
PriceRow row_of(const Key& key, const Row& from, Take take) {
  const auto& [provider, region, zone, type] = key;
  PriceRow row{
      .provider = provider, .region = region, .zone = zone, .instance_type = type};
  if (from.on_demand) row.on_demand = take(*from.on_demand);
  if (from.spot) row.spot = take(*from.spot);
  for (const auto& [term, price] : from.commitments)
    row.commitments.push_back({term, take(price)});
  return row;
}

}  // namespace

struct PriceTables::Tables {
  PriceFilter filter;
  std::string file{};
  std::optional<Instant> file_date{};
  std::size_t line = 0;
  const PriceForm* form = nullptr;
  std::vector<std::string> header{};
  std::vector<std::string> problems{};
  std::size_t problem_count = 0;
  std::vector<std::string> sources{};
  std::map<Key, Row> rows{};
  std::map<std::pair<std::string, std::string>, Shape> shapes{};  // provider, instance type
  struct Saving {
    std::int64_t percent;
    std::optional<Instant> of;
  };
  std::map<Key, Saving> savings{};  // spot below on demand

  bool wants(const PriceLine& price) const {
    return (filter.regions.empty() || filter.regions.contains(price.region)) &&
           (filter.instance_types.empty() || filter.instance_types.contains(price.instance_type));
  }

  void add(PriceLine price) {
    if (price.count > 0 && !price.resource.empty())
      shapes[{price.provider, price.instance_type}] = {price.resource, price.count};
    if (!wants(price)) return;
    const auto of = price.date ? price.date : file_date;
    const auto dated = [&](HourlyRate rate) {
      return Dated{rate, of, {sources.size() - 1, line}, price.rounded};
    };
    const Key key{price.provider, price.region, price.zone, price.instance_type};
    if (price.spot_saving_percent) savings[key] = {*price.spot_saving_percent, of};
    if (!price.on_demand && !price.spot && price.commitments.empty()) return;
    auto& row = rows[key];
    if (price.on_demand) row.on_demand = dated(*price.on_demand);
    // Of a series the latest counts, in whatever order it comes.
    const bool older = price.date && row.spot && row.spot->of && *row.spot->of > *price.date;
    if (price.spot && !older) row.spot = dated(*price.spot);
    for (auto& [term, rate] : price.commitments)
      row.commitments.insert_or_assign(term, dated(rate));
  }

  void complain(std::string problem) {
    ++problem_count;
    if (problems.size() < price_problems_max)
      problems.push_back(fmt::format("{}:{}: {}", file, line, problem));
  }
};

PriceTables::PriceTables(PriceFilter filter)
    : tables_(std::make_unique<Tables>(Tables{.filter = std::move(filter)})) {}
PriceTables::~PriceTables() = default;

void PriceTables::open(std::string name, std::optional<Instant> as_of) {
  auto& tables = *tables_;
  tables.file_date = as_of ? as_of : date_in(name);
  tables.file = std::move(name);
  tables.sources.push_back(tables.file);
  tables.line = 0;
  tables.form = nullptr;
}

Result<void> PriceTables::take(std::string_view line) {
  auto& tables = *tables_;
  ++tables.line;
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (tables.line == 1 && line.starts_with(byte_order_mark))
    line.remove_prefix(byte_order_mark.size());
  line = without_line_end(line);
  if (line.size() > price_line_bytes_max) {
    tables.complain(fmt::format("has more than {} bytes", price_line_bytes_max));
    return {};
  }
  if (tables.form == nullptr) {
    tables.form = form_with_header(line);
    if (tables.form == nullptr)
      return fail(ErrorKind::InvalidInput,
                  fmt::format("{}:{}: '{}' is the header of no known table of instance prices; "
                              "known are:\n{}",
                              tables.file, tables.line,
                              escaped(capped(line, line_bytes_max)), forms()));
    tables.header.clear();
    for (const auto name : fields_of(line)) tables.header.emplace_back(name);
    return {};
  }
  if (line.empty()) return {};
  const auto fields = fields_of(line);
  if (fields.size() != tables.header.size()) {
    tables.complain(fmt::format("has {} fields, the header has {}", fields.size(),
                                tables.header.size()));
    return {};
  }
  auto price = tables.form->read(PriceFields(tables.header, fields));
  if (price) {
    if (*price) tables.add(**std::move(price));
  } else {
    tables.complain(price.error().message);
  }
  return {};
}

const std::vector<std::string>& PriceTables::problems() const { return tables_->problems; }
std::size_t PriceTables::problem_count() const { return tables_->problem_count; }

Result<ImportedPrices> PriceTables::finish(Instant now, Seconds max_age) const {
  auto rows = tables_->rows;
  ImportedPrices imported{.sources = tables_->sources};
  Futures futures(now);
  for (auto& [key, row] : rows) futures.leave_out_of(row);
  std::erase_if(rows, [](const auto& row) { return is_empty(row.second); });
  futures.tell(imported.sources, imported.notes);
  std::size_t unused = 0;
  for (const auto& [key, saving] : tables_->savings) {
    const auto found = rows.find(key);
    if (found == rows.end() || !found->second.on_demand) {
      ++unused;
      continue;
    }
    auto& row = found->second;
    if (row.spot) continue;
    const auto& whole = *row.on_demand;
    const auto of = whole.of && saving.of ? std::optional(std::min(*whole.of, *saving.of))
                                          : std::nullopt;
    row.spot = Dated{less_percent(whole.rate, saving.percent), of, whole.place, whole.rounded};
  }
  if (unused > 0)
    imported.notes.push_back(fmt::format(
        "{} savings of spot left out: no price on demand is known to subtract them from", unused));
  if (rows.empty())
    return fail(ErrorKind::InvalidInput,
                unused > 0 ? "no price is left: savings are subtracted from prices on demand, "
                             "whose table has to be given, too"
                           : "no price is left: check the files, --region, --instance-type, and "
                             "the dates of the prices");
  if (rows.size() > catalog_rows_max)
    return fail(ErrorKind::InvalidInput,
                fmt::format("{} rows are more than the {} that a PriceCatalog holds: choose with "
                            "--region and --instance-type",
                            rows.size(), catalog_rows_max));
  Oldest oldest;
  Oddities oddities(now, max_age);
  for (const auto& [key, from] : rows) {
    auto row = row_of(key, from, [&](const Dated& price) {
      oddities.look_at(price);
      return oldest.take(price);
    });
    const auto shape = tables_->shapes.find({row.provider, row.instance_type});
    if (shape != tables_->shapes.end()) {
      row.resource = shape->second.resource;
      row.count = shape->second.count;
    }
    imported.rows.push_back(std::move(row));
  }
  imported.as_of = oldest.value();
  oddities.tell(imported.sources, imported.notes);
  return imported;
}

std::string PriceTables::forms() {
  std::string text;
  for (const auto& form : price_forms())
    text += fmt::format("  {}: {}\n", form.name, form.header);
  return text;
}

}  // namespace poolscaler::money
