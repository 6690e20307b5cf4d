// Errors name the line that a person has to look at.

#include "yaml_lines.hpp"

#include <gtest/gtest.h>

namespace poolscaler::explain {
namespace {

constexpr std::string_view text = R"(a: 1
---
spec:
  signals:
    - name: queue
      value: 3
    - {name: gpu, value: 4}
)";

TEST(YamlLines, AreThoseOfTheField) {
  EXPECT_EQ(line_of(text, 0, "a"), 1U);
  EXPECT_EQ(line_of(text, 1, "spec.signals[0].value"), 6U);
  EXPECT_EQ(line_of(text, 1, "spec.signals[1].value"), 7U);
}

TEST(YamlLines, AreThoseOfWhatIsAroundAMissingField) {
  EXPECT_EQ(line_of(text, 1, "spec.signals[1].state"), 7U);
  EXPECT_EQ(line_of(text, 1, "spec.signals[9]"), 5U);
  EXPECT_EQ(line_of(text, 7, "spec"), 0U);
}

}  // namespace
}  // namespace poolscaler::explain
