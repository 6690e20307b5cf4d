#include "poolscaler/simulation/replay/load.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "poolscaler/base/random.hpp"
#include "good_times.hpp"
#include "poolscaler/base/text.hpp"
#include "trace_lines.hpp"

namespace poolscaler::replay {
namespace {

constexpr double tokens_max = 1e9;
constexpr double bin_requests_max = 1e9;
constexpr double value_max = 1e15;
/// Times from here on are seconds of the Unix clock and not of the trace.
constexpr double unix_seconds_least = 1e9;
constexpr double unix_seconds_most = 1e10;
constexpr std::size_t columns_told = 12;

Error refused(std::string_view name, std::string_view problem) {
  return {.kind = ErrorKind::InvalidInput, .message = fmt::format("{}: {}", name, problem)};
}

/// Times of a file count from its first one when that is a time of the Unix clock.
class Origin {
 public:
  explicit Origin(double unix_least) : unix_least_(unix_least) {}
  double since(double time) {
    if (!origin_) origin_ = time >= unix_least_ ? time : 0;
    return time - *origin_;
  }

 private:
  double unix_least_;
  std::optional<double> origin_;
};

/// Where the times of a trace are.
struct TimeColumn {
  std::size_t index;
  FieldRule rule;
  double unix_least;
  double reach;  // from the first to the last
};

/// What is known of a trace before it is read, where bad lines are to be skipped.
struct Foresight {
  std::vector<bool> misplaced{};  // by number of line: it is not in order with most of the others
  std::vector<double> times{};    // of the others

  [[nodiscard]] bool passes_over(std::int64_t line) const {
    const auto index = static_cast<std::size_t>(line);
    return index < misplaced.size() && misplaced[index];
  }
};

TimeColumn seconds_column(std::string_view name) {
  return {.index = 0,
          .rule = {name, 0, unix_seconds_most},
          .unix_least = unix_seconds_least,
          .reach = trace_seconds_max};
}

Foresight foresee(TraceLines lines, const TimeColumn& column, const ReadingRules& rules) {
  Foresight seen;
  if (!rules.skip_bad_lines) return seen;
  std::vector<double> times;
  std::vector<std::int64_t> numbers;
  while (const auto* fields = lines.next()) {
    const auto time = fields->size() == lines.header().size()
                          ? lines.number(column.index, column.rule)
                          : fail(ErrorKind::InvalidInput, "");
    if (!time) continue;
    times.push_back(*time);
    numbers.push_back(lines.line());
  }
  const auto kept = in_order(times, column.reach);
  seen.misplaced.resize(static_cast<std::size_t>(lines.line()) + 1);
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (kept[i]) seen.times.push_back(times[i]);
    else seen.misplaced[static_cast<std::size_t>(numbers[i])] = true;
  }
  return seen;
}

/// Reads line after line with `read`, which returns an error for a bad one; `load` counts those
/// that are skipped.
Result<void> for_each_line(TraceLines& lines, const ReadingRules& rules, const Foresight& seen,
                           Load& load, const std::function<Result<void>()>& read) {
  while (const auto* fields = lines.next()) {
    if (seen.passes_over(lines.line())) {
      ++load.skipped_lines;
      continue;
    }
    auto done = fields->size() == lines.header().size()
                    ? read()
                    : fail(lines.bad(fmt::format("the line has {} fields, expected {}",
                                                 fields->size(), lines.header().size())));
    if (done) continue;
    if (!rules.skip_bad_lines) return done;
    ++load.skipped_lines;
  }
  return {};
}

std::optional<std::size_t> column_of(const TraceLines& lines,
                                     std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    const auto found = std::ranges::find(lines.header(), name);
    if (found != lines.header().end())
      return static_cast<std::size_t>(found - lines.header().begin());
  }
  return std::nullopt;
}

/// Time goes on: nullopt, or what is wrong.
std::optional<std::string> disorder(Micros at, Micros latest) {
  if (at >= latest) return std::nullopt;
  return fmt::format("the time {} s is before {} s of an earlier line, expected lines in order of "
                     "time",
                     brief(seconds_of(at)), brief(seconds_of(latest)));
}

