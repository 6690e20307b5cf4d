// One MetricSource: its transport, token, breaker and the bound on what is under way.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "answer.hpp"
#include "breaker.hpp"
#include "poolscaler/adapters/prometheus/reader.hpp"
#include "token_file.hpp"

namespace poolscaler::adapters {

/// A moment as instant queries ask it, or a range of time.
struct Question {
  struct Range {
    Instant from;
    Instant to;
    Seconds step;
  };
  std::string_view promql;
  std::optional<Range> range{};
};

/// What became of one query; of a range, the points of its one series.
struct Asked {
  query::QueryAnswer answer{.samples = {}};
  /// The query itself is too much for the server or for us: a smaller one may do.
  bool smaller_may_do = false;
  /// The source is well; it is this query that it did not answer.
  bool own_fault = false;
};

[[nodiscard]] Asked failed_ask(std::string text);

/// Thread-safe.
class SourceClient {
 public:
  SourceClient(MetricSource source, const SourceTransportFactory& make_transport,
               const Clock& clock, const PrometheusOptions& options);

  [[nodiscard]] const MetricSource& source() const { return source_; }
  [[nodiscard]] bool probe_is_due();
  [[nodiscard]] SourceHealth health() const;

  /// Blocks until `until` (monotonic) at most.
  [[nodiscard]] Asked ask(const Question& question, Millis until, std::stop_token stop);

 private:
  /// One exchange, judged.
  struct Exchange {
    Asked asked{};
    enum class Verdict { Alive, Failed, NothingLearned } verdict = Verdict::NothingLearned;
    bool retry = false;       // a second try may well do
    bool unauthorised = false;
    Millis retry_after{0};
    QueryOutcome outcome = QueryOutcome::Unavailable;
  };

  Result<std::shared_ptr<HttpTransport>> transport();
  Result<std::string> token();
  Asked ask_admitted(const Question& question, Millis until, std::stop_token stop, bool is_probe);
  Exchange try_once(const Question& question, Millis until, std::stop_token stop);
  HttpRequest request_for(const Question& question, const std::string& token, Millis given) const;
  /// `answer`: the response's body, read as what was asked for.
  Exchange judge(const HttpResponse& response, ApiAnswer answer, const std::string& token) const;
  Exchange judge(const Error& error, Millis given) const;
  Exchange judge_answer(ApiAnswer answer, int status, const std::string& token) const;
  void learn(const Exchange& exchange, Millis now);
  void note_health(const Exchange& exchange, Millis now);
  [[nodiscard]] std::string said(std::string_view what, const std::string& token = {}) const;

  MetricSource source_;
  const SourceTransportFactory& make_transport_;
  const Clock& clock_;
  const PrometheusOptions& options_;

  mutable std::mutex mutex_;
  std::condition_variable_any slot_free_;
  int under_way_ = 0;
  Breaker breaker_;
  SourceHealth health_;
  Instant next_try_{};
  TokenFile token_file_;
  std::shared_ptr<HttpTransport> transport_{};
};

}  // namespace poolscaler::adapters
