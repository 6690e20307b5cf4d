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
/// What one --load names: FILE or FILE:COLUMN[,COLUMN...].
[[nodiscard]] Result<std::vector<replay::Load>> loads_from(const std::string& said,
                                                           const SimulateOptions& options);

/// A --load that says to which policy it belongs: POLICY=FILE.
struct PolicyLoad {
  std::size_t policy;  // index
  std::string file;    // FILE or FILE:COLUMN
};
/// One for each policy, in their order; none where no --load names a policy.
[[nodiscard]] Result<std::vector<PolicyLoad>> policy_loads_of(
    const SimulateOptions& options, const std::vector<NamedPolicy>& policies);
/// Plays the policies together over one pool, each with its load.
[[nodiscard]] Result<std::string> simulated_together(const SimulateOptions& options,
                                                     const std::vector<NamedPolicy>& policies,
                                                     const std::vector<PolicyLoad>& loads);
/// What --prometheus asks for.
[[nodiscard]] Result<std::vector<replay::Load>> prometheus_loads(const SimulateOptions& options,
                                                                 const replay::ReadingRules& rules);
/// What --map says; each word must speak of a signal of some policy.
[[nodiscard]] Result<replay::SaidMeanings> meanings_of(const SimulateOptions& options,
                                                       const std::vector<NamedPolicy>& policies);
/// Of what was said, what this policy has.
[[nodiscard]] replay::SaidMeanings said_of(const ScalingPolicy& policy,
                                           const replay::SaidMeanings& said);
/// What decides as the policy does; on metric traces as well as on requests.
[[nodiscard]] Result<replay::MakeScaler> scaler_of(const NamedPolicy& named,
                                                   const std::vector<replay::Case>& cases,
                                                   const replay::SaidMeanings& said,
                                                   Instant start);
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
[[nodiscard]] Result<std::string> recommended(const SimulateOptions& options,
                                              const std::vector<NamedPolicy>& policies);

/// The HTML of --report.
[[nodiscard]] Result<void> write_report(const std::string& path, const std::string& page);

}  // namespace poolscaler::app
