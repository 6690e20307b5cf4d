#include "poolscaler/domain/suspendable.hpp"

#include <algorithm>
#include <array>

namespace poolscaler {
namespace {

constexpr std::array kinds = {
    SuspendableKind{"batch", "Job", "batch.kubernetes.io/job-name"},
    SuspendableKind{"jobset.x-k8s.io", "JobSet", "jobset.sigs.k8s.io/jobset-name"},
    // It runs as a JobSet of the same name.
    SuspendableKind{"trainer.kubeflow.org", "TrainJob", "jobset.sigs.k8s.io/jobset-name"},
};

}  // namespace

std::span<const SuspendableKind> suspendable_kinds() { return kinds; }

const SuspendableKind* suspendable_kind(std::string_view api_version, std::string_view kind) {
  const auto group = api_version.substr(0, api_version.find('/'));
  const auto* const found = std::ranges::find_if(
      kinds, [&](const auto& one) { return one.group == group && one.kind == kind; });
  return found == kinds.end() ? nullptr : &*found;
}

}  // namespace poolscaler
