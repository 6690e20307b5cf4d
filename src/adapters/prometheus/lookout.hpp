// The lookout over signals of Prometheus: few joint queries, asked as they were planned.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "batch.hpp"
#include "poolscaler/query/lookout_plan.hpp"

namespace poolscaler::adapters {

/// A part that spoils a joint query is asked apart, for a while, so that it blinds nobody else.
/// Whatever is not answered in full has all of its signals sighted: then read() says what is wrong.
class PrometheusLookout final : public Lookout {
 public:
  /// By name of source; parts of a source that is not among them are never sighted, as read() has
  /// an error for them.
  using Clients = std::map<std::string, std::shared_ptr<SourceClient>, std::less<>>;

  PrometheusLookout(std::vector<query::LookoutPart> plan, Clients clients, const Clock& clock,
                    int concurrency);

  [[nodiscard]] std::vector<std::size_t> look(Millis deadline, std::stop_token stop) override;

 private:
  void choose(Millis now);
  [[nodiscard]] std::vector<Job> jobs_for(std::span<const query::JointQuery> queries) const;
  void settle_apart(std::span<const std::size_t> spoiled, Millis until, std::stop_token stop,
                    std::vector<std::size_t>& sighted);

  std::vector<query::LookoutPart> plan_;
  Clients clients_;
  const Clock& clock_;
  int concurrency_;
  std::vector<Millis> apart_until_;  // of the parts of the plan, on monotonic time
  std::vector<query::JointQuery> queries_{};
  Millis chosen_until_{0};
};

}  // namespace poolscaler::adapters
