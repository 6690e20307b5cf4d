// The production engine in a replay: a ScalingPolicy decides as it does in the operator, each
// interval, at the moment at which its schedule changes, and at zero whenever a look each second
// sees a signal above its activation.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/domain/decision.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/domain/scaling_policy.hpp"
#include "poolscaler/simulation/replay/scaler.hpp"

namespace poolscaler::replay {

/// "queue", "running", "inflight", "utilization", "rate", "value"; nullopt for any other word.
[[nodiscard]] std::optional<Meaning> meaning_of(std::string_view word);
[[nodiscard]] std::string_view name_of(Meaning meaning);

/// How one signal is read in a replay: `meaning`, divided by the ready replicas where its query
/// averages over them, times `scale` (100 for metrics in percent).
struct SignalSource {
  Meaning meaning = Meaning::Queue;
  double scale = 1;
  bool per_ready = false;
};

/// What was said on the command line, by name of signal.
using SaidMeanings = std::map<std::string, Meaning, std::less<>>;

/// One per signal: what was said, else what its preset or its metric is known to mean, else its own
/// name. On a metric trace the only signal is the value. Errors: InvalidInput, naming the signal
/// and --map.
[[nodiscard]] Result<std::vector<SignalSource>> sources_of(const ScalingPolicy& policy,
                                                           const SaidMeanings& said,
                                                           bool metric_load);

class SeenPast;

class PolicyScaler final : public Scaler {
 public:
  /// `start`: what 0 of the trace is on the clock, for schedules.
  PolicyScaler(const ScalingPolicy& policy, std::vector<SignalSource> sources, Instant start);
  ~PolicyScaler() override;

  [[nodiscard]] std::int32_t min_replicas() const override { return policy_.min_replicas; }
  [[nodiscard]] std::int32_t max_replicas() const override { return policy_.max_replicas; }
  [[nodiscard]] Micros next_evaluation(Micros now, std::int32_t current,
                                       std::optional<Micros> quiet_until) const override;
  [[nodiscard]] std::optional<Wanted> evaluate(const Sight& sight) override;
  void expect_limits() override { limited_ = true; }
  [[nodiscard]] Wanted keep_to(const Grant& grant) override;
  [[nodiscard]] std::vector<Watched> watches() const override;
  void see(std::size_t index, const Course& course) override;

 private:
  struct Reader {
    SignalSource source;
    RangeFunction function = RangeFunction::None;
    Micros window{0};
    const Course* course = nullptr;
  };
  [[nodiscard]] std::optional<double> value_of(const Reader& reader, const Sight& sight) const;
  void read(const Sight& sight);
  [[nodiscard]] bool wakes() const;
  [[nodiscard]] bool only_requests_wake() const;
  [[nodiscard]] Instant clock_at(Micros now) const;
  void plan_change(Micros now);
  std::int64_t pass_over(Micros now);
  [[nodiscard]] bool learned_cold_start() const;

  const ScalingPolicy policy_;
  const Instant start_;
  std::vector<Reader> readers_;
  std::vector<std::size_t> watched_;  // readers that look back
  Observation observation_;
  Memory memory_;
  bool limited_ = false;  // by nodes and money
  Memory before_;  // the last decision, where it may be limited
  Instant decided_at_{};
  std::unique_ptr<SeenPast> seen_;  // where the policy forecasts
  std::optional<Micros> next_change_{};  // of the schedule
  ColdStarts planned_with_{};            // what was learned when it was looked up
  bool sleeps_ = false;  // only requests can raise a signal
  bool rests_ = false;   // since the last round, which was at:
  Micros last_round_{0};
};

}  // namespace poolscaler::replay
