// Runs every story of this folder. A story passes when telling it again gives the same text.
// With --update the files are rewritten instead; read the diff before you keep it.

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "story.hpp"
#include "support/checkout.hpp"

namespace poolscaler::scenarios {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class StoryFile : public testing::Test {
 public:
  StoryFile(std::filesystem::path path, bool update) : path_(std::move(path)), update_(update) {}

  void TestBody() override {
    const auto expected = content_of(path_);
    const auto told = retold(expected);
    if (update_) {
      std::ofstream(path_) << told;
      return;
    }
    EXPECT_EQ(told, expected) << path_ << " tells another story; see it with --update";
  }

 private:
  std::filesystem::path path_;
  bool update_;
};

void register_stories(bool update) {
  for (const auto& entry :
       std::filesystem::directory_iterator(in_checkout("tests/scenarios"))) {
    const auto path = entry.path();
    if (path.extension() != ".txt" || path.filename() == "CMakeLists.txt") continue;
    testing::RegisterTest("Story", path.stem().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [=]() -> testing::Test* { return new StoryFile(path, update); });
  }
}

}  // namespace
}  // namespace poolscaler::scenarios

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const bool update = argc > 1 && std::string_view(argv[1]) == "--update";
  poolscaler::scenarios::register_stories(update);
  return RUN_ALL_TESTS();
}
