// Every preset reads the expected number out of a sample of its exporter: through the operator's
// own parser, planner and reader, from the sandbox's metric store and from a real Prometheus.
#include <cmath>
#include <iostream>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "poolscaler/adapters/http/transport.hpp"
#include "poolscaler/adapters/prometheus/reader.hpp"
#include "poolscaler/api/presets.hpp"
#include "poolscaler/simulation/metric_store.hpp"
#include "presets/sample.hpp"
#include "support/prometheus_process.hpp"
#include "support/virtual_clock.hpp"
#include "unit/adapters/prometheus/fakes.hpp"
#include "unit/api/policies.hpp"

namespace poolscaler::presets {
namespace {

/// The policy's signal with this preset and nothing else said about it.
Signal signal_of(const Expectation& wanted) {
  auto policy = policy_with();
  auto& signal = policy["spec"]["signals"][0];
  signal.erase("metric");
  signal.erase("target");
  signal["preset"] = api::read_yaml("preset: {" + wanted.preset + "}").value()[0]["preset"];
  const auto read = api::read_scaling_policy(policy, api::UnknownFields::Report);
  if (!read) throw std::runtime_error(wanted.preset + ": " + text_of(read.error()));
  return read->signals[0];
}

SignalReading reading_of(MetricReader& reader, const Expectation& wanted) {
  const auto signal = signal_of(wanted);
  const std::vector<SignalQuery> queries{{.source = "main",
                                          .ns = "shop",
                                          .query = signal.query,
                                          .max_age_seconds = signal.max_age_seconds}};
  return reader.read(queries, Millis(10'000), {}).front();
}

void expect(const SignalReading& reading, const Expectation& wanted) {
  const auto what = fmt::format("{} of sample {}: {} {}", wanted.preset, wanted.sample,
                                name_of(reading.state), reading.detail);
  if (std::isalpha(static_cast<unsigned char>(wanted.reading.front())) != 0) {
    EXPECT_EQ(name_of(reading.state), wanted.reading) << what;
    return;
  }
  EXPECT_EQ(reading.state, SignalState::Value) << what;
  EXPECT_NEAR(reading.value, std::stod(wanted.reading), 1e-9) << what;
}

TEST(Presets, EachHasASampleAndAnExpectedNumber) {
  std::set<std::string, std::less<>> tested;
  for (const auto& wanted : expectations())
    if (std::isdigit(static_cast<unsigned char>(wanted.reading.front())) != 0)
      tested.insert(signal_of(wanted).preset);
  for (const auto* preset : api::presets())
    EXPECT_TRUE(tested.contains(preset->name))
        << preset->name << ": add a sample and a line in tests/presets/expectations.txt";
}

TEST(Presets, ReadTheirSamplesFromTheMetricStore) {
  const testing::VirtualClock clock;
  for (const auto& wanted : expectations()) {
    simulation::MetricStore store(clock);
    for (const auto& series : sample(wanted.sample, clock.now()))
      for (const auto& point : series.samples) store.put(series.labels, point.at, point.value);
    adapters::PrometheusReader reader(
        [&store](const MetricSource&) -> Result<std::unique_ptr<HttpTransport>> {
          return std::make_unique<adapters::testing::FakeTransport>(
              [&store](const HttpRequest& request, const std::stop_token&) {
                const auto answer = store.handle(
                    {.method = "POST",
                     .path = "/api/v1/query",
                     .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                     .body = request.body});
                return HttpResponse{.status = answer.status, .headers = {}, .body = answer.body};
              });
        },
        clock, {});
    reader.use_sources({MetricSource{.name = "main", .url = "http://store:9090"}});
    expect(reading_of(reader, wanted), wanted);
  }
}

TEST(Presets, ReadTheirSamplesFromARealPrometheus) {
  if (const auto why = rig::WrittenPrometheus::why_unavailable(); !why.empty()) {
    std::cerr << "SKIPPED: " << why << '\n';
    GTEST_SKIP() << why;
  }
  const rig::WrittenPrometheus server;
  // A source for each sample: they share names of metrics, so a label keeps them apart.
  std::set<std::string> written;
  std::vector<MetricSource> sources;
  const auto now = system_clock().now();
  for (const auto& wanted : expectations()) {
    if (!written.insert(wanted.sample).second) continue;
    auto all = sample(wanted.sample, now);
    for (auto& series : all) {
      auto ns = series.labels.extract("namespace");
      series.labels["sample_" + wanted.sample] = ns.mapped();
    }
    server.write(all);
    sources.push_back({.name = wanted.sample,
                       .url = server.url(),
                       .enforced_label = "sample_" + wanted.sample});
  }
  adapters::PrometheusReader reader(
      [](const MetricSource& source) {
        return adapters::make_transport({.origin = adapters::address_of(source)->origin});
      },
      system_clock(), {});
  reader.use_sources(sources);
  for (const auto& wanted : expectations()) {
    const auto signal = signal_of(wanted);
    const std::vector<SignalQuery> queries{{.source = wanted.sample,
                                            .ns = "shop",
                                            .query = signal.query,
                                            .max_age_seconds = signal.max_age_seconds}};
    expect(reader.read(queries, Millis(10'000), {}).front(), wanted);
  }
}

}  // namespace
}  // namespace poolscaler::presets
