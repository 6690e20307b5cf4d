#include "price_forms.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "poolscaler/base/check.hpp"
#include "poolscaler/base/text.hpp"

namespace poolscaler::money {
namespace {

constexpr std::size_t name_length_max = 63;
constexpr std::size_t shown_bytes_max = 40;
/// How providers count the hours of a month.
constexpr std::int64_t hours_of_a_month = 730;
constexpr std::int64_t accelerators_max = 1024;
/// Spot has been dearer than on demand; a saving is negative then.
constexpr std::int64_t saving_percent_min = -900;

using Line = Result<std::optional<PriceLine>>;

Error wrong(std::string_view column, std::string_view value, std::string_view problem) {
  return {.kind = ErrorKind::InvalidInput,
          .message = fmt::format("{} '{}' {}", column, escaped(capped(value, shown_bytes_max)),
                                 problem)};
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

/// Reads columns one after the other and keeps the first thing that is wrong.
class Columns {
 public:
  explicit Columns(const PriceFields& fields) : fields_(fields) {}

  std::string name(std::string_view column) {
    const auto value = fields_[column];
    if (value.empty() || value.size() > name_length_max ||
        !std::ranges::all_of(value, is_name_character))
      note(wrong(column, value, "is no name"));
    return std::string(value);
  }

  /// Nothing for an empty field.
  std::optional<HourlyRate> price(std::string_view column) {
    const auto value = fields_[column];
    if (value.empty()) return std::nullopt;
    const auto rate = parse_hourly_rate(value, Precision::RoundedUp);
    if (!rate) {
      note(rate.error().context(column));
      return std::nullopt;
    }
    rounded_ = rounded_ || !parse_hourly_rate(value);
    if (*rate == HourlyRate()) note(wrong(column, value, "is 0: leave a price out instead"));
    return *rate;
  }

  std::optional<HourlyRate> monthly(std::string_view column) {
    const auto month = price(column);
    if (!month) return std::nullopt;
    return HourlyRate::of((month->nano() + hours_of_a_month - 1) / hours_of_a_month);
  }

  std::int64_t whole(std::string_view column, std::int64_t least, std::int64_t most) {
    const auto value = fields_[column];
    std::int64_t number = 0;
    const auto* const end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, number);
    if (value.empty() || parsed.ec != std::errc() || parsed.ptr != end || number < least ||
        number > most)
      note(wrong(column, value,
                 fmt::format("must be a whole number from {} to {}", least, most)));
    return number;
  }

  /// Of accelerators; 0, which says nothing, for a fraction of one.
  std::int32_t count(std::string_view column) {
    if (fields_[column].find('.') == std::string_view::npos)
      return static_cast<std::int32_t>(whole(column, 0, accelerators_max));
    const bool rounded = rounded_;
    static_cast<void>(price(column));  // must be a decimal all the same
    rounded_ = rounded;
    return 0;
  }

  std::optional<Instant> date(std::string_view column) {
    const auto value = fields_[column];
    const auto instant = parse_rfc3339(value);
    if (!instant) note(wrong(column, value, "is no time such as 2026-07-20T13:44:30Z"));
    return instant ? std::optional(*instant) : std::nullopt;
  }

  /// The line, unless something was wrong.
  Line done(PriceLine line) {
    if (fault_) return fail(*fault_);
    line.rounded = rounded_;
    return std::optional(std::move(line));
  }

 private:
  void note(Error fault) {
    if (!fault_) fault_ = std::move(fault);
  }
  const PriceFields& fields_;
  std::optional<Error> fault_{};
  bool rounded_ = false;
};

Line read_instances(const PriceFields& fields) {
  Columns columns(fields);
  PriceLine line{.provider = columns.name("provider"),
                 .region = columns.name("region"),
                 .instance_type = columns.name("instance_type"),
                 .resource = std::string(capped(fields["resource"], name_length_max)),
                 .on_demand = columns.price("on_demand_usd_per_hour"),
                 .spot = columns.price("spot_usd_per_hour_sample")};
  line.count = columns.count("accelerators_per_node");
  return columns.done(std::move(line));
}

Line read_aws_on_demand(const PriceFields& fields) {
  Columns columns(fields);
  return columns.done({.provider = "aws",
                       .region = columns.name("region"),
                       .instance_type = columns.name("instance_type"),
                       .date = columns.date("generated_at"),
                       .on_demand = columns.price("on_demand_usd_per_hour")});
}

/// The price on demand in it is that of the time of collection, not of the line's.
Line read_aws_spot(const PriceFields& fields) {
  Columns columns(fields);
  return columns.done({.provider = "aws",
                       .region = columns.name("region"),
                       .zone = columns.name("zone"),
                       .instance_type = columns.name("instance_type"),
                       .date = columns.date("ts"),
                       .spot = columns.price("spot_price")});
}

Line read_aws_advisor(const PriceFields& fields) {
  if (fields["os"] != "Linux") return std::optional<PriceLine>();
  Columns columns(fields);
  PriceLine line{.provider = "aws",
                 .region = columns.name("region"),
                 .instance_type = columns.name("instance_type")};
  line.spot_saving_percent = columns.whole("savings_pct_vs_on_demand", saving_percent_min, 99);
  return columns.done(std::move(line));
}

Line read_gcp(const PriceFields& fields) {
  Columns columns(fields);
  PriceLine line{.provider = "gcp",
                 .region = columns.name("region"),
                 .instance_type = columns.name("instance_type"),
                 .resource = "nvidia.com/gpu",
                 .on_demand = columns.price("on_demand_hour"),
                 .spot = columns.price("spot_hour")};
  line.count = columns.count("accelerator_count");
  if (const auto year = columns.monthly("commit_1y_month"))
    line.commitments.emplace_back("1y", *year);
  if (const auto years = columns.monthly("commit_3y_month"))
    line.commitments.emplace_back("3y", *years);
  return columns.done(std::move(line));
}

constexpr std::array forms = {
    PriceForm{"instances of all providers",
              "provider,instance_type,vcpu,memory_mib,accelerator,resource,accelerators_per_node,"
              "accelerator_memory_mib,region,on_demand_usd_per_hour,spot_usd_per_hour_sample",
              read_instances},
    PriceForm{"AWS on demand", "generated_at,region,instance_type,on_demand_usd_per_hour",
              read_aws_on_demand},
    PriceForm{"AWS spot series", "ts,region,zone,instance_type,spot_price,on_demand_price",
              read_aws_spot},
    PriceForm{"AWS Spot Advisor",
              "region,os,instance_type,savings_pct_vs_on_demand,interruption_band_index,"
              "interruption_band",
              read_aws_advisor},
    PriceForm{"Google Cloud",
              "region,instance_type,accelerator,accelerator_count,ram_gb,local_ssd_gb,"
              "on_demand_hour,spot_hour,on_demand_month,commit_1y_month,commit_3y_month",
              read_gcp},
};

}  // namespace

std::string_view PriceFields::operator[](std::string_view column) const {
  const auto found = std::ranges::find(header_, column);
  CHECK(found != header_.end(), "the column is one of the form's");
  return fields_[static_cast<std::size_t>(found - header_.begin())];
}

std::span<const PriceForm> price_forms() { return forms; }

const PriceForm* form_with_header(std::string_view header) {
  const auto* const found = std::ranges::find(forms, header, &PriceForm::header);
  return found == forms.end() ? nullptr : found;
}

}  // namespace poolscaler::money
