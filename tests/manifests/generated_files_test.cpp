#include "manifests/generated_files.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace poolscaler {
namespace {

TEST(GeneratedFiles, AreWhatTheFieldTablesSay) {
  for (const auto& file : generated_files())
    EXPECT_EQ(file_text(file.path), file.content)
        << file.path << " is out of date: run `manifests_test --update`, or `poolscaler print crd`";
}

TEST(CustomResourceDefinitions, FitIntoAnAnnotationOfPlainApply) {
  for (const auto kind : api::all_kinds) EXPECT_LT(api::crd_json(kind).dump().size(), 200'000U);
}

TEST(CustomResourceDefinitions, ReadBackFromYamlUnchanged) {
  for (const auto kind : api::all_kinds) {
    const auto read = api::read_yaml(api::crd_yaml(kind));
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 1U);
    EXPECT_EQ(read->front(), api::crd_json(kind));
  }
}

}  // namespace
}  // namespace poolscaler