Result<Load> read_requests(std::string_view name, TraceLines& lines, const ReadingRules& rules) {
  const auto time = column_of(lines, {"timestamp_ms"});
  const auto input = column_of(lines, {"input_tokens", "input_length"});
  const auto output = column_of(lines, {"output_tokens", "output_length"});
  if (!input || !output)
    return fail(refused(name, "a request trace needs the columns timestamp_ms, input_tokens and "
                              "output_tokens; give the file a header that names them"));
  Load load{.name = std::string(name)};
  const TimeColumn column = {.index = *time,
                             .rule = {"timestamp_ms", 0, unix_seconds_most * 1e3},
                             .unix_least = unix_seconds_least * 1e3,
                             .reach = trace_seconds_max * 1e3};
  const auto seen = foresee(lines, column, rules);
  Origin origin(column.unix_least);
  const auto& service = rules.service;
  const auto read = [&]() -> Result<void> {
    const auto ms = lines.number(column.index, column.rule);
    if (!ms) return fail(ms.error());
    const auto in = lines.number(*input, {lines.header()[*input], 0, tokens_max});
    if (!in) return fail(in.error());
    const auto out = lines.number(*output, {lines.header()[*output], 0, tokens_max});
    if (!out) return fail(out.error());
    const double seconds = service.base + service.per_input * *in + service.per_output * *out;
    if (seconds > service_seconds_max)
      return fail(lines.bad(fmt::format("the request would be served for {} s, expected at most "
                                        "{} s",
                                        brief(seconds), brief(service_seconds_max))));
    const Micros arrival{static_cast<std::int64_t>(std::floor(origin.since(*ms) * 1e3 + 0.5))};
    if (seconds_of(arrival) > trace_seconds_max)
      return fail(lines.bad(fmt::format("the time is more than {} s after the start of the trace",
                                        brief(trace_seconds_max))));
    if (const auto why = disorder(arrival, load.end)) return fail(lines.bad(*why));
    if (load.requests.size() >= requests_max)
      return fail(lines.bad(fmt::format("there are more than {} requests", requests_max)));
    load.requests.push_back({.arrival = arrival, .service = micros_of(seconds)});
    load.end = arrival;
    return {};
  };
  if (auto done = for_each_line(lines, rules, seen, load, read); !done) return fail(done.error());
  if (load.requests.empty())
    return fail(refused(name, "there is no request in it; check that this is the right file"));
  return load;
}

Result<Load> read_metric(std::string_view name, TraceLines& lines, const ReadingRules& rules) {
  Load load{.name = std::string(name)};
  const auto column = seconds_column("time");
  const auto seen = foresee(lines, column, rules);
  Origin origin(column.unix_least);
  const auto read = [&]() -> Result<void> {
    const auto time = lines.number(column.index, column.rule);
    if (!time) return fail(time.error());
    const auto value = lines.number(1, {"value", -value_max, value_max});
    if (!value) return fail(value.error());
    const auto at = micros_of(origin.since(*time));
    if (seconds_of(at) > trace_seconds_max)
      return fail(lines.bad(fmt::format("the time is more than {} s after the start of the trace",
                                        brief(trace_seconds_max))));
    if (const auto why = disorder(at, load.end)) return fail(lines.bad(*why));
    load.samples.push_back({.at = at, .value = *value});
    load.end = at;
    return {};
  };
  if (auto done = for_each_line(lines, rules, seen, load, read); !done) return fail(done.error());
  if (load.samples.size() < 2)
    return fail(refused(name, "a metric trace needs two samples or more; check that this is the "
                              "right file"));
  return load;
}

/// One rate trace: the bins of one column, in order, without holes.
struct Bins {
  Load load;
  std::size_t column;
  std::vector<std::int64_t> counts{};
};

struct BinTimes {
  std::optional<Micros> first{};
  std::optional<Micros> width{};
  std::int64_t next = 0;  // index of the bin that is due

  void lie_on(const std::optional<Grid>& grid) {
    if (!grid) return;
    first = grid->first;
    width = grid->width;
  }

