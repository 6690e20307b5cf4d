#include "cluster_access.hpp"

#include <cstdlib>

namespace poolscaler::app {
namespace {

std::string environment_text(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Result<kube::ClusterAccess> cluster_access(const ClusterChoice& choice) {
  const auto host = environment_text("KUBERNETES_SERVICE_HOST");
  if (choice.kubeconfig.empty() && !host.empty())
    return kube::in_cluster({.host = host, .port = environment_text("KUBERNETES_SERVICE_PORT")});
  const auto home = environment_text("HOME");
  if (choice.kubeconfig.empty() && home.empty())
    return fail(ErrorKind::InvalidInput, "no cluster is known: give --kubeconfig FILE");
  return kube::read_kubeconfig(
      {.path = choice.kubeconfig.empty() ? home + "/.kube/config" : choice.kubeconfig,
       .context = choice.context,
       .allow_insecure = choice.allow_insecure_kubeconfig});
}

kube::Resource resource_of(api::Kind kind) {
  const auto names = api::names_of(kind);
  return {.group = std::string(api::group),
          .version = std::string(api::version),
          .plural = std::string(names.plural),
          .kind = std::string(names.kind),
          .namespaced = names.namespaced};
}

}  // namespace poolscaler::app
