#include <fmt/format.h>
#include <gmock/gmock.h>

#include "field_table.hpp"
#include "unit/api/policies.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

/// Calls `visit(schema, path)` for every schema below.
template <class Visit>
void each_schema(const json& schema, const std::string& path, Visit visit) {
  visit(schema, path);
  if (schema.contains("properties"))
    for (const auto& item : schema["properties"].items())
      each_schema(item.value(), path + "." + item.key(), visit);
  if (schema.contains("items")) each_schema(schema["items"], path + "[]", visit);
}

template <class Visit>
void each_own_schema(Visit visit) {
  for (const auto kind : all_kinds) {
    const auto crd = crd_json(kind);
    const auto& root = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
    each_schema(root["spec"], "spec", visit);
    if (root.contains("status")) each_schema(root["status"], "status", visit);
  }
}

TEST(Schema, BoundsEveryTextNumberAndList) {
  each_own_schema([](const json& schema, const std::string& path) {
    const auto type = schema.value("type", "decimal");
    const auto has = [&schema](const char* key) { return schema.contains(key); };
    EXPECT_TRUE(type != "string" || has("maxLength") || has("enum")) << path;
    EXPECT_TRUE(type != "integer" || (has("minimum") && has("maximum"))) << path;
    EXPECT_TRUE(type != "array" || (has("maxItems") && has("x-kubernetes-list-type"))) << path;
    // Two rules for each step of each signal would go beyond what rules may cost: the schema bounds
    // whole numbers there, and the operator bounds the others.
    const bool bounded = path == "spec.signals[].steps[].above"
                             ? has("minimum") && has("maximum")
                             : has("x-kubernetes-validations") &&
                                   schema["x-kubernetes-validations"].size() == 2U;
    EXPECT_TRUE(type != "decimal" || bounded) << path;
    EXPECT_FALSE(schema.contains("additionalProperties")) << path;
    EXPECT_FALSE(schema.contains("x-kubernetes-preserve-unknown-fields")) << path;
  });
}

TEST(Schema, ExplainsEveryField) {
  each_own_schema([](const json& schema, const std::string& path) {
    if (path.ends_with("[]") && schema["type"] == "object") return;
    EXPECT_GE(schema.value("description", "").size(), 5U) << path;
  });
}

TEST(FieldTable, GivesAnExampleForEveryFieldThatPeopleWrite) {
  for (const auto kind : all_kinds)
    for (const auto& field : table_of(kind).spec) {
      if (field.type == FieldType::Object || field.type == FieldType::List) continue;
      EXPECT_FALSE(field.example.empty()) << field.path;
    }
}

TEST(FieldTable, HasExamplesThatAreValid) {
  for (const auto kind : all_kinds) {
    const auto object = read_yaml(table_of(kind).example);
    ASSERT_TRUE(object) << object.error().message;
    EXPECT_EQ(text_of(errors_of(kind, object->at(0), UnknownFields::Report)), "");
  }
}

TEST(FieldTable, IsFoundByTheWordOfTheKind) {
  for (const auto kind : all_kinds) EXPECT_EQ(kind_of(names_of(kind).kind), kind);
  EXPECT_FALSE(kind_of("Deployment"));
}

TEST(Columns, AreThoseThatAPersonLooksFor) {
  std::vector<std::string> names;
  std::vector<std::string> wide;
  for (const auto& column : table_of(Kind::ScalingPolicy).columns)
    (column.priority == 0 ? names : wide).emplace_back(column.name);
  EXPECT_THAT(names, testing::ElementsAre("Target", "Mode", "Min", "Max", "Current", "Desired",
                                          "Reason", "Ready", "Age"));
  EXPECT_THAT(wide, testing::ElementsAre("Accelerator", "Signal", "$/h", "Last scale", "Message"));
}

TEST(ReferencePage, TellsOfEveryField) {
  for (const auto kind : all_kinds) {
    const auto page = reference_page(kind);
    for (const auto& field : table_of(kind).spec)
      EXPECT_THAT(page, testing::HasSubstr(fmt::format("`{}`", field.path)));
  }
}

}  // namespace
}  // namespace poolscaler::api
