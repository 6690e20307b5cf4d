// The flags of `simulate`.

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "option_info.hpp"
#include "poolscaler/simulation/replay/estate.hpp"

namespace poolscaler::app {
namespace {

struct Range {
  double least;
  double most;
};

Result<double> number_in(const std::string& value, Range range) {
  double number = 0;
  const auto* const end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, number);
  if (value.empty() || parsed.ec != std::errc() || parsed.ptr != end || !std::isfinite(number) ||
      number < range.least || number > range.most)
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' must be a number from {} to {}", value,
                                                     range.least, range.most));
  return number;
}

template <class Field>
Result<void> set_number(Field& field, const std::string& value, Range range) {
  const auto number = number_in(value, range);
  if (!number) return fail(number.error());
  field = *number;
  return {};
}

/// "10", "10s", "2m" or "1h".
template <class Field>
Result<void> set_seconds(Field& field, std::string value, Range range) {
  double unit = 1;
  if (value.ends_with('s') || value.ends_with('m') || value.ends_with('h')) {
    unit = value.back() == 'h' ? 3600 : value.back() == 'm' ? 60 : 1;
    value.pop_back();
  }
  const auto number = number_in(value, {range.least / unit, range.most / unit});
  if (!number) return fail(number.error().context("seconds"));
  field = *number * unit;
  return {};
}

template <class Field>
Result<void> set_whole(Field& field, const std::string& value, Range range) {
  const auto number = number_in(value, range);
  if (!number) return fail(number.error());
  if (*number != std::trunc(*number))
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' must be a whole number", value));
  field = static_cast<Field>(*number);
  return {};
}

Result<void> set_seed(Choices& choices, const std::string& value) {
  auto& seed = choices.simulate.seed;
  const auto* const end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, seed);
  if (value.empty() || parsed.ec != std::errc() || parsed.ptr != end)
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' must be a whole number from 0 to 2^64-1", value));
  return {};
}

/// "5%", or "0.05" below 1: a bare 1 could be meant as either.
template <class Field>
Result<void> set_share(Field& field, const std::string& value, double most = 1) {
  const bool has_unit = value.ends_with('%');
  const auto number = number_in(has_unit ? value.substr(0, value.size() - 1) : value, {0, 100});
  if (number && !has_unit && *number == 1)
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' could be 1 % or all: write 1% (or 0.01), or 100%", value));
  if (number && !has_unit && *number > 1)
    return fail(ErrorKind::InvalidInput, fmt::format("'{0}' has no unit: write {1}% or {2}", value,
                                                     *number, *number / 100));
  const auto share = number ? *number / (has_unit ? 100 : 1) : most + 1;
  if (share > most)
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' must be a share from 0% to {}%, such as 5% or 0.05", value,
                            most * 100));
  field = share;
  return {};
}

Result<void> set_report(Choices& choices, const std::string& value) {
  if (value.empty())
    return fail(ErrorKind::InvalidInput, "'' is no file: give one, such as report.html");
  choices.simulate.report = value;
  return {};
}

Result<void> add_meaning(Choices& choices, const std::string& value) {
  const auto equals = value.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == value.size())
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' must be SIGNAL=WORD, such as queue=inflight", value));
  choices.simulate.meanings.emplace_back(value.substr(0, equals), value.substr(equals + 1));
  return {};
}

Result<void> set_service_model(Choices& choices, const std::string& value) {
  std::size_t from = 0;
  for (auto& part : choices.simulate.service_model) {
    const auto comma = std::min(value.find(',', from), value.size());
    const auto number = from <= value.size()
                            ? number_in(value.substr(from, comma - from), {0, 1e6})
                            : fail(ErrorKind::InvalidInput, "a part is missing");
    if (!number)
      return fail(number.error().context(fmt::format(
          "'{}' must be seconds BASE,PER_INPUT_TOKEN,PER_OUTPUT_TOKEN", value)));
    part = *number;
    from = comma + 1;
  }
  if (from <= value.size())
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' has more than three parts", value));
  return {};
}

Result<void> set_start(Choices& choices, const std::string& value) {
  if (value != "warm" && value != "floor")
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' must be warm or floor", value));
  choices.simulate.start_at_floor = value == "floor";
  return {};
}

Result<void> set_measure(Choices& choices, const std::string& value) {
  if (value == "whole") choices.simulate.measure = SimulateMeasure::Whole;
  else if (value == "first-half") choices.simulate.measure = SimulateMeasure::FirstHalf;
  else if (value == "second-half") choices.simulate.measure = SimulateMeasure::SecondHalf;
  else
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' must be whole, first-half or second-half", value));
  return {};
}

Result<void> set_output(Choices& choices, const std::string& value) {
  if (value != "text" && value != "json")
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' must be text or json", value));
  choices.simulate.output = value == "json" ? OutputFormat::Json : OutputFormat::Text;
  return {};
}

template <auto Field>
Result<void> set_text(Choices& choices, const std::string& value) {
  choices.simulate.prometheus.*Field = value;
  return {};
}

