// What `convert` sees that looks at all objects together; tests/convert has what it makes of one.
#include <sstream>

#include <gmock/gmock.h>

#include "manifest_folder.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

using testing::HasSubstr;

class ConvertManifests : public ManifestFolder {
 protected:
  int run(const std::string& text) {
    std::ostringstream out;
    std::ostringstream errors;
    const auto code = convert_manifests({.files = {write("old.yaml", text)}}, out, errors);
    made = out.str();
    told = errors.str();
    return code;
  }
  static std::string hpa(const std::string& name, int max) {
    return "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: " +
           name + ", namespace: shop}\nspec:\n  scaleTargetRef: {kind: Deployment, name: web}\n"
                  "  maxReplicas: " + std::to_string(max) + "\n";
  }

  std::string made;
  std::string told;
};

TEST_F(ConvertManifests, MakesNoPolicyTwice) {
  EXPECT_EQ(run(hpa("web", 5) + hpa("web", 6) + hpa("api", 7)), 2);
  EXPECT_THAT(told, HasSubstr("error: metadata.name (web) is the name of the policy of "));
  EXPECT_THAT(told, HasSubstr("2 converted, 0 of them not without loss; 0 not convertible, 1 with "
                              "errors"));
  EXPECT_THAT(made, HasSubstr("maxReplicas: 5"));
  EXPECT_THAT(made, Not(HasSubstr("maxReplicas: 6")));
}

TEST_F(ConvertManifests, MakesNoPolicyThatNobodyTakes) {
  EXPECT_EQ(run(hpa("Web_Bad", 5)), 2);
  EXPECT_THAT(told, HasSubstr("error: metadata.name (Web_Bad) must be lower-case letters"));
  EXPECT_EQ(made, "");
}

}  // namespace
}  // namespace poolscaler::app
