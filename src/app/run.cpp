#include <array>
#include <cstdlib>
#include <random>

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include "operator.hpp"
#include "shutdown.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

std::string environment_text(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<kube::ClusterAccess> cluster_access(const RunOptions& options) {
  if (!options.kubeconfig.empty())
    return kube::read_kubeconfig({.path = options.kubeconfig,
                                  .context = options.context,
                                  .allow_insecure = options.allow_insecure_kubeconfig});
  const auto host = environment_text("KUBERNETES_SERVICE_HOST");
  if (host.empty())
    return fail(ErrorKind::InvalidInput,
                "this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set): run it with "
                "--kubeconfig FILE");
  return kube::in_cluster({.host = host, .port = environment_text("KUBERNETES_SERVICE_PORT")});
}

/// Differs between two operators on one host, and between two runs of one.
std::string made_up_identity() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::random_device random;
  return fmt::format("{}_{:08x}", host.data(), random());
}

Result<OperatorOptions> operator_options(const RunOptions& options) {
  auto access = cluster_access(options);
  if (!access) return fail(access.error().context("finding the API server"));
  OperatorOptions chosen{.access = std::move(*access), .listen = options.listen};
  chosen.identity = options.identity.empty() ? made_up_identity() : options.identity;
  chosen.watch_namespaces = options.watch_namespaces;
  chosen.credentials_dir = options.credentials_dir;
  if (!options.leader_elect) return chosen;
  const auto ns = options.lease_namespace.empty() ? chosen.access.ns : options.lease_namespace;
  if (ns.empty())
    return fail(ErrorKind::InvalidInput,
                "the lease needs a namespace: give --lease-namespace, or --leader-elect=false when "
                "no other operator runs");
  chosen.lease = LeaseChoice{.ns = ns, .name = options.lease_name, .identity = chosen.identity};
  return chosen;
}

/// Each of the threads would otherwise keep a heap of its own with what its last list needed, and
/// buffers of large answers would come from the heaps as soon as one had been freed. The threads
/// are rarely busy at once, so that they do not wait for each other at the one heap.
void keep_heaps_small() {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 128 << 10);
}

}  // namespace

int run(const RunOptions& options) {
  keep_heaps_small();
  Shutdown shutdown;
  telemetry::Log log({.level = options.log.level, .format = options.log.format});
  auto chosen = operator_options(options);
  if (!chosen) {
    log.error("cannot start", {{"error", chosen.error().message}});
    return 2;
  }
  auto started = Operator::start(std::move(*chosen), log, system_clock());
  if (!started) {
    log.error("cannot start", {{"error", started.error().message}});
    return started.error().kind == ErrorKind::InvalidInput ? 2 : 1;
  }
  return (*started)->run(shutdown.token()) == OperatorEnd::Stopped ? 0 : 1;
}

}  // namespace poolscaler::app
