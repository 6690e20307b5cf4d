// The flags of `prices import` and `prices show`.

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "option_info.hpp"

namespace poolscaler::app {
namespace {

constexpr std::int64_t hours_of_a_year = 8760;

/// "30d", "12h".
Result<void> set_max_age(Choices& choices, const std::string& value) {
  std::int64_t number = 0;
  const auto* const end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, number);
  const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  const std::int64_t hours_of_one = unit == "d" ? 24 : 1;
  const bool known = parsed.ec == std::errc() && (unit == "d" || unit == "h");
  if (!known || number < 1 || number > hours_of_a_year / hours_of_one)
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' must be hours or days, such as 12h or 30d, up to 365d", value));
  choices.prices_import.max_age = std::chrono::hours(number * hours_of_one);
  return {};
}

Result<void> set_currency(Currency& field, const std::string& value) {
  const auto currency = Currency::parse(value);
  if (!currency) return fail(currency.error());
  field = *currency;
  return {};
}

Result<void> set_capacity(Choices& choices, const std::string& value) {
  for (const auto type : {CapacityType::OnDemand, CapacityType::Spot, CapacityType::Reserved})
    if (value == name_of(type)) {
      choices.prices_show.capacity = type;
      return {};
    }
  return fail(ErrorKind::InvalidInput,
              fmt::format("'{}' must be OnDemand, Spot or Reserved", value));
}

Result<void> set_own_price(Choices& choices, const std::string& value) {
  const auto rate = parse_hourly_rate(value);
  if (!rate) return fail(rate.error());
  choices.prices_show.own_price = *rate;
  return {};
}

Result<void> add_label(Choices& choices, const std::string& value) {
  const auto equals = value.find('=');
  if (equals == 0 || equals == std::string::npos)
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' must be KEY=VALUE", value));
  choices.prices_show.labels[value.substr(0, equals)] = value.substr(equals + 1);
  return {};
}

Result<void> set_show_output(Choices& choices, const std::string& value) {
  if (value != "text" && value != "json")
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' must be text or json", value));
  choices.prices_show.output = value == "json" ? OutputFormat::Json : OutputFormat::Text;
  return {};
}

constexpr std::string_view in = "prices import";
constexpr std::string_view show = "prices show";

const std::array prices_flags = {
    OptionInfo{in, "files", "", Arity::Many, "",
               "tables of prices (CSV); where two price the same thing, the later one wins",
               [](Choices& c, const std::string& v) {
                 c.prices_import.files.push_back(v);
                 return Result<void>();
               }},
    OptionInfo{in, "--name", "", Arity::One, "prices", "name of the PriceCatalog",
               [](Choices& c, const std::string& v) {
                 c.prices_import.name = v;
                 return Result<void>();
               }},
    OptionInfo{in, "--region", "", Arity::Many, "all",
               "a region that is wanted; may be given several times",
               [](Choices& c, const std::string& v) {
                 c.prices_import.filter.regions.insert(v);
                 return Result<void>();
               }},
    OptionInfo{in, "--instance-type", "", Arity::Many, "all",
               "an instance type that is wanted; may be given several times",
               [](Choices& c, const std::string& v) {
                 c.prices_import.filter.instance_types.insert(v);
                 return Result<void>();
               }},
    OptionInfo{in, "--as-of", "", Arity::One, "in the file or its name",
               "the day of prices whose file says none",
               [](Choices& c, const std::string& v) {
                 return set_time(c.prices_import.as_of, v);
               }},
    OptionInfo{in, "--max-age", "", Arity::One, "30d", "how old the prices may become, such as 12h",
               set_max_age},
    OptionInfo{in, "--currency", "", Arity::One, "USD", "of all prices",
               [](Choices& c, const std::string& v) {
                 return set_currency(c.prices_import.currency, v);
               }},
    OptionInfo{in, "--source", "", Arity::One, "names of the files", "where the prices are from",
               [](Choices& c, const std::string& v) {
                 c.prices_import.source = v;
                 return Result<void>();
               }},
    OptionInfo{in, "--skip-bad-rows", "", Arity::Switch, "off",
               "leave rows that are wrong out instead of stopping; they are named all the same",
               [](Choices& c, const std::string&) {
                 c.prices_import.skip_bad_rows = true;
                 return Result<void>();
               }},
    OptionInfo{show, "-f,--file", "", Arity::Many, "",
               "a file or folder with PriceCatalogs; may be given several times",
               [](Choices& c, const std::string& v) {
                 c.prices_show.files.push_back(v);
                 return Result<void>();
               }},
    OptionInfo{show, "--instance-type", "", Arity::One, "", "the node's instance type",
               [](Choices& c, const std::string& v) {
                 c.prices_show.labels["node.kubernetes.io/instance-type"] = v;
                 return Result<void>();
               }},
    OptionInfo{show, "--region", "", Arity::One, "", "the node's region",
               [](Choices& c, const std::string& v) {
                 c.prices_show.labels["topology.kubernetes.io/region"] = v;
                 return Result<void>();
               }},
    OptionInfo{show, "--zone", "", Arity::One, "none", "the node's zone, or its id",
               [](Choices& c, const std::string& v) {
                 c.prices_show.labels["topology.kubernetes.io/zone"] = v;
                 return Result<void>();
               }},
    OptionInfo{show, "--capacity-type", "", Arity::One, "by label, else OnDemand",
               "OnDemand, Spot or Reserved", set_capacity},
    OptionInfo{show, "--label", "", Arity::Many, "none",
               "KEY=VALUE: a label of the node, instead of the flags above; may be given several "
               "times",
               add_label},
    OptionInfo{show, "--commitment", "", Arity::One, "the dearest",
               "the term of Reserved capacity, such as 1y",
               [](Choices& c, const std::string& v) {
                 c.prices_show.commitment = v;
                 return Result<void>();
               }},
    OptionInfo{show, "--price", "", Arity::One, "none",
               "the node group's own price per hour, which wins over catalogues", set_own_price},
    OptionInfo{show, "--currency", "", Arity::One, "USD", "in which the price is asked for",
               [](Choices& c, const std::string& v) {
                 return set_currency(c.prices_show.currency, v);
               }},
    OptionInfo{show, "--at", "", Arity::One, "now", "the time at which the price is asked for",
               [](Choices& c, const std::string& v) { return set_time(c.prices_show.at, v); }},
    OptionInfo{show, "-o,--output", "", Arity::One, "text", "text or json", set_show_output},
};

}  // namespace

std::span<const OptionInfo> prices_options() { return prices_flags; }

Result<void> check_prices_show(const PricesShowOptions& options) {
  if (options.own_price) return {};
  const auto thing = money::priced_thing(options.labels, {});
  std::vector<std::string_view> missing;
  if (options.files.empty()) missing.push_back("--file");
  if (thing.contradiction.empty() && thing.instance_type.empty())
    missing.push_back("--instance-type");
  if (thing.contradiction.empty() && thing.region.empty()) missing.push_back("--region");
  if (missing.empty()) return {};
  return fail(ErrorKind::InvalidInput,
              fmt::format("{} must be given: a price is that of an instance type in a region, by "
                          "the PriceCatalogs of files; 'poolscaler prices show --help' lists what "
                          "there is",
                          fmt::join(missing, " and ")));
}

}  // namespace poolscaler::app
