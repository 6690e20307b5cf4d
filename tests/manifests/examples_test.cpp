// The manifests that people copy are read by the operator's own reader, strictly.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "manifests/generated_files.hpp"

namespace poolscaler {
namespace {

using nlohmann::json;

std::vector<json> objects_in(const std::filesystem::path& path) {
  auto read = api::read_yaml(file_text(path));
  EXPECT_TRUE(read) << path << ": " << (read ? "" : read.error().message);
  return read ? *std::move(read) : std::vector<json>();
}

/// What is wrong with one of our objects, strictly.
std::string errors_in(const json& object) {
  const auto kind = api::kind_of(object.value("kind", ""));
  if (!kind || object.value("apiVersion", "") != api::api_version) return "not of our kinds";
  return api::summary(api::errors_of(*kind, object, api::UnknownFields::Report));
}

std::string warnings_in(const json& object) {
  const auto kind = api::kind_of(object.value("kind", ""));
  return kind ? api::summary(api::warnings_of(*kind, object)) : "not of our kinds";
}

TEST(Examples, AreValid) {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_path("deploy/examples")))
    for (const auto& object : objects_in(entry.path())) {
      EXPECT_EQ(errors_in(object), "") << entry.path();
      EXPECT_EQ(warnings_in(object), "") << entry.path();
      ++found;
    }
  EXPECT_GE(found, 4);
}

/// All of them can be applied at once.
TEST(Examples, StandBesideEachOther) {
  std::set<std::string> seen;
  for (const auto& entry : std::filesystem::directory_iterator(source_path("deploy/examples")))
    for (const auto& object : objects_in(entry.path())) {
      const auto& about = object["metadata"];
      const auto name = about.value("namespace", "") + "/" + about.value("name", "");
      EXPECT_TRUE(seen.insert(object.value("kind", "") + " " + name).second)
          << entry.path() << ": " << name;
      if (!object["spec"].contains("scaleTargetRef")) continue;
      EXPECT_TRUE(seen.insert("target " + object["spec"]["scaleTargetRef"].dump()).second)
          << entry.path() << ": two policies of one target";
    }
}

json base_policy() {
  return objects_in(source_path("deploy/examples/queue-scale-to-zero.yaml")).at(0);
}

std::vector<json> cases_in(const std::string& file) {
  const auto objects = objects_in(source_path("tests/manifests/cases/" + file));
  return objects.at(0)["cases"].get<std::vector<json>>();
}

std::vector<api::FieldError> errors_of_case(const json& one) {
  auto policy = base_policy();
  policy["spec"].merge_patch(one["spec"]);
  return api::errors_of(api::Kind::ScalingPolicy, policy, api::UnknownFields::Report);
}

void expect_refusal(const json& one, const std::vector<api::FieldError>& errors) {
  const auto name = one["name"].get<std::string>();
  ASSERT_FALSE(errors.empty()) << name;
  EXPECT_THAT(errors, testing::Contains(testing::Field(
                          &api::FieldError::path,
                          testing::StartsWith(one["path"].get<std::string>()))))
      << name << ": " << api::summary(errors);
}

TEST(PolicyCases, AreRefusedByTheOperatorAtTheNamedField) {
  for (const auto& one : cases_in("refused_policies.yaml"))
    expect_refusal(one, errors_of_case(one));
}

void expect_refusals(api::Kind kind, const std::string& example, const std::string& file) {
  const auto object = objects_in(source_path(example)).at(0);
  for (const auto& one : cases_in(file))
    expect_refusal(one, api::errors_of(kind, object_of_case(object, one),
                                       api::UnknownFields::Report));
}

TEST(PoolCases, AreRefusedByTheOperatorAtTheNamedField) {
  expect_refusals(api::Kind::AcceleratorPool, "deploy/examples/accelerator-pool.yaml",
                  "refused_pools.yaml");
}

TEST(BudgetCases, AreRefusedByTheOperatorAtTheNamedField) {
  expect_refusals(api::Kind::CostBudget, "deploy/examples/cost-budget.yaml",
                  "refused_budgets.yaml");
}

TEST(PolicyCases, AreAcceptedByTheOperator) {
  for (const auto& one : cases_in("accepted_policies.yaml"))
    EXPECT_EQ(api::summary(errors_of_case(one)), "") << one["name"];
}

}  // namespace
}  // namespace poolscaler
