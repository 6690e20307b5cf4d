// The example of docs/EXPLAIN.md is read, decided, and prints what the page says.

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "poolscaler/explain/account.hpp"
#include "poolscaler/explain/observation_file.hpp"
#include "support/checkout.hpp"

namespace poolscaler::explain {
namespace {

/// What stands between the marks of the n-th block of that language.
std::string block_of(const std::string& page, const std::string& language, int number) {
  const auto mark = "```" + language + "\n";
  auto begin = page.find(mark);
  for (int i = 0; i < number && begin != std::string::npos; ++i) begin = page.find(mark, begin + 1);
  if (begin == std::string::npos) return "";
  begin += mark.size();
  return page.substr(begin, page.find("```", begin) - begin);
}

TEST(ExplainPage, ShowsWhatIsPrinted) {
  std::ifstream file(in_checkout("docs/EXPLAIN.md"));
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const auto policy = read_policy_file(block_of(page, "yaml", 0));
  ASSERT_TRUE(policy.has_value()) << policy.error().front().text;
  const auto situation = read_observation_file(block_of(page, "yaml", 1), policy->policy);
  ASSERT_TRUE(situation.has_value()) << situation.error().front().text;
  auto account = account_of(*situation, situation->decide().decision);
  account.policy = "shop/llm";
  account.why_nots = {why_not(*situation, Trend::Up), why_not(*situation, Trend::Down)};
  EXPECT_EQ(text_of(account), block_of(page, "text", 0));
}

}  // namespace
}  // namespace poolscaler::explain
