// What decision_vectors says of files that it cannot run, of cases that it cannot read, and of
// decisions that differ.

#include "vectors/runner.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace poolscaler::vectors {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

std::string file_of(const Json& groups, const char* schema = "hpa-vectors/1") {
  return Json{{"head", {{"schema", schema}}}, {"groups", groups}}.dump();
}

Json limit_case(int expected) {
  return {{"id", "a"},
          {"direction", "up"},
          {"current_replicas", 10},
          {"rules", {{"select", "Max"}, {"window_s", 0}, {"policies", {{"Pods", 4, 15}}}}},
          {"expect", {{"limit", expected}}}};
}

std::string error_of(std::string_view text) {
  const auto tally = run_vectors(text);
  return tally ? "no error" : tally.error().message;
}

std::string why_of(const Json& recorded, const char* group = "rate_limit_only") {
  const auto tally = run_vectors(file_of({{group, {recorded}}}));
  if (!tally) return tally.error().message;
  return tally->failures.empty() ? "passed" : tally->failures[0].why;
}

TEST(Vectors, PassAndFailByTheExpectation) {
  const auto tally = run_vectors(file_of({{"rate_limit_only", {limit_case(14), limit_case(15)}}}));
  ASSERT_TRUE(tally.has_value());
  EXPECT_EQ(report_of(*tally),
            "FAILED a (rate_limit_only): limit: expected 15, decided 14\n1 passed, 1 failed\n");
}

TEST(Vectors, AlsoStandInAnObjectOfCases) {
  const auto tally =
      run_vectors(file_of({{"rate_limit_only", {{"cases", {limit_case(14)}}, {"note", "x"}}}}));
  ASSERT_TRUE(tally.has_value());
  EXPECT_EQ(tally->passed, 1);
}

TEST(Vectors, OfAnUnknownGroupHaveFailed) {
  EXPECT_EQ(why_of(limit_case(14), "rate_of_tomorrow"), group_unknown);
}

TEST(Vectors, ThatCannotBeReadHaveFailedWithThePlace) {
  auto broken = limit_case(14);
  broken["rules"]["policies"][0][1] = 4.5;
  EXPECT_THAT(why_of(broken), HasSubstr("'rules.policies[0][1]' is 4.5, must be a whole number"));
  broken = limit_case(14);
  broken["direction"] = "sideways";
  EXPECT_THAT(why_of(broken), HasSubstr("'direction' is 'sideways', must be one of down, up"));
  broken = limit_case(14);
  broken.erase("current_replicas");
  EXPECT_THAT(why_of(broken), HasSubstr("has no field 'current_replicas'"));
  broken["current_replicas"] = 3'000'000'000;
  EXPECT_THAT(why_of(broken), HasSubstr("whole number of 32 bits"));
  EXPECT_THAT(why_of("nonsense"), HasSubstr("must be an object"));
}

TEST(Vectors, ThatExpectMoreThanIsDecidedHaveFailed) {
  auto asking = limit_case(14);
  asking["expect"]["mood"] = "good";
  EXPECT_THAT(why_of(asking), HasSubstr("expects 'mood'"));
}

TEST(Vectors, WithoutAnIdAreNumbered) {
  const auto tally = run_vectors(file_of({{"rate_limit_only", {Json::object()}}}));
  ASSERT_TRUE(tally.has_value());
  EXPECT_EQ(tally->failures.at(0).id, "#1 (no id)");
}

TEST(VectorFiles, ThatAreNoneAreErrors) {
  EXPECT_THAT(error_of("{"), HasSubstr("is no JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("must be an object"));
  EXPECT_THAT(error_of("{}"), HasSubstr("head.schema"));
  EXPECT_THAT(error_of(file_of({}, "hpa-vectors/9")), HasSubstr("has the schema 'hpa-vectors/9'"));
  EXPECT_THAT(error_of(R"({"head": {"schema": "hpa-vectors/1"}})"),
              HasSubstr("no object 'groups'"));
  EXPECT_THAT(error_of(file_of({{"rate_limit_only", 7}})), HasSubstr("no list of cases"));
  EXPECT_THAT(run_vectors_file("/nowhere/x.json").error().message,
              HasSubstr("/nowhere/x.json: cannot be opened"));
}

TEST(Difference, ComparesNumbersByValueAndListsInOrder) {
  EXPECT_EQ(difference(Json{{"a", 25}}, Json{{"a", 25.0}, {"b", 1}}), "");
  EXPECT_EQ(difference(Json({1, 2}), Json({1, 3})), "[1]: expected 2, decided 3");
  EXPECT_EQ(difference(Json({1}), Json({1, 3})), "expected [1], decided [1,3]");
  EXPECT_EQ(difference(Json(), Json(0)), "expected null, decided 0");
}

}  // namespace
}  // namespace poolscaler::vectors
