// How fast the simulator is: decisions a second, a day of rounds of one policy, a sweep on all
// cores. The load is made here, so that every machine measures the same. What runs on one thread is
// measured in time of the processor, so that others on the machine do not count.

#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <thread>

#include "poolscaler/simulation/replay/families.hpp"
#include "poolscaler/simulation/replay/policy_scaler.hpp"

namespace poolscaler::replay {
namespace {

using Clock = std::chrono::steady_clock;

/// A day of requests that comes and goes, about `per_minute` at its height.
Load day_of(double per_minute) {
  std::string text = "timestamp_seconds,requests\n";
  for (int minute = 0; minute < 24 * 60; ++minute) {
    const double height = 0.5 - 0.5 * std::cos(minute * 2 * 3.14159265 / (24 * 60));
    text += std::to_string(minute * 60) + "," + std::to_string(per_minute * height) + "\n";
  }
  return std::move(read_loads("day", text, {}).value().front());
}

double processor_milliseconds() {
  return static_cast<double>(std::clock()) * 1e3 / CLOCKS_PER_SEC;
}

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void one_day(const char* what, double per_minute) {
  const Setup setup;
  const auto cases = cases_of({day_of(per_minute)}, setup).value();
  const auto policy = turned(plain_policy(setup.slots, cases.front().max_replicas), {});
  const auto start = processor_milliseconds();
  PolicyScaler scaler(policy, sources_of(policy, {}, false).value(), Instant{});
  const auto tally = replay(cases.front().load, setup, scaler).value();
  const double took = processor_milliseconds() - start;
  std::printf("%-34s %9.1f ms  %8lld decisions  %9zu requests\n", what, took,
              static_cast<long long>(tally.decisions), cases.front().load.requests.size());
}

void decisions_alone() {
  Load load{.name = "steady", .samples = {{Micros(0), 3}, {Micros(1), 3}}, .end = {}};
  load.end = std::chrono::hours(24 * 60);
  const Setup setup;
  const auto policy = turned(plain_policy(setup.slots, 100), {});
  const auto start = processor_milliseconds();
  PolicyScaler scaler(policy, sources_of(policy, {}, true).value(), Instant{});
  const auto tally = replay(load, setup, scaler).value();
  const double took = processor_milliseconds() - start;
  std::printf("%-34s %9.0f per second\n", "decisions in virtual time",
              static_cast<double>(tally.decisions) / took * 1e3);
}

void sweep(unsigned threads) {
  const Setup setup;
  auto cases = cases_of({day_of(60)}, setup).value();
  const auto start = Clock::now();
  const auto result =
      study(std::move(cases), setup, {swept_family(setup, Instant{})}, {.threads = threads});
  std::printf("sweep of %zu settings, %2u thread%s     %9.0f ms\n",
              result.standings.front().ran.size(), threads, threads == 1 ? " " : "s",
              milliseconds_since(start));
}

}  // namespace
}  // namespace poolscaler::replay

int main() {
  using namespace poolscaler::replay;
  decisions_alone();
  one_day("a day, 15 s rounds, no load", 0);
  one_day("a day, 15 s rounds, 43000 requests", 60);
  one_day("a day, 15 s rounds, 2 M requests", 2800);
  sweep(1);
  sweep(std::thread::hardware_concurrency());
}
