#include "batch.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <thread>

namespace poolscaler::adapters {
namespace {

/// The jobs of one source, worked off by a few threads.
class Lane {
 public:
  explicit Lane(int concurrency) : concurrency_(std::max(1, concurrency)) {}

  void add(Job* job) { jobs_.push_back(job); }

  void run(Millis until, const std::stop_token& stop) {
    if (jobs_.front()->client->probe_is_due()) {
      if (Job* probe = take()) finish(probe, until, stop);
    }
    const auto helpers_wanted =
        std::min<std::size_t>(static_cast<std::size_t>(concurrency_), jobs_.size()) - 1;
    std::vector<std::jthread> helpers;
    try {
      for (std::size_t i = 0; i < helpers_wanted; ++i)
        helpers.emplace_back([this, until, &stop] { work(until, stop); });
    } catch (const std::system_error&) {
      // Fewer threads than wished for: slower, but complete.
    }
    work(until, stop);
  }

 private:
  /// The first job whose tenant is not busy. Nothing: none is left, or each one left is of a tenant
  /// whose worker will come for it.
  Job* take() {
    const std::scoped_lock lock(mutex_);
    while (first_ < jobs_.size() && !jobs_[first_]) ++first_;
    for (std::size_t i = first_; i < jobs_.size(); ++i) {
      Job* const job = jobs_[i];
      if (!job || (!job->tenant.empty() && busy_.contains(job->tenant))) continue;
      jobs_[i] = nullptr;
      if (!job->tenant.empty()) busy_.insert(job->tenant);
      return job;
    }
    return nullptr;
  }

  void finish(Job* job, Millis until, const std::stop_token& stop) {
    job->asked = job->client->ask({.promql = job->promql}, until, stop);
    const std::scoped_lock lock(mutex_);
    busy_.erase(job->tenant);
  }

  void work(Millis until, const std::stop_token& stop) {
    while (Job* job = take()) finish(job, until, stop);
  }

  int concurrency_;
  std::mutex mutex_;
  std::vector<Job*> jobs_{};  // taken ones are null
  std::size_t first_ = 0;
  std::set<std::string> busy_{};
};

}  // namespace

void ask_all(std::vector<Job>& jobs, int concurrency, Millis until, std::stop_token stop) {
  std::map<const SourceClient*, Lane> lanes;
  for (auto& job : jobs)
    lanes.try_emplace(job.client.get(), concurrency).first->second.add(&job);
  std::vector<Lane*> left;
  for (auto& [client, lane] : lanes) left.push_back(&lane);
  std::vector<std::jthread> threads;
  // The last lane runs here; where threads cannot be had, more of them do.
  while (!left.empty()) {
    Lane* const lane = left.back();
    left.pop_back();
    try {
      if (!left.empty()) {
        threads.emplace_back([lane, until, &stop] { lane->run(until, stop); });
        continue;
      }
    } catch (const std::system_error&) {
    }
    lane->run(until, stop);
  }
}

}  // namespace poolscaler::adapters
