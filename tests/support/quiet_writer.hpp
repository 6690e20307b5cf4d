// A ClusterWriter that does nothing to nodes and groups and says so: the base of fakes that are
// about something else.
#pragma once

#include "poolscaler/ports/cluster_writer.hpp"

namespace poolscaler::testing {

class QuietWriter : public ClusterWriter {
 public:
  Result<GroupWritten> write_group(const GroupWrite&, std::stop_token) override { return none(); }
  Result<void> cordon(const NodeCordon&, std::stop_token) override { return none(); }
  Result<void> uncordon(const NodeUncordon&, std::stop_token) override { return none(); }
  Result<EvictionAnswer> evict_pod(const PodEviction&, std::stop_token) override { return none(); }
  Result<void> mark_machine(const MachineMark&, std::stop_token) override { return none(); }

 private:
  static tl::unexpected<Error> none() {
    return fail(ErrorKind::NotFound, "there are no nodes here");
  }
};

}  // namespace poolscaler::testing
