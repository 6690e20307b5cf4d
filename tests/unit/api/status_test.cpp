#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "checked_reader.hpp"
#include "status_bounds.hpp"
#include "unit/api/policies.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

Instant at(std::int64_t second) { return Instant(Seconds(1'800'000'000 + second)); }

PolicyStatus full_status() {
  return {.observed_generation = 7,
          .target_text = "Deployment/web",
          .target_uid = "1-2-3",
          .selector = "app=web",
          .signal_text = "queue 48 of 10",
          .current_replicas = 2,
          .ready_replicas = 1,
          .desired_replicas = 5,
          .recommended_replicas = 6,
          .signals = {{.name = "queue",
                       .state = SignalState::Value,
                       .value = 48.25,
                       .target = 10,
                       .age_seconds = 12,
                       .replicas = 5},
                      {.name = "late",
                       .state = SignalState::Stale,
                       .target = 0.8,
                       .detail = "sample is 300 s old"}},
          .conditions = {{.type = "Ready",
                          .status = ConditionStatus::True,
                          .reason = Reason::Accepted,
                          .message = "fine",
                          .observed_generation = 7,
                          .last_transition = at(0)}},
          .decision_time = at(60),
          .decision_reason = Reason::SignalAboveTarget,
          .decision_message = "48 / 10 per replica asks for 5; had 2",
          .decision_steps = {{.stage = "signal",
                              .subject = "queue",
                              .before = 2,
                              .after = 5,
                              .reason = Reason::SignalAboveTarget,
                              .numbers = "48 / 10 per replica = 5"}},
          .last_scale = LastScale{at(60), 2, 5, Reason::SignalAboveTarget},
          .forecast =
              api::ForecastStatus{
                  .horizon = {.length = Seconds(95), .source = HorizonSource::Learned},
                  .replicas = 8,
                  .signals = {{.name = "queue",
                               .reason = Reason::ForecastAboveSignals,
                               .test = BackTest{.method = ForecastMethod::SameTimeYesterday,
                                                .samples = 4980,
                                                .skill = 0.42,
                                                .gain_of_last_day = -0.125},
                               .value = 80.5,
                               .replicas = 9},
                              {.name = "late",
                               .reason = Reason::ForecastNoHistory,
                               .detail = "no history: it has not been read yet"}}},
          .accelerators = PolicyAcceleratorStatus{.pool = "h100", .per_replica = 8},
          .effective_max = 12,
          .cost = PolicyCostStatus{.hourly = HourlyRate::of(55'040'000'000),
                                   .hourly_desired = HourlyRate::of(110'080'000'000),
                                   .ledger = LedgerStatus{.counted_to = at(7)}},
          .recommendations = {{at(1) + Millis(250), 3}, {at(60), 5}},
          .scale_ups = {{at(60), 3}},
          .scale_downs = {{at(2), 1}},
          .cold_start = ColdStartStatus{.p50_seconds = 40, .p90_seconds = 95, .samples = 2},
          .cold_starts = {Millis{39'900}, Millis{95'000}},
          .woken_at = at(3) + Millis(500),
          .keep_alive = {{.weights = {0, 512}, .gaps = 1}, {}},
          .last_needs = {{at(20) + Millis(1), 4}, {at(61), 0}}};
}

json rendered(const PolicyStatus& status) { return json::parse(render_status(status)); }
PolicyStatus read_back(const PolicyStatus& status) {
  return read_status({{"status", rendered(status)}});
}

std::string schema_errors(const json& status) {
  return text_of(errors_below(status_tree(Kind::ScalingPolicy), status, UnknownFields::Report));
}

TEST(PolicyStatus, RoundTrips) {
  const auto status = full_status();
  EXPECT_EQ(render_status(read_back(status)), render_status(status));
  const auto back = read_back(status);
  EXPECT_EQ(back.conditions, status.conditions);
  EXPECT_EQ(back.recommendations, status.recommendations);
  EXPECT_EQ(back.scale_ups, status.scale_ups);
  EXPECT_EQ(back.scale_downs, status.scale_downs);
  EXPECT_EQ(back.decision_reason, status.decision_reason);
  EXPECT_EQ(back.decision_steps[0].stage, "signal");
  EXPECT_EQ(back.signals[0].value, 48.25);
  EXPECT_EQ(back.signals[1].state, SignalState::Stale);
  ASSERT_TRUE(back.last_scale);
  EXPECT_EQ(back.last_scale->time, at(60));
  ASSERT_TRUE(back.forecast);
  EXPECT_EQ(back.forecast->horizon.source, HorizonSource::Learned);
  EXPECT_EQ(back.forecast->signals[0].test->gain_of_last_day, -0.125);
  EXPECT_EQ(back.forecast->signals[1].reason, Reason::ForecastNoHistory);
  ASSERT_TRUE(back.cold_start);
  EXPECT_EQ(back.cold_start->p90_seconds, 95);
  EXPECT_EQ(back.cold_starts, status.cold_starts);
  EXPECT_EQ(back.woken_at, status.woken_at);
  EXPECT_EQ(back.keep_alive, status.keep_alive);
  EXPECT_EQ(back.last_needs, status.last_needs);
}

TEST(PolicyStatus, IsWhatTheSchemaAllows) {
  EXPECT_EQ(schema_errors(rendered(full_status())), "");
  EXPECT_EQ(schema_errors(rendered(PolicyStatus{})), "");
}

TEST(PolicyStatus, StaysSmallWhateverItIsGiven) {
  auto status = full_status();
  const std::string endless(100'000, '\x01');
  status.target_text = status.selector = status.decision_message = status.signal_text = endless;
  status.target_uid = endless + "\xFF";
  status.current_replicas = -5;
  status.observed_generation = -1;
  status.signals.assign(500, status.signals[0]);
  for (std::size_t i = 0; i < status.signals.size(); ++i) {
    status.signals[i].name = fmt::format("s{}", i);
    status.signals[i].detail = endless;
    status.signals[i].value = std::numeric_limits<double>::infinity();
    status.signals[i].age_seconds = 1e300;
  }
  status.conditions.assign(500, status.conditions[0]);
  status.conditions[1].type = "Active";
  status.conditions[1].message = endless;
  status.decision_steps.assign(500, status.decision_steps[0]);
  for (auto& step : status.decision_steps) step.numbers = step.subject = endless;
  status.recommendations.clear();
  for (int i = 0; i < 256; ++i) status.recommendations.push_back({at(i), i % 7});
  status.scale_ups.assign(256, {at(5), std::numeric_limits<std::int32_t>::max()});
  status.cold_start = {.p50_seconds = -1, .p90_seconds = 1LL << 60, .samples = 1000};
  status.cold_starts.assign(1000, Millis{1LL << 60});
  LayerGaps full{.gaps = 65'535};
  full.weights.fill(65'535);
  status.keep_alive.assign(1000, full);
  status.last_needs.assign(1000, {at(5), 7});
  const auto out = rendered(status);
  EXPECT_EQ(schema_errors(out), "");
  EXPECT_LT(out.dump().size(), 46'000U);
  EXPECT_EQ(out["lastDecision"]["steps"].size(), steps_max);
  EXPECT_EQ(out["conditions"].size(), 2U);
  EXPECT_EQ(out["currentReplicas"], 0);
}

TEST(PolicyStatus, KeepsTheFirstAndTheLastSteps) {
  auto status = full_status();
  status.decision_steps.clear();
  for (int i = 0; i < 100; ++i)
    status.decision_steps.push_back(
        {.stage = "signal", .before = i, .after = i + 1, .reason = Reason::AtTarget});
  const auto steps = rendered(status)["lastDecision"]["steps"];
  EXPECT_EQ(steps.front()["before"], 0);
  EXPECT_EQ(steps.back()["after"], 100);
}

TEST(PolicyStatus, DoesNotShowAValueThatIsNone) {
  const auto signals = rendered(full_status())["signals"];
  EXPECT_EQ(signals[0]["value"], "48.25");
  EXPECT_FALSE(signals[1].contains("value"));
  EXPECT_FALSE(signals[1].contains("replicas"));
}

TEST(StatusReader, LeavesWhatItCannotReadAtItsDefault) {
  for (const auto* text :
       {"null", "[]", "{}", R"({"status":null})", R"({"status":[]})",
        R"({"status":{"signals":{}}})",
        R"({"status":{"signals":[1,null,{"name":3,"state":"Value"},{"name":"a","state":"Odd"}]}})",
        R"({"status":{"conditions":[{"type":"Ready","reason":"NotAReason"}]}})",
        R"({"status":{"lastScale":{"time":"yesterday"},"memory":{"scaleUps":[{"time":1}, 2]}}})",
        R"({"status":{"coldStart":7,"memory":{"coldStartMillis":["x",-3],"keepAlive":{}}}})",
        R"({"status":{"memory":{"lastNeeded":[1]}}})",
        R"({"status":{"currentReplicas":"x","observedGeneration":-1,"lastDecision":7}})"}) {
    const auto status = read_status(json::parse(text));
    EXPECT_EQ(render_status(status), render_status(PolicyStatus{})) << text;
  }
  const auto huge = read_status(json::parse(R"({"status":{"currentReplicas":99999999999}})"));
  EXPECT_EQ(huge.current_replicas, std::numeric_limits<std::int32_t>::max());
}

RC_GTEST_PROP(StatusReader, AnswersAnyDamageWithoutThrowing, ()) {
  json object{{"status", rendered(full_status())}};
  json* place = &object;
  while (place->is_structured() && !place->empty() && *rc::gen::inRange(0, 4) != 0) {
    auto next = place->begin();
    std::advance(next, *rc::gen::inRange<std::ptrdiff_t>(
                           0, static_cast<std::ptrdiff_t>(place->size())));
    place = &*next;
  }
  *place = *rc::gen::element(json(nullptr), json(-1), json("x"), json::array(), json::object(),
                             json(1e300), json({1, 2}), json("2026-01-01T00:00:00Z"),
                             json(std::numeric_limits<double>::quiet_NaN()));
  RC_ASSERT(schema_errors(rendered(read_status(object))).empty());
}

TEST(SourceStatus, HasConditionsAlone) {
  const auto status = json::parse(render_source_status(
      3, {{"Ready", ConditionStatus::False, Reason::MetricSourceInvalid, "no url", 3, at(0)}}));
  EXPECT_EQ(status, json::parse(R"({"observedGeneration":3,"conditions":[{"type":"Ready",
      "status":"False","reason":"MetricSourceInvalid","message":"no url","observedGeneration":3,
      "lastTransitionTime":"2027-01-15T08:00:00Z"}]})"));
  EXPECT_EQ(text_of(errors_below(status_tree(Kind::MetricSource), status, UnknownFields::Report)),
            "");
}

}  // namespace
}  // namespace poolscaler::api
