#include "formula.hpp"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace poolscaler::engine {
namespace {

FormulaValue value_of(const std::string& text, const std::vector<OperandValue>& operands = {}) {
  const auto formula = parse_formula(text);
  if (!formula) {
    ADD_FAILURE() << text << ": " << formula.error().message;
    return {.state = SignalState::Error};
  }
  return evaluate(*formula, operands);
}

double number_of(const std::string& text) {
  const auto result = value_of(text);
  EXPECT_TRUE(is_usable(result.state)) << text << ": " << result.problem;
  return result.value;
}

OperandValue known(double value) {
  return {.state = value == 0 ? SignalState::Zero : SignalState::Value, .value = value};
}
OperandValue lacking(SignalState state) { return {.state = state, .value = 0}; }

TEST(Formulas, ReckonWithTheUsualPrecedence) {
  EXPECT_EQ(number_of("1 + 2 * 3"), 7);
  EXPECT_EQ(number_of("(1 + 2) * 3"), 9);
  EXPECT_EQ(number_of("10 - 4 - 3"), 3);
  EXPECT_EQ(number_of("24 / 4 / 2"), 3);
  EXPECT_EQ(number_of("-2 * -3"), 6);
  EXPECT_EQ(number_of("- - 2"), 2);
  EXPECT_EQ(number_of("1e3 + .5"), 1000.5);
  EXPECT_EQ(number_of("1 + 1 == 2 && 3 > 2"), 1);
  EXPECT_EQ(number_of("0 || 1 && 0"), 0);
  EXPECT_EQ(number_of("1 || 1 && 0"), 1);
  EXPECT_EQ(number_of("5 && 7"), 1);
  EXPECT_EQ(number_of("!0 + !5"), 1);
}

TEST(Formulas, Compare) {
  EXPECT_EQ(number_of("2 < 2"), 0);
  EXPECT_EQ(number_of("2 <= 2"), 1);
  EXPECT_EQ(number_of("2 > 2"), 0);
  EXPECT_EQ(number_of("2 >= 2"), 1);
  EXPECT_EQ(number_of("2 == 2"), 1);
  EXPECT_EQ(number_of("2 != 2"), 0);
}

TEST(Formulas, Choose) {
  EXPECT_EQ(number_of("1 ? 2 : 3"), 2);
  EXPECT_EQ(number_of("0 ? 2 : 3"), 3);
  EXPECT_EQ(number_of("0 ? 1 : 0 ? 2 : 3"), 3);
  EXPECT_EQ(number_of("1 ? 0 ? 4 : 5 : 6"), 5);
}

TEST(Formulas, CallFunctions) {
  EXPECT_EQ(number_of("min(3, 1, 2)"), 1);
  EXPECT_EQ(number_of("max(3, 1, 4)"), 4);
  EXPECT_EQ(number_of("max(7)"), 7);
  EXPECT_EQ(number_of("clamp(12, 1, 10)"), 10);
  EXPECT_EQ(number_of("clamp(-1, 1, 10)"), 1);
  EXPECT_EQ(number_of("abs(-2.5) + ceil(1.2) + floor(1.8)"), 5.5);
  EXPECT_EQ(number_of("2 * max(1 + 1, min(9, 8) - 3) + 1"), 11);
}

TEST(Formulas, ReadOperandsInOrderOfAppearance) {
  EXPECT_EQ(value_of("queue / 10 + busy", {known(50), known(2)}).value, 7);
  EXPECT_EQ(value_of("queue + queue.replicas", {known(50), known(5)}).value, 55);
  EXPECT_EQ(value_of("queue - queue", {known(50)}).state, SignalState::Zero);
}

TEST(Formulas, GiveAStateWhereThereIsNoNumber) {
  const auto division = value_of("1 + 4 / (3 - 3)");
  EXPECT_EQ(division.state, SignalState::NotANumber);
  EXPECT_EQ(division.position, 7U);
  EXPECT_EQ(division.problem, "divides by zero");
  EXPECT_EQ(value_of("1e300 * 1e300").state, SignalState::NotANumber);
  EXPECT_EQ(value_of("clamp(1, 3, 2)").state, SignalState::NotANumber);
  EXPECT_EQ(value_of("max(a, 5)", {lacking(SignalState::Stale)}).state, SignalState::Stale);
  EXPECT_EQ(value_of("a * 0", {lacking(SignalState::Absent)}).state, SignalState::Absent);
  EXPECT_EQ(value_of("a ? 1 : 2", {lacking(SignalState::Error)}).state, SignalState::Error);
}

TEST(Formulas, MissOnlyWhatTheyReckonWith) {
  const auto absent = lacking(SignalState::Absent);
  EXPECT_EQ(value_of("1 ? 2 : a", {absent}).value, 2);
  EXPECT_EQ(value_of("0 && a", {absent}).state, SignalState::Zero);
  EXPECT_EQ(value_of("1 || a", {absent}).value, 1);
  EXPECT_EQ(value_of("0 || a", {absent}).state, SignalState::Absent);
}

TEST(Formulas, PutAnotherValueWhereOneIsMissing) {
  const auto absent = lacking(SignalState::Absent);
  EXPECT_EQ(value_of("a ?? 4", {absent}).value, 4);
  EXPECT_EQ(value_of("a ?? 4", {known(2)}).value, 2);
  EXPECT_EQ(value_of("a ?? b ?? 4", {absent, absent}).value, 4);
  EXPECT_EQ(value_of("a ?? b ?? 4", {absent, known(3)}).value, 3);
  EXPECT_EQ(value_of("10 + (1 + a ?? 4)", {absent}).value, 14);
  EXPECT_EQ(value_of("10 + (2 * (1 + (a / 0 ?? a)) ?? 4)", {known(3)}).value, 18);
  EXPECT_EQ(value_of("max(1, (a ?? 4), 2)", {absent}).value, 4);
  EXPECT_EQ(value_of("(a > 1 ? 5 : 6) ?? 7", {absent}).value, 7);
  EXPECT_EQ(value_of("(1 && (a ?? 0)) ?? 7", {absent}).state, SignalState::Zero);
  EXPECT_EQ(value_of("a ?? b", {absent, lacking(SignalState::Stale)}).state, SignalState::Stale);
}

TEST(Formulas, TakeNegativeZeroForZero) {
  EXPECT_EQ(value_of("-a", {known(0)}).state, SignalState::Zero);
}

TEST(Formulas, BearTheDeepestThatIsRead) {
  std::string text = "1";
  for (int i = 0; i < 20; ++i) text = "(" + text + " + (0 ?? 1))";
  EXPECT_EQ(number_of(text), 1);
  text = "1";
  for (int i = 0; i < 500; ++i) text += "+1";
  EXPECT_EQ(number_of(text), 501);
}

}  // namespace
}  // namespace poolscaler::engine
