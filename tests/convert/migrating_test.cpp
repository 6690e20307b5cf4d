// The examples of docs/MIGRATING.md: what is shown is what comes out, and passes `validate`.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "convert/converted.hpp"
#include "support/checkout.hpp"

namespace poolscaler::convert {
namespace {

using nlohmann::json;

/// The blocks of YAML that follow each `mark`, `count` of them.
std::vector<std::string> blocks_after(const std::string& mark, int count) {
  std::ostringstream text;
  text << std::ifstream(in_checkout("docs/MIGRATING.md")).rdbuf();
  const auto page = text.str();
  std::vector<std::string> blocks;
  for (auto at = page.find(mark); at != std::string::npos; at = page.find(mark, at)) {
    for (int i = 0; i < count; ++i) {
      const auto begin = page.find("```yaml\n", at) + 8;
      const auto end = page.find("```", begin);
      blocks.push_back(page.substr(begin, end - begin));
      at = end;
    }
  }
  return blocks;
}

TEST(Migrating, ShowsWhatConvertMakes) {
  const auto blocks = blocks_after("<!-- example -->", 2);
  ASSERT_EQ(blocks.size(), 8U);
  for (std::size_t i = 0; i < blocks.size(); i += 2) {
    const auto done = converted(blocks[i]);
    const auto shown = api::read_yaml(blocks[i + 1]);
    ASSERT_TRUE(shown) << shown.error().message;
    EXPECT_EQ(json(done.objects), json(*shown)) << notes_of(done);
  }
}

TEST(Migrating, ShowsPoliciesThatAreValid) {
  const auto blocks = blocks_after("<!-- policy -->", 1);
  ASSERT_FALSE(blocks.empty());
  for (const auto& block : blocks) {
    const auto objects = api::read_yaml(block);
    ASSERT_TRUE(objects) << objects.error().message;
    EXPECT_EQ(api::summary(api::errors_of(api::Kind::ScalingPolicy, objects->at(0),
                                          api::UnknownFields::Report)),
              "");
  }
}

}  // namespace
}  // namespace poolscaler::convert
