// MetricReader: what signals read, without a word about how.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "poolscaler/base/result.hpp"
#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/metric_source.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler {

/// One signal of one policy. The namespace is always the policy's own.
struct SignalQuery {
  std::string source;
  std::string ns;
  SignalInput query;
  int max_age_seconds;
  std::string pod_selector{};  // of a PodResource: the target's own, as in a request
};

/// The past of one signal, as its own query would have answered it at `from`, `from` + `step` and
/// so on until `to`.
struct HistoryQuery {
  SignalQuery signal;
  Instant from;
  Instant to;
  Seconds step{60};
};
/// Servers answer with no more points of one series.
inline constexpr std::size_t history_points_max = 11'000;

struct TimedValue {
  Instant at;
  double value;  // finite
  bool operator==(const TimedValue&) const = default;
};

/// Signals that are looked at each second, of which most are quiet: cheaper than reading them all.
/// Made of the sources that there were then; to be made again after use_sources().
class Lookout {
 public:
  virtual ~Lookout() = default;

  /// Indices of the signals, ascending, that may be usable and above their values now: all that
  /// are, all of which nothing could be learned, and perhaps some more. What they are tells read().
  /// One call at a time.
  [[nodiscard]] virtual std::vector<std::size_t> look(Millis deadline, std::stop_token stop) = 0;
};

/// How a source has answered of late.
struct SourceHealth {
  std::string source;
  std::optional<Millis> answered_at{};    // monotonic; the last answer
  std::optional<Millis> failing_since{};  // the first failure after that
  unsigned failures = 0;                  // since then
  std::string last_failure{};             // for people; capped, without credentials
};

/// Thread-safe.
class MetricReader {
 public:
  virtual ~MetricReader() = default;

  /// The sources that exist now; a source that changed gets a new client, the others keep theirs.
  virtual void use_sources(std::vector<MetricSource> sources) = 0;

  /// One reading per query, in order. Every failure is a state of a reading, with a detail for
  /// people; one source that hangs does not delay the readings of another beyond `deadline`.
  [[nodiscard]] virtual std::vector<SignalReading> read(std::span<const SignalQuery> queries,
                                                        Millis deadline,
                                                        std::stop_token stop) = 0;

  /// In order of time; moments without a finite value are left out. Errors: InvalidInput (a query
  /// that must not or cannot be asked, more points than the maximum), Unavailable (no answer, a
  /// partial one, several series where one was declared), with text for people.
  /// A reader that knows no past says so.
  [[nodiscard]] virtual Result<std::vector<TimedValue>> history(const HistoryQuery& query,
                                                                Millis deadline,
                                                                std::stop_token stop);

  /// Of the sources that have been asked, in any order.
  [[nodiscard]] virtual std::vector<SourceHealth> health() const { return {}; }

  /// A lookout over these signals; it must not outlive the reader. REQUIRES: a value for each.
  /// This one reads them all, as a reader without a cheaper way does.
  [[nodiscard]] virtual std::shared_ptr<Lookout> lookout(std::span<const SignalQuery> queries,
                                                         std::span<const double> above);
};

}  // namespace poolscaler
