#include "poolscaler/domain/formula.hpp"

#include <string>

#include <gtest/gtest.h>

namespace poolscaler {
namespace {

std::string error_of(const std::string& text) {
  const auto formula = parse_formula(text);
  if (formula) return "";
  EXPECT_EQ(formula.error().kind, ErrorKind::InvalidInput);
  return formula.error().message;
}

TEST(ParseFormula, NamesEachOperandOnce) {
  const auto formula = parse_formula("max(gpu_busy.replicas, queue / 10) + queue");
  ASSERT_TRUE(formula);
  ASSERT_EQ(formula->operands().size(), 2U);
  EXPECT_EQ(formula->operands()[0].signal, "gpu-busy");
  EXPECT_TRUE(formula->operands()[0].replicas);
  EXPECT_EQ(formula->operands()[0].position, 5U);
  EXPECT_EQ(formula->operands()[1].signal, "queue");
  EXPECT_FALSE(formula->operands()[1].replicas);
}

TEST(ParseFormula, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(error_of(""), "character 1: an expression is missing");
  EXPECT_EQ(error_of("  "), "character 3: an expression is missing");
  EXPECT_EQ(error_of("1 +"), "character 4: the formula ends where a value is expected");
  EXPECT_EQ(error_of("(1 + 2"),
            "character 7: ')' is missing: it closes the '(' of character 1");
  EXPECT_EQ(error_of("1 + )"), "character 5: a value is missing before ')'");
  EXPECT_EQ(error_of("1 )"), "character 3: this ')' closes nothing");
  EXPECT_EQ(error_of("mx(1)"),
            "character 1: unknown function 'mx'; known are min, max, clamp, abs, ceil, floor");
  EXPECT_EQ(error_of("clamp(1, 2)"),
            "character 1: 'clamp' takes 3 values: the value, the lowest, the highest");
  EXPECT_EQ(error_of("abs(1, 2)"), "character 1: 'abs' takes 1 values");
  EXPECT_EQ(error_of("a = 1"), "character 3: '=' assigns nothing here: compare with '=='");
  EXPECT_EQ(error_of("a & b"), "character 3: write '&&' for and, '||' for or");
  EXPECT_EQ(error_of("1 < a < 3"),
            "character 7: two values at a time are compared: join comparisons with '&&'");
  EXPECT_EQ(error_of("a ? 1"), "character 6: ':' is missing: a choice is written c ? a : b");
  EXPECT_EQ(error_of("a.value"),
            "character 3: a signal has a value, 'a', and 'a.replicas', nothing else");
  EXPECT_EQ(error_of("1e999"), "character 1: a number beyond all bounds");
  EXPECT_EQ(error_of("2queue").substr(0, 38), "character 1: a number runs into a name");
  EXPECT_EQ(error_of("'queue'").substr(0, 30), "character 1: quotes are not us");
  EXPECT_EQ(error_of("a \xC3\x97 b"), "character 3: a character that no formula has");
  EXPECT_EQ(error_of(std::string("a\0b", 3)), "character 2: a character that no formula has");
  EXPECT_EQ(error_of("a % 2").substr(0, 37), "character 3: '%' is not expected here");
}

TEST(ParseFormula, IsBounded) {
  EXPECT_EQ(error_of(std::string(1025, '1')), "is longer than 1024 characters: shorten it");
  EXPECT_NE(error_of(std::string(33, '(') + "1" + std::string(33, ')')).find("too deeply"),
            std::string::npos);
  EXPECT_EQ(error_of(std::string(31, '(') + "1" + std::string(31, ')')), "");
  EXPECT_EQ(error_of(std::string(1000, '-') + "1"), "");
  EXPECT_NE(error_of(std::string(1000, '(')).find("too deeply"), std::string::npos);
  std::string many = "a0";
  for (int i = 1; i < 33; ++i) many += "+a" + std::to_string(i);
  EXPECT_NE(error_of(many).find("more than 32 different values"), std::string::npos);
}

}  // namespace
}  // namespace poolscaler