template <auto Field>
Result<void> set_instant(Choices& choices, const std::string& value) {
  return set_time(choices.simulate.prometheus.*Field, value);
}

Result<void> set_query_is(Choices& choices, const std::string& value) {
  if (value != "value" && value != "rate")
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' must be value or rate", value));
  choices.simulate.prometheus.is_rate = value == "rate";
  return {};
}

constexpr double day = 86'400;
/// An hour that takes every node leaves none to speak of.
constexpr double hourly_share_max = 0.99;

const std::array options = {
    OptionInfo{"simulate", "files", "", Arity::Any, "",
               "manifests with the ScalingPolicies to play, or folders of them; '-' is standard "
               "input",
               [](Choices& c, const std::string& v) {
                 c.simulate.files.push_back(v);
                 return Result<void>();
               }},
    OptionInfo{"simulate", "--load", "", Arity::Many, "",
               "a trace (CSV), or FILE:COLUMN[,COLUMN...] of one with a column per client; may be "
               "given several times; POLICY=FILE with --pool: of this policy, and all policies are "
               "played together over the one pool",
               [](Choices& c, const std::string& v) {
                 c.simulate.loads.push_back(v);
                 return Result<void>();
               }},
    OptionInfo{"simulate", "--prometheus", "", Arity::One, "none",
               "take the load from the past of this Prometheus, such as http://localhost:9090; "
               "needs --query, --from and --to",
               set_text<&PrometheusLoad::url>},
    OptionInfo{"simulate", "--query", "", Arity::One, "none",
               "PromQL that answers with one series",
               set_text<&PrometheusLoad::query>, {.needs = "--prometheus"}},
    OptionInfo{"simulate", "--query-is", "", Arity::One, "value",
               "value (the signal itself, without requests) or rate (requests per second, such as "
               "sum(rate(requests_total[1m])))",
               set_query_is, {.needs = "--prometheus"}},
    OptionInfo{"simulate", "--from", "", Arity::One, "none",
               "when the load begins (RFC 3339, or a date); also the default of --start-time",
               set_instant<&PrometheusLoad::from>, {.needs = "--prometheus"}},
    OptionInfo{"simulate", "--to", "", Arity::One, "none",
               "when it ends (RFC 3339, or a date)", set_instant<&PrometheusLoad::to>,
               {.needs = "--prometheus"}},
    OptionInfo{"simulate", "--step", "", Arity::One, "60s",
               "from one value to the next",
               [](Choices& c, const std::string& v) {
                 double seconds = 0;
                 if (auto set = set_seconds(seconds, v, {1, day}); !set) return set;
                 return set_whole(c.simulate.prometheus.step_seconds, fmt::format("{}", seconds),
                                  {1, day});
               },
               {.needs = "--prometheus"}},
    OptionInfo{"simulate", "--token-file", "", Arity::One, "none",
               "a file with its bearer token",
               set_text<&PrometheusLoad::token_file>, {.needs = "--prometheus"}},
    OptionInfo{"simulate", "--ca-file", "", Arity::One, "the system's roots",
               "the PEM file of who signed its certificate",
               set_text<&PrometheusLoad::ca_file>, {.needs = "--prometheus"}},
    OptionInfo{"simulate", "--compare", "", Arity::Switch, "off",
               "also sweep the settings of HPA, KEDA, KPA and of our own policies",
               [](Choices& c, const std::string&) {
                 c.simulate.compare = true;
                 return Result<void>();
               }},
    OptionInfo{"simulate", "--recommend", "", Arity::Switch, "off",
               "find settings on the first half of the load, print the ScalingPolicy to apply, and "
               "score it on the second half",
               [](Choices& c, const std::string&) {
                 c.simulate.recommend = true;
                 return Result<void>();
               },
               {.without = "--compare,--report,--pool,--measure"}},
    OptionInfo{"simulate", "--max-delayed", "", Arity::One, "5%",
               "the share of requests that may be delayed, such as 5% or 0.05",
               [](Choices& c, const std::string& v) {
                 return set_share(c.simulate.max_delayed, v);
               },
               {.needs = "--recommend"}},
    OptionInfo{"simulate", "--max-wait-p99", "", Arity::One, "none",
               "the p99 wait that is allowed, such as 10s",
               [](Choices& c, const std::string& v) {
                 return set_seconds(c.simulate.max_wait_p99_seconds, v, {0, day});
               },
               {.needs = "--recommend"}},
    OptionInfo{"simulate", "--map", "", Arity::Many, "by metric",
               "SIGNAL=WORD: what a signal is in the simulation; queue, running, inflight, "
               "utilization, rate or value",
               add_meaning},
    OptionInfo{"simulate", "--slots", "", Arity::One, "8", "requests in parallel on one replica",
               [](Choices& c, const std::string& v) {
                 return set_whole(c.simulate.slots, v, {1, 10'000});
               }},
    OptionInfo{"simulate", "--cold-start", "", Arity::One, "20s",
               "from asking for a replica until it is ready",
               [](Choices& c, const std::string& v) {
                 return set_seconds(c.simulate.cold_start_seconds, v, {0, day});
               }},
    OptionInfo{"simulate", "--service-time", "", Arity::One, "5s",
               "how long a request of a rate trace is served",
               [](Choices& c, const std::string& v) {
                 return set_seconds(c.simulate.service_seconds, v, {0, day});
               }},
    OptionInfo{"simulate", "--service-model", "", Arity::One, "0.05,0.0002,0.02",
               "seconds of a request of a request trace: BASE,PER_INPUT_TOKEN,PER_OUTPUT_TOKEN",
               set_service_model},
    OptionInfo{"simulate", "--seed", "", Arity::One, "0",
               "of the arrivals within the bins of a rate trace, and of --spot-interruptions",
               set_seed},
    OptionInfo{"simulate", "--start", "", Arity::One, "warm",
               "warm: with the replicas of the first minute; floor: with minReplicas", set_start},
    OptionInfo{"simulate", "--warm-up", "", Arity::One, "600s, 0 with --start floor",
               "what is not measured at the beginning",
               [](Choices& c, const std::string& v) {
                 return set_seconds(c.simulate.warm_up_seconds, v, {0, 400 * day});
               }},
    OptionInfo{"simulate", "--measure", "", Arity::One, "whole",
               "whole, first-half or second-half of the trace", set_measure},
    OptionInfo{"simulate", "--delayed-above", "", Arity::One, "1s",
               "a request that waits longer is delayed",
               [](Choices& c, const std::string& v) {
                 return set_seconds(c.simulate.delayed_above_seconds, v, {0, day});
               }},
    OptionInfo{"simulate", "--start-time", "", Arity::One, "2026-01-05T00:00:00Z",
               "when the trace began, for schedules (RFC 3339, or a date)",
               [](Choices& c, const std::string& v) {
                 return set_time(c.simulate.start_time, v);
               }},
    OptionInfo{"simulate", "--pool", "", Arity::One, "none",
               "the file of an AcceleratorPool: replicas are on its nodes, which boot, cost and "
               "go; with --compare its cheapest node is the price of a replica",
               [](Choices& c, const std::string& v) {
                 c.simulate.pool = v;
                 return Result<void>();
               }},
    OptionInfo{"simulate", "--prices", "", Arity::Many, "none",
               "a file with PriceCatalogs, whose prices are taken as fresh; may be given several "
               "times",
               [](Choices& c, const std::string& v) {
                 c.simulate.prices.push_back(v);
                 return Result<void>();
               },
               {.needs = "--pool"}},
    OptionInfo{"simulate", "--budget", "", Arity::Many, "none",
               "a file with CostBudgets to hold to; may be given several times",
               [](Choices& c, const std::string& v) {
                 c.simulate.budgets.push_back(v);
                 return Result<void>();
               },
               {.needs = "--pool"}},
    OptionInfo{"simulate", "--spot-series", "", Arity::One, "none",
               "what spot nodes cost over time (CSV: ts,region,zone,instance_type,spot_price)",
               [](Choices& c, const std::string& v) {
                 c.simulate.spot_series = v;
                 return Result<void>();
               },
               {.needs = "--pool"}},
    OptionInfo{"simulate", "--node-boot", "", Arity::One, "300s",
               "from asking for a node until replicas start on it",
               [](Choices& c, const std::string& v) {
                 return set_seconds(c.simulate.node_boot_seconds, v,
                                    {0, double{replay::node_boot_seconds_max}});
               },
               {.needs = "--pool"}},
    OptionInfo{"simulate", "--spot-interruptions", "", Arity::One, "0",
               "the share of spot nodes that the provider takes back in an hour, such as 5%; "
               "drawn by --seed, all nodes of a group at once",
               [](Choices& c, const std::string& v) {
                 return set_share(c.simulate.spot_interruptions, v, hourly_share_max);
               },
               {.needs = "--pool"}},
    OptionInfo{"simulate", "--spot-notice", "", Arity::One, "120s",
               "from its notice until a node is gone",
               [](Choices& c, const std::string& v) {
                 return set_seconds(c.simulate.spot_notice_seconds, v, {0, 3600});
               },
               {.needs = "--spot-interruptions"}},
    OptionInfo{"simulate", "--skip-bad-lines", "", Arity::Switch, "off",
               "skip and count bad lines of traces instead of stopping",
               [](Choices& c, const std::string&) {
                 c.simulate.skip_bad_lines = true;
                 return Result<void>();
               }},
    OptionInfo{"simulate", "-o,--output", "", Arity::One, "text", "text or json", set_output},
    OptionInfo{"simulate", "--report", "", Arity::One, "none",
               "also write one HTML file with charts", set_report},
    OptionInfo{"simulate", "--threads", "", Arity::One, "all cores",
               "how many runs go on at once",
               [](Choices& c, const std::string& v) {
                 return set_whole(c.simulate.threads, v, {1, 1024});
               }},
};

}  // namespace

std::span<const OptionInfo> simulate_options() { return options; }

}  // namespace poolscaler::app
