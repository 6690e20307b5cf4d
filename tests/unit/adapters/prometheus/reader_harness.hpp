// A PrometheusReader whose sources are answered by the test.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "fakes.hpp"
#include "poolscaler/adapters/prometheus/reader.hpp"
#include "support/virtual_clock.hpp"

namespace poolscaler::adapters::testing {

inline HttpResponse ok(std::string body) {
  return {.status = 200, .headers = {}, .body = std::move(body)};
}

inline HttpResponse vector_answer(const std::string& series, const std::string& more = "") {
  return ok(fmt::format(
      R"({{"status":"success","data":{{"resultType":"vector","result":[{}]}}{}}})", series, more));
}

/// One series of queue `queue` of namespace shop; the query's time is 1000.
inline std::string series_of(const std::string& queue, const std::string& value) {
  return fmt::format(R"({{"metric":{{"namespace":"shop","queue":"{}"}},"value":[1000,"{}"]}})",
                     queue, value);
}

/// The same as part `part` of a joint query.
inline std::string part_of(int part, const std::string& queue, const std::string& value) {
  return fmt::format(
      R"({{"metric":{{"namespace":"shop","queue":"{}","poolscaler_part":"{}"}},)"
      R"("value":[1000,"{}"]}})",
      queue, part, value);
}

/// Value and age of a queue as a joint query answers them.
inline std::string parts_of(const std::string& queue, const std::string& value,
                            const std::string& sampled_at) {
  return part_of(0, queue, value) + "," + part_of(1, queue, sampled_at);
}

inline SignalQuery queue_signal(const std::string& queue, const std::string& source = "main",
                                const std::string& ns = "shop") {
  return {.source = source,
          .ns = ns,
          .query = MetricSelector{.metric = "depth",
                                  .matchers = {{.label = "queue",
                                                .op = MatchOperator::Equal,
                                                .value = queue}}},
          .max_age_seconds = 120};
}

inline SignalQuery raw_signal(const std::string& promql, const std::string& ns = "shop") {
  return {.source = "main", .ns = ns, .query = RawQuery{promql}, .max_age_seconds = 120};
}

class Harness {
 public:
  explicit Harness(Answering answering, PrometheusOptions options = {}) {
    options.observe = [this](const std::string& source, QueryOutcome outcome, Millis) {
      const std::scoped_lock lock(mutex_);
      ++outcomes_[source + " " + std::string(name_of(outcome))];
    };
    const auto factory = [this, answering = std::move(answering)](
                             const MetricSource& source) -> Result<std::unique_ptr<HttpTransport>> {
      const std::scoped_lock lock(mutex_);
      ++transports_[source.name];
      if (!factory_error.empty()) return fail(ErrorKind::InvalidInput, factory_error);
      return std::make_unique<FakeTransport>(
          [this, name = source.name, answering](const HttpRequest& request, std::stop_token stop) {
            {
              const std::scoped_lock inner(mutex_);
              requests_.push_back(request);
              ++sent_[name];
            }
            return answering(request, std::move(stop));
          });
    };
    reader_ = std::make_unique<PrometheusReader>(factory, clock, std::move(options));
    reader_->use_sources({MetricSource{.name = "main", .url = "http://prom:9090/base"}});
  }

  SignalReading read_one(const SignalQuery& signal, Millis deadline = Millis(5000)) {
    return read({signal}, deadline).front();
  }
  std::vector<SignalReading> read(const std::vector<SignalQuery>& signals,
                                  Millis deadline = Millis(5000), std::stop_token stop = {}) {
    return reader_->read(signals, deadline, std::move(stop));
  }

  PrometheusReader& reader() { return *reader_; }
  [[nodiscard]] std::vector<SourceHealth> health() const { return reader_->health(); }
  std::vector<HttpRequest> requests() {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }
  int sent(const std::string& source = "main") {
    const std::scoped_lock lock(mutex_);
    return sent_[source];
  }
  int transports(const std::string& source = "main") {
    const std::scoped_lock lock(mutex_);
    return transports_[source];
  }
  std::map<std::string, int> outcomes() {
    const std::scoped_lock lock(mutex_);
    return outcomes_;
  }

  poolscaler::testing::VirtualClock clock;
  std::string factory_error;

 private:
  std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::map<std::string, int> sent_;
  std::map<std::string, int> transports_;
  std::map<std::string, int> outcomes_;
  std::unique_ptr<PrometheusReader> reader_;
};

/// Answers values and ages of queue a of namespace shop: 7, ten seconds old.
inline Answering seven() {
  return [](const HttpRequest& request, std::stop_token) -> Result<HttpResponse> {
    return vector_answer(is_joint(request) ? parts_of("a", "7", "990") : series_of("a", "7"));
  };
}

inline Answering always(Result<HttpResponse> response) {
  return [response](const HttpRequest&, std::stop_token) { return response; };
}

}  // namespace poolscaler::adapters::testing
