// The MetricReader that asks Prometheus (or what speaks its HTTP API) by instant queries.
//
// Invariant: read() never throws and never outlasts its deadline but by what the transport takes to
// give up; each failure is one state of a reading with a detail for people, without credentials.
// Per source: a few exchanges at once, one retry, a circuit breaker, bounds on bytes and series.
// One tenant's raw queries to a source run one after the other. A shared query that fails by its
// own fault (not the source's) is asked again in halves, so that whoever spoils it stays alone.
//
// `limit` is sent with every query: servers that know it (Prometheus 3) truncate and warn, which
// makes the reading Partial; others ignore it. `time` is never sent: the server's clock decides.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/base/guarded.hpp"
#include "poolscaler/base/result.hpp"
#include "poolscaler/ports/http_transport.hpp"
#include "poolscaler/ports/metric_reader.hpp"

namespace poolscaler::adapters {

/// A MetricSource's url, taken apart: what a transport is bound to, and how every path starts.
struct SourceAddress {
  std::string origin;  // scheme://host[:port]
  std::string prefix;  // empty, or starts with '/' and does not end with one
};

/// Errors: InvalidInput (no url; not of the form that MetricSource::url has).
[[nodiscard]] Result<SourceAddress> address_of(const MetricSource& source);

/// Makes the transport of one source; called when it is first needed, and again after failures.
using SourceTransportFactory =
    std::function<Result<std::unique_ptr<HttpTransport>>(const MetricSource&)>;

enum class QueryOutcome {
  Answered,     // understood, whatever it says
  Refused,      // an error of the API: the query's own fault
  HttpError,    // any other status, redirects among them
  TimedOut,
  Unavailable,  // no connection, cut, TLS refused
  Oversize,     // more bytes or series than are read
  Unreadable,   // not an answer of the API
  Cancelled,
};
[[nodiscard]] std::string_view name_of(QueryOutcome outcome);

/// Called for each HTTP exchange, from several threads at once; must not block.
using QueryObserver =
    std::function<void(const std::string& source, QueryOutcome outcome, Millis took)>;

struct PrometheusOptions {
  int concurrency = 4;  // exchanges with one source at once
  std::size_t response_bytes_max = 16u << 20;
  std::size_t series_max = 50'000;
  /// The breaker of a source opens after so many failures in a row, for a time that starts with
  /// `open_first`, doubles up to `open_longest`, and varies by half.
  int failures_to_open = 3;
  Millis open_first{1'000};
  Millis open_longest{30'000};
  /// Further queries that one read may spend on each source to find who spoils a shared query.
  int isolation_queries = 32;
  std::uint64_t seed = 0;  // of the jitter
  QueryObserver observe{};
};

class SourceClient;

/// Thread-safe. Keeps a reference to `clock`.
class PrometheusReader final : public MetricReader {
 public:
  PrometheusReader(SourceTransportFactory make_transport, const Clock& clock,
                   PrometheusOptions options = {});
  ~PrometheusReader() override;

  void use_sources(std::vector<MetricSource> sources) override;
  [[nodiscard]] std::vector<SignalReading> read(std::span<const SignalQuery> queries,
                                                Millis deadline, std::stop_token stop) override;
  [[nodiscard]] Result<std::vector<TimedValue>> history(const HistoryQuery& query, Millis deadline,
                                                        std::stop_token stop) override;
  [[nodiscard]] std::vector<SourceHealth> health() const override;
  [[nodiscard]] std::shared_ptr<Lookout> lookout(std::span<const SignalQuery> queries,
                                                 std::span<const double> above) override;

 private:
  using Clients = std::map<std::string, std::shared_ptr<SourceClient>, std::less<>>;

  SourceTransportFactory make_transport_;
  const Clock& clock_;
  PrometheusOptions options_;
  Guarded<Clients> clients_{};
};

}  // namespace poolscaler::adapters