  /// The index of the bin that starts at `at`, or what is wrong with it.
  Result<std::int64_t> index_of(Micros at, const TraceLines& lines, bool holes_allowed) {
    if (!first) {
      first = at;
      return 0;
    }
    if (!width) {
      if (at == *first)
        return fail(lines.bad(fmt::format("the time {} s is that of the line before, expected a "
                                          "later one",
                                          brief(seconds_of(at)))));
      if (const auto why = disorder(at, *first)) return fail(lines.bad(*why));
      width = at - *first;
    }
    const auto index = (at - *first) / *width;
    const bool fits = (at - *first) % *width == Micros(0) && index >= next;
    if (!fits || (index > next && !holes_allowed))
      return fail(lines.bad(fmt::format(
          "the bin starts at {} s, expected {} s, {} s after the last one", brief(seconds_of(at)),
          brief(seconds_of(*first + next * *width)), brief(seconds_of(*width)))));
    return index;
  }
};

/// Nothing where lines are not foreseen: the first two tell then.
std::optional<Grid> bins_of(const Foresight& seen, const TimeColumn& column) {
  Origin origin(column.unix_least);
  std::vector<Micros> starts;
  starts.reserve(seen.times.size());
  for (const auto time : seen.times) starts.push_back(micros_of(origin.since(time)));
  return grid_of(starts);
}

Result<void> read_bins(TraceLines& lines, const ReadingRules& rules, std::vector<Bins>& all,
                       BinTimes& times) {
  const auto column = seconds_column("timestamp_seconds");
  const auto seen = foresee(lines, column, rules);
  times.lie_on(bins_of(seen, column));
  Origin origin(column.unix_least);
  Load counter;
  const auto read = [&]() -> Result<void> {
    const auto seconds = lines.number(column.index, column.rule);
    if (!seconds) return fail(seconds.error());
    const auto at = micros_of(origin.since(*seconds));
    if (seconds_of(at) > trace_seconds_max)
      return fail(lines.bad(fmt::format("the time is more than {} s after the start of the trace",
                                        brief(trace_seconds_max))));
    std::vector<std::int64_t> counts;
    for (const auto& bins : all) {
      const auto count =
          lines.number(bins.column, {lines.header()[bins.column], 0, bin_requests_max});
      if (!count) return fail(count.error());
      counts.push_back(static_cast<std::int64_t>(std::floor(*count + 0.5)));
    }
    const auto index = times.index_of(at, lines, counter.skipped_lines > 0);
    if (!index) return fail(index.error());
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].counts.resize(static_cast<std::size_t>(*index), 0);
      all[i].counts.push_back(counts[i]);
    }
    times.next = *index + 1;
    return {};
  };
  auto done = for_each_line(lines, rules, seen, counter, read);
  for (auto& bins : all) bins.load.skipped_lines = counter.skipped_lines;
  return done;
}

Result<Load> spread(Bins bins, const BinTimes& times, const ReadingRules& rules) {
  auto& load = bins.load;
  std::int64_t total = 0;
  for (const auto count : bins.counts) total += count;
  if (total > static_cast<std::int64_t>(requests_max))
    return fail(refused(load.name,
                        fmt::format("there are {} requests, more than {}; choose a column, or cut "
                                    "the file",
                                    total, requests_max)));
  load.requests.reserve(static_cast<std::size_t>(total));
  load.constant_service = true;
  const auto service = micros_of(rules.service.constant);
  const auto width = static_cast<double>(times.width->count());
  for (std::size_t i = 0; i < bins.counts.size(); ++i) {
    const auto start = *times.first + static_cast<std::int64_t>(i) * *times.width;
    Random random(rules.seed + i);
    const auto begin = load.requests.size();
    for (std::int64_t n = 0; n < bins.counts[i]; ++n) {
      const Micros within{static_cast<std::int64_t>(std::floor(width * random.fraction() + 0.5))};
      load.requests.push_back({.arrival = start + within, .service = service});
    }
    std::ranges::sort(load.requests.begin() + static_cast<std::ptrdiff_t>(begin),
                      load.requests.end(), {}, &Request::arrival);
  }
  load.end = *times.first + static_cast<std::int64_t>(bins.counts.size()) * *times.width;
  return std::move(load);
}

