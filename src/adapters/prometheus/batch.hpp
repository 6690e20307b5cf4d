// Asks many queries of several sources at once, each source within its own bound.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "source_client.hpp"

namespace poolscaler::adapters {

struct Job {
  std::shared_ptr<SourceClient> client;
  std::string promql;
  /// Jobs of one tenant at one source run one after the other; empty: of no tenant in particular.
  std::string tenant{};
  Asked asked{};
};

/// Fills in `asked` of every job; returns when all are done, or `until` is over. A source that was
/// left alone for a while is probed by its first job before the others start. Never throws.
void ask_all(std::vector<Job>& jobs, int concurrency, Millis until, std::stop_token stop);

}  // namespace poolscaler::adapters
