// bench_fleet N [steady seconds] [interval seconds] [pools]: the operator with N policies against a
// real API server and a real Prometheus; with pools, on so many AcceleratorPools, with nodes, pods
// and budgets. Prints how fast it reacts and what it costs. The docs say what was measured where
// (docs/PERFORMANCE.md).
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

void print_requests(const std::map<std::string, int>& requests) {
  if (requests.empty()) std::printf("%-34s no API requests\n", "");
  for (const auto& [request, count] : requests)
    std::printf("%-34s API %s: %d\n", "", request.c_str(), count);
}

void print_window(const char* what, const Window& window) {
  std::printf("%-34s CPU %.2f %% of a core  RSS %.1f MiB, %.1f without pages of files  "
              "Prometheus %.2f queries/s  over %.0f s\n",
              what, window.cpu_percent, window.resident_mib, window.own_mib,
              window.prometheus_queries_per_second, window.seconds);
  print_requests(window.api_requests);
}

void print_start(const char* what, const Fleet::Start& start) {
  std::printf("%-34s first decision %.2f s  all decided %.2f s  CPU %.2f s  %d API requests\n",
              what, start.first_decision, start.all_decided, start.cpu_seconds, start.api_requests);
}

/// What a step has caused that is about pools, until all nodes and pods are there.
void print_pools(Fleet& fleet, std::size_t known, Ms limit) {
  const auto* yard = fleet.yard();
  if (yard == nullptr) return;
  const Ms began = rig::monotonic();
  const bool settled = yard->settles(limit);
  const auto counts = yard->counts();
  std::printf("%-34s %zu nodes  %zu pods %s %.1f s later  %zu waiting  %zu requests refused  "
              "%zu nodes removed busy\n",
              "", counts.nodes, counts.pods, settled ? "there" : "NOT ALL THERE",
              static_cast<double>((rig::monotonic() - began).count()) / 1e3, counts.waiting,
              counts.refused, counts.removed_busy);
  print_requests(fleet.requests_since(known));
}

void take_step(const char* what, Fleet& fleet, FleetSize size, double depth, Ms patience) {
  std::size_t known = 0;
  (void)fleet.requests_since(known);
  print_reactions(what, fleet.step(depth, patience), size.policies);
  print_pools(fleet, known, patience);
  rig::pause_for(Ms{std::chrono::seconds(2 * size.interval_seconds)});
}

void measure(FleetSize size, int steady_seconds) {
  const Ms patience{std::chrono::seconds(60 + size.policies / 10)};
  const Ms steady{std::chrono::seconds(steady_seconds)};
  std::printf("%d policies, a period of %d s, 5 shapes of query, %d pools\n", size.policies,
              size.interval_seconds, size.pools);
  Fleet fleet(size);
  print_start("start", fleet.start_operator(patience));
  print_window("steady at zero", fleet.watch(steady));
  take_step("step from zero", fleet, size, 30, patience);
  print_window("steady at three replicas", fleet.watch(steady));
  take_step("step from three", fleet, size, 80, patience);
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
  const poolscaler::bench::FleetSize size{.policies = argument(1, 0),
                                          .interval_seconds = argument(3, 15),
                                          .pools = argument(4, 0)};
  const int steady_seconds = argument(2, 60);
  if (size.policies < 1 || size.policies > 20'000 || steady_seconds < 1 ||
      size.interval_seconds < 5 || size.pools < 0 || size.pools > 100) {
    std::fprintf(stderr,
                 "usage: bench_fleet N [steady seconds] [interval seconds >= 5] [pools <= 100]\n");
    return 2;
  }
  auto why = poolscaler::rig::ControlPlane::why_unavailable();
  if (why.empty() && size.pools > 0) why = poolscaler::bench::MachineYard::why_unavailable();
  if (!why.empty()) {
    std::fprintf(stderr, "%s\n", why.c_str());
    return 1;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    poolscaler::bench::measure(size, steady_seconds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
