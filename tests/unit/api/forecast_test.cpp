#include <gmock/gmock.h>

#include "unit/api/policies.hpp"

namespace poolscaler {
namespace {

using api::read_scaling_policy;
using testing::HasSubstr;

std::string refused_forecast(const std::string& patch) {
  const auto policy = read_scaling_policy(policy_with(patch), api::UnknownFields::Report);
  return policy ? "accepted" : text_of(policy.error());
}

TEST(ForecastOfAPolicy, IsOffUnlessAskedFor) {
  EXPECT_EQ(read_scaling_policy(policy_with())->forecast, ForecastMode::Off);
  EXPECT_EQ(read_scaling_policy(policy_with("forecast: {mode: Shadow}"))->forecast,
            ForecastMode::Shadow);
  EXPECT_EQ(read_scaling_policy(policy_with("forecast: {mode: \"On\"}"))->forecast,
            ForecastMode::On);
  EXPECT_EQ(read_scaling_policy(policy_with("forecast: {mode: \"Off\"}"))->forecast,
            ForecastMode::Off);
}

TEST(ForecastOfAPolicy, SaysHowToWriteOn) {
  EXPECT_THAT(refused_forecast("forecast: {mode: On}"),
              HasSubstr("spec.forecast.mode is true, must be one of Off, Shadow, On: write it in "
                        "quotes, for example \"On\""));
  EXPECT_THAT(refused_forecast("forecast: {}"), HasSubstr("spec.forecast.mode is required"));
}

TEST(ForecastOfAPolicy, NeedsASignalThatCanBeForecast) {
  const std::string in_shadow = "forecast: {mode: Shadow}, signals: [{name: q, ";
  const auto with_preset = [&](const std::string& preset) {
    return refused_forecast("{" + in_shadow +
                            "metricSourceRef: {name: p}, preset: {name: " + preset + "}}]}");
  };
  EXPECT_EQ(with_preset("vllm-queue"), "accepted");
  EXPECT_THAT(with_preset("dcgm-util"), HasSubstr("no signal can be forecast"))
      << "its own target is a utilization";
  const auto with_target = [&](const std::string& target) {
    return refused_forecast("{" + in_shadow + "metricSourceRef: {name: p}, metric: {name: m}, " +
                            target + "}]}");
  };
  EXPECT_EQ(with_target("target: {type: PerReplica, value: 3}"), "accepted");
  for (const auto* target :
       {"target: {type: Total, value: 3}", "target: {type: Utilization, value: \"0.8\"}",
        "steps: [{above: 3, replicas: 2}]"})
    EXPECT_THAT(with_target(target),
                HasSubstr("forecast.mode is \"Shadow\", must be 'Off' where no signal can be "
                          "forecast: give a signal a target of type PerReplica"));
  EXPECT_THAT(refused_forecast("{" + in_shadow +
                               "resource: {name: cpu}, target: {type: PerReplica, value: "
                               "500m}}]}"),
              HasSubstr("no signal can be forecast"));
  EXPECT_THAT(refused_forecast(
                  "{forecast: {mode: Shadow}, combine: Formula, formula: {expression: queue}}"),
              HasSubstr("must be 'Off' with `combine: Formula`"));
}

}  // namespace
}  // namespace poolscaler
