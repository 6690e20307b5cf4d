// KEDA's scaling strategies of a ScaledJob: how many jobs may be started at this poll.

#include <algorithm>
#include <cmath>

#include "poolscaler/simulation/peers/keda.hpp"

namespace poolscaler::simulation::peers {

KedaJobsVerdict jobs_to_start(const KedaJobs& jobs) {
  switch (jobs.strategy) {
    case KedaJobStrategy::Default: break;
    case KedaJobStrategy::Custom: {
      if (!jobs.deduction && !jobs.running_share) break;
      const auto counted = std::trunc(static_cast<double>(jobs.running) *
                                      jobs.running_share.value_or(0));
      const auto wanted = jobs.max_scale - jobs.deduction.value_or(0) -
                          static_cast<std::int64_t>(counted);
      return {.effective_max = std::min(wanted, jobs.max_replica)};
    }
    case KedaJobStrategy::Accurate: {
      const bool too_many = jobs.max_scale + jobs.running - jobs.pending > jobs.max_replica;
      return {.effective_max = too_many ? jobs.max_replica - jobs.running
                                        : jobs.max_scale - jobs.pending};
    }
    case KedaJobStrategy::Eager:
      return {.effective_max =
                  std::min(jobs.max_replica - jobs.running - jobs.pending, jobs.max_scale),
              .scale_to = jobs.max_replica};
  }
  return {.effective_max = jobs.max_scale - jobs.running};
}

}  // namespace poolscaler::simulation::peers