Result<std::vector<Bins>> columns_asked(std::string_view name, const TraceLines& lines,
                                        const ReadingRules& rules) {
  const auto& header = lines.header();
  std::vector<std::string> columns = rules.columns;
  if (columns.empty()) {
    if (column_of(lines, {"requests"}))
      columns.emplace_back("requests");
    else if (header.size() == 2)
      columns.emplace_back(header[1]);
    else
      return fail(refused(name, fmt::format("it has {} columns; choose one or more with "
                                            "--load FILE:COLUMN[,COLUMN...], such as {}:{}",
                                            header.size() - 1, name, header[1])));
  }
  std::vector<Bins> all;
  for (const auto& column : columns) {
    const auto found = column_of(lines, {column});
    if (!found || *found == 0) {
      const auto told = std::min(header.size(), columns_told + 1);
      return fail(refused(
          name, fmt::format("it has no column '{}'; there are {}{}",
                            capped(escaped(column), 60),
                            fmt::join(header.begin() + 1,
                                      header.begin() + static_cast<std::ptrdiff_t>(told), ", "),
                            told < header.size() ? ", ..." : "")));
    }
    const bool alone = rules.columns.empty();
    all.push_back({.load = {.name = alone ? std::string(name) : fmt::format("{}:{}", name, column)},
                   .column = *found});
  }
  return all;
}

Result<std::vector<Load>> read_rates(std::string_view name, TraceLines& lines,
                                     const ReadingRules& rules) {
  auto all = columns_asked(name, lines, rules);
  if (!all) return fail(all.error());
  BinTimes times;
  if (auto done = read_bins(lines, rules, *all, times); !done) return fail(done.error());
  if (!times.width)
    return fail(refused(name, "a rate trace needs two bins or more, since their distance is their "
                              "width; check that this is the right file"));
  std::vector<Load> loads;
  for (auto& bins : *all) {
    auto load = spread(std::move(bins), times, rules);
    if (!load) return fail(load.error());
    loads.push_back(std::move(*load));
  }
  return loads;
}

Result<std::vector<Load>> alone(Result<Load> load) {
  if (!load) return fail(load.error());
  std::vector<Load> loads;
  loads.push_back(std::move(*load));
  return loads;
}

}  // namespace

Micros micros_of(double seconds) {
  return Micros{static_cast<std::int64_t>(std::floor(seconds * 1e6 + 0.5))};
}

Result<std::vector<Load>> read_loads(std::string_view name, std::string_view text,
                                     const ReadingRules& rules) {
  if (text.size() > trace_bytes_max)
    return fail(refused(name, fmt::format("it is larger than {} MiB; cut it",
                                          trace_bytes_max >> 20U)));
  constexpr std::string_view gzip_magic = "\x1f\x8b";
  if (text.starts_with(gzip_magic))
    return fail(refused(name, "it is compressed (gzip); gunzip it first"));
  TraceLines lines(name, text);
  const auto& header = lines.header();
  if (header.empty()) return fail(refused(name, "it is empty; check that this is the right file"));
  if (header[0] == "timestamp_seconds" && header.size() >= 2)
    return read_rates(name, lines, rules);
  if (!rules.columns.empty())
    return fail(refused(name, "only a rate trace (timestamp_seconds, ...) has columns to choose "
                              "from; give the file alone"));
  if (header[0] == "timestamp_ms") return alone(read_requests(name, lines, rules));
  if (header[0] == "time" && header.size() == 2) return alone(read_metric(name, lines, rules));
  return fail(refused(
      name, fmt::format("its first line is '{}', expected a header: timestamp_ms,input_tokens,"
                        "output_tokens (requests), timestamp_seconds,requests (rates) or "
                        "time,value (a metric)",
                        capped(escaped(fmt::format("{}", fmt::join(header, ","))), 80))));
}

Load until(const Load& load, Micros end) {
  Load part{.name = load.name, .end = end, .constant_service = load.constant_service};
  for (const auto& request : load.requests) {
    if (request.arrival >= end) break;
    part.requests.push_back(request);
  }
  for (const auto& sample : load.samples) {
    if (sample.at > end) break;
    part.samples.push_back(sample);
  }
  return part;
}

}  // namespace poolscaler::replay
