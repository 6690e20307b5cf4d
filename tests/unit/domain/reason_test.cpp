#include "poolscaler/domain/reason.hpp"

#include <cctype>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "poolscaler/domain/observation.hpp"
#include "support/checkout.hpp"

namespace poolscaler {
namespace {

TEST(Reason, HasOneCamelCaseWord) {
  std::set<std::string_view> seen;
  for (const auto reason : all_reasons) {
    const auto name = name_of(reason);
    EXPECT_TRUE(seen.insert(name).second) << name << " appears twice";
    EXPECT_TRUE(std::isupper(static_cast<unsigned char>(name.front()))) << name;
    for (const char c : name) EXPECT_TRUE(std::isalpha(static_cast<unsigned char>(c))) << name;
  }
}

TEST(Reason, HasOneSentenceWithoutFullStop) {
  std::set<std::string_view> seen;
  for (const auto reason : all_reasons) {
    const auto text = text_of(reason);
    EXPECT_GT(text.size(), 10U) << name_of(reason);
    EXPECT_NE(text.back(), '.') << name_of(reason);
    EXPECT_TRUE(seen.insert(text).second) << name_of(reason) << " says what another one says";
  }
}

TEST(Reason, IsListedInTheReference) {
  std::ifstream file(in_checkout("docs/reference/reasons.md"));
  std::ostringstream committed;
  committed << file.rdbuf();
  EXPECT_EQ(committed.str(), reasons_page())
      << "write what reasons_page() returns to docs/reference/reasons.md";
}

TEST(SignalState, OnlyValueAndZeroAreUsable) {
  for (const auto state : {SignalState::Absent, SignalState::NotANumber, SignalState::Stale,
                           SignalState::Partial, SignalState::Error})
    EXPECT_FALSE(is_usable(state)) << name_of(state);
  EXPECT_TRUE(is_usable(SignalState::Value));
  EXPECT_TRUE(is_usable(SignalState::Zero));
}

}  // namespace
}  // namespace poolscaler
