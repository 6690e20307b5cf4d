// docs/DIFFERENCES.md names every recorded trap, and every story that it names is there.

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/checkout.hpp"
#include "vectors/shared_file.hpp"

namespace poolscaler::vectors {
namespace {

using Json = nlohmann::json;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> traps_of(const Json& file) {
  std::vector<std::string> ids;
  for (const auto& group : file.at("groups")) {
    const auto& cases = group.is_array() ? group : group.at("cases");
    for (const auto& recorded : cases)
      if (recorded.value("note", "").starts_with("trap:")) ids.push_back(recorded.at("id"));
  }
  return ids;
}

class Traps : public testing::TestWithParam<const char*> {};

TEST_P(Traps, AreAllNamed) {
  const auto path = shared_file(GetParam());
  if (path.empty()) GTEST_SKIP() << absence_of(GetParam());
  const auto page = content_of(in_checkout("docs/DIFFERENCES.md"));
  for (const auto& id : traps_of(Json::parse(content_of(path))))
    EXPECT_NE(page.find("`" + id + "`"), std::string::npos)
        << id << ": give it a story and a line of docs/DIFFERENCES.md";
}

INSTANTIATE_TEST_SUITE_P(Files, Traps, testing::Values("hpa.json", "keda_kpa.json"),
                         [](const auto& file) { return stem_of(file.param); });

TEST(Differences, AreShownByStoriesThatExist) {
  const auto page = content_of(in_checkout("docs/DIFFERENCES.md"));
  constexpr std::string_view link = "(../tests/scenarios/";
  int stories = 0;
  for (auto at = page.find(link); at != std::string::npos; at = page.find(link, at + 1)) {
    const auto begin = at + link.size();
    const auto name = page.substr(begin, page.find(')', begin) - begin);
    EXPECT_TRUE(std::filesystem::exists(in_checkout("tests/scenarios/" + name))) << name;
    ++stories;
  }
  EXPECT_GE(stories, 3);
}

}  // namespace
}  // namespace poolscaler::vectors
