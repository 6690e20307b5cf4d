// What `simulate` is given: policies, traces and flags, turned into what the simulation plays.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "options.hpp"
#include "poolscaler/simulation/replay/policy_scaler.hpp"
#include "poolscaler/simulation/replay/study.hpp"

namespace poolscaler::app {

struct NamedPolicy {
  std::string name;  // "namespace/name"
  ScalingPolicy policy;
  std::shared_ptr<const nlohmann::json> object;  // as it was written
};

/// The ScalingPolicies of the files; objects of other kinds are passed over.
[[nodiscard]] Result<std::vector<NamedPolicy>> policies_of(const SimulateOptions& options);
[[nodiscard]] Result<std::vector<replay::Load>> loads_of(const SimulateOptions& options);
/// What --prometheus asks for.
[[nodiscard]] Result<std::vector<replay::Load>> prometheus_loads(const SimulateOptions& options,
                                                                 const replay::ReadingRules& rules);
/// What --map says; each word must speak of a signal of some policy.
[[nodiscard]] Result<replay::SaidMeanings> meanings_of(const SimulateOptions& options,
                                                       const std::vector<NamedPolicy>& policies);
/// Of what was said, what this policy has.
[[nodiscard]] replay::SaidMeanings said_of(const ScalingPolicy& policy,
                                           const replay::SaidMeanings& said);
[[nodiscard]] replay::Setup setup_of(const SimulateOptions& options);
[[nodiscard]] Instant start_of(const SimulateOptions& options);

/// What --pool and the flags beside it say, but for the policy; nothing without --pool.
[[nodiscard]] Result<std::optional<replay::Estate>> estate_of(const SimulateOptions& options);
/// The same for one policy.
[[nodiscard]] Result<std::shared_ptr<const replay::Estate>> estate_for(
    const replay::Estate& estate, const NamedPolicy& named);
/// What a replica of the policies costs an hour; of one accelerator where there is none.
[[nodiscard]] Result<HourlyRate> replica_price_of(const replay::Estate& estate,
                                                  const std::vector<NamedPolicy>& policies);

/// A bar on the terminal, where there is one; nothing in a log.
class ProgressBar {
 public:
  ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();
  void show(std::size_t done, std::size_t total);

 private:
  bool shown_;
  int percent_ = -1;
};

/// `simulate --recommend`: the ScalingPolicy to apply, and what it costs, as comments.
[[nodiscard]] Result<std::string> recommended(const SimulateOptions& options);

}  // namespace poolscaler::app
