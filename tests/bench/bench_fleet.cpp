// bench_fleet N [steady seconds] [interval seconds]: the operator with N policies against a real
// API server and a real Prometheus. Prints how fast it reacts and what it costs. The docs say what
// was measured where (docs/PERFORMANCE.md).
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "bench/fleet.hpp"

namespace poolscaler::bench {
namespace {

double percentile(const Reactions& sorted, double share) {
  if (sorted.empty()) return NAN;
  const auto rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[static_cast<std::size_t>(std::max(1.0, rank)) - 1];
}

void print_reactions(const char* what, const Reactions& reactions, int policies) {
  std::printf("%-34s first %.2f s  p50 %.2f s  p99 %.2f s  max %.2f s  (%zu of %d written)\n",
              what, percentile(reactions, 0), percentile(reactions, 0.5),
              percentile(reactions, 0.99), percentile(reactions, 1.0), reactions.size(), policies);
}

void print_window(const char* what, const Window& window) {
  std::printf("%-34s CPU %.2f %% of a core  RSS %.1f MiB, %.1f without pages of files  "
              "Prometheus %.2f queries/s  over %.0f s\n",
              what, window.cpu_percent, window.resident_mib, window.own_mib,
              window.prometheus_queries_per_second, window.seconds);
  if (window.api_requests.empty()) std::printf("%-34s no API requests\n", "");
  for (const auto& [request, count] : window.api_requests)
    std::printf("%-34s API %s: %d\n", "", request.c_str(), count);
}

void print_start(const char* what, const Fleet::Start& start) {
  std::printf("%-34s first decision %.2f s  all decided %.2f s  CPU %.2f s  %d API requests\n",
              what, start.first_decision, start.all_decided, start.cpu_seconds, start.api_requests);
}

void measure(int policies, int steady_seconds, int interval_seconds) {
  const Ms patience{std::chrono::seconds(60 + policies / 10)};
  const Ms steady{std::chrono::seconds(steady_seconds)};
  std::printf("%d policies, a period of %d s, 5 shapes of query\n", policies, interval_seconds);
  Fleet fleet(policies, interval_seconds);
  print_start("start", fleet.start_operator(patience));
  print_window("steady at zero", fleet.watch(steady));
  print_reactions("step from zero", fleet.step(30, patience), policies);
  rig::pause_for(Ms{std::chrono::seconds(2 * interval_seconds)});
  print_window("steady at three replicas", fleet.watch(steady));
  print_reactions("step from three", fleet.step(80, patience), policies);
  rig::pause_for(Ms{std::chrono::seconds(interval_seconds)});
  fleet.kill_operator();
  print_start("start after kill -9", fleet.start_operator(patience));
  print_window("steady at eight replicas", fleet.watch(steady));
}

}  // namespace
}  // namespace poolscaler::bench

int main(int argc, char** argv) {
  const auto argument = [&](int index, int otherwise) {
    return argc > index ? std::atoi(argv[index]) : otherwise;
  };
  const int policies = argument(1, 0);
  const int steady_seconds = argument(2, 60);
  const int interval_seconds = argument(3, 15);
  if (policies < 1 || policies > 20'000 || steady_seconds < 1 || interval_seconds < 5) {
    std::fprintf(stderr, "usage: bench_fleet N [steady seconds] [interval seconds >= 5]\n");
    return 2;
  }
  if (const auto why = poolscaler::rig::ControlPlane::why_unavailable(); !why.empty()) {
    std::fprintf(stderr, "%s\n", why.c_str());
    return 1;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    poolscaler::bench::measure(policies, steady_seconds, interval_seconds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
