// What a Prometheus would refuse as a regular expression, and where. That a real server agrees is
// shown in tests/contract/prometheus_law_test.cpp.
#include "poolscaler/domain/regex_syntax.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace poolscaler {
namespace {

std::string refusal(std::string_view text) {
  const auto fault = fault_of_regex(text);
  if (!fault) return "accepted";
  EXPECT_FALSE(fault->remedy.empty()) << text;
  return fmt::format("character {}: {}", fault->character, fault->problem);
}

TEST(RegexSyntax, TakesWhatRe2Takes) {
  for (const char* text :
       {"", "a", ".*", "a|b", "|", "a||b", "(a|b)+?", "(?:a*)*", "(?i)llama-3.*", "(?i-s:a)", "(?)",
        "a(?i)*", "(?P<name>a)", "(?<name>a)", "()", "()*", "^a$", "^*", "[a-z0-9_]+", "[]a]",
        "[^]a]", "[a-]", "[-a]", "[a\\-z]", "[\\d-z]", "[[:alpha:]]", "[[:^digit:]x]", "[[:alpha]",
        "[[a]", "a]", "}", "{", "a{", "a{,5}", "a{1", "a{1,x}", "a{01}", "a{2}", "a{2,}", "a{0,0}",
        "a{1000}", "(a{10}){100}", "(a{0}){1000}", "(a*){1000}", "\\.", "\\-", "\\_", "\\x2e",
        "\\x{1F600}", "\\012", "\\07", "\\0", "\\77", "\\a\\f\\n\\r\\t\\v", "\\A\\bx\\B\\z",
        "\\Q(\\E", "\\Q\\E", "a\\Q\\E*", "\\pL\\PN\\p{Greek}\\P{^Lu}", "\\d\\D\\s\\S\\w\\W",
        "[\\pL\\d]", "é+", "[à-é]", "(((((((((a)))))))))"})
    EXPECT_EQ(refusal(text), "accepted") << text;
}

TEST(RegexSyntax, NamesTheGroupThatIsNotBalanced) {
  EXPECT_EQ(refusal("a(b"), "character 2: '(' opens a group that nothing closes");
  EXPECT_EQ(refusal("(a|(b)"), "character 1: '(' opens a group that nothing closes");
  EXPECT_EQ(refusal("a)|(b"), "character 2: ')' closes a group that was never opened");
  EXPECT_EQ(refusal("éé)"), "character 3: ')' closes a group that was never opened");
  EXPECT_EQ(refusal("\\Q(a)"), "character 1: '\\Q' begins a quotation that nothing ends");
}

TEST(RegexSyntax, NamesTheRepetitionThatCannotBe) {
  EXPECT_EQ(refusal("*a"), "character 1: '*' repeats nothing");
  EXPECT_EQ(refusal("a|+"), "character 3: '+' repeats nothing");
  EXPECT_EQ(refusal("(?i)?"), "character 5: '?' repeats nothing");
  EXPECT_EQ(refusal("({2})"), "character 2: '{2}' repeats nothing");
  EXPECT_EQ(refusal("\\Q\\E*"), "character 5: '*' repeats nothing");
  EXPECT_EQ(refusal("a**"), "character 3: '*' repeats a repetition");
  EXPECT_EQ(refusal("a*??"), "character 4: '?' repeats a repetition");
  EXPECT_EQ(refusal("a{2}{3}"), "character 5: '{3}' repeats a repetition");
  EXPECT_EQ(refusal("a{1001}"), "character 2: '{1001}' repeats more than 1000 times");
  EXPECT_EQ(refusal("a{0,99999999999}"),
            "character 2: '{0,99999999999}' repeats more than 1000 times");
  EXPECT_EQ(refusal("a{3,2}"), "character 2: '{3,2}' has its least above its most");
  EXPECT_EQ(refusal("(a{10}|b){101}"),
            "character 10: '{101}' makes 1010 repetitions of what is within it, at most 1000 are "
            "read");
  EXPECT_EQ(refusal("(x(a{2,}){9}){60}"),
            "character 14: '{60}' makes 1080 repetitions of what is within it, at most 1000 are "
            "read");
}

TEST(RegexSyntax, NamesWhatOtherDialectsHave) {
  EXPECT_EQ(refusal("a(?=b)"), "character 2: '(?=' is a lookahead, which RE2 does not have");
  EXPECT_EQ(refusal("(?!canary).*"), "character 1: '(?!' is a lookahead, which RE2 does not have");
  EXPECT_EQ(refusal("(?<=a)b"), "character 1: '(?<=' is a lookbehind, which RE2 does not have");
  EXPECT_EQ(refusal("(?<!a)b"), "character 1: '(?<!' is a lookbehind, which RE2 does not have");
  EXPECT_EQ(refusal("(a)\\1"), "character 4: '\\1' refers back to a group, which RE2 cannot");
  EXPECT_EQ(refusal("(?>a)"), "character 1: '(?>' begins no group that RE2 knows");
  EXPECT_EQ(refusal("(?i"), "character 1: '(?i' begins no group that RE2 knows");
  EXPECT_EQ(refusal("(?x)"), "character 1: '(?x' begins no group that RE2 knows");
  EXPECT_EQ(refusal("(?i--s)"), "character 1: '(?i--' begins no group that RE2 knows");
  EXPECT_EQ(refusal("(?-)"), "character 1: '(?-)' begins no group that RE2 knows");
  EXPECT_EQ(refusal("(?P<a b>x)"), "character 1: '(?P<a b>' is no name of a group");
  EXPECT_EQ(refusal("(?P<a"), "character 1: '(?P<a' is no name of a group");
  EXPECT_EQ(refusal("(?P<>a)"), "character 1: '(?P<>' is no name of a group");
  EXPECT_EQ(refusal("(?P=a)"), "character 1: '(?P' begins no group that RE2 knows");
}

TEST(RegexSyntax, NamesTheClassThatIsBroken) {
  EXPECT_EQ(refusal("x[a-z"), "character 2: '[' opens a class that nothing closes");
  EXPECT_EQ(refusal("[]"), "character 1: '[' opens a class that nothing closes");
  EXPECT_EQ(refusal("[^]"), "character 1: '[' opens a class that nothing closes");
  EXPECT_EQ(refusal("[a-"), "character 1: '[' opens a class that nothing closes");
  EXPECT_EQ(refusal("[z-a]"), "character 2: 'z-a' is a range that runs backward");
  EXPECT_EQ(refusal("[é-a]"), "character 2: 'é-a' is a range that runs backward");
  EXPECT_EQ(refusal("[a-\\d]"), "character 4: '\\d' is no escape that RE2 knows");
  EXPECT_EQ(refusal("[[:letter:]]"), "character 2: '[:letter:]' is no class");
  EXPECT_EQ(refusal("\\pX"), "character 1: '\\pX' names no class of Unicode");
  EXPECT_EQ(refusal("\\p{}"), "character 1: '\\p{}' names no class of Unicode");
  EXPECT_EQ(refusal("\\p{Greek"), "character 1: '\\p{Greek' names no class of Unicode");
  EXPECT_EQ(refusal("\\p"), "character 1: '\\p' names no class of Unicode");
}

TEST(RegexSyntax, NamesTheEscapeThatMeansNothing) {
  EXPECT_EQ(refusal("a\\"), "character 2: '\\' stands at the end and escapes nothing");
  EXPECT_EQ(refusal("\\Z"), "character 1: '\\Z' is no escape that RE2 knows");
  EXPECT_EQ(refusal("\\C"), "character 1: '\\C' is no escape that RE2 knows");
  EXPECT_EQ(refusal("\\é"), "character 1: '\\é' is no escape that RE2 knows");
  EXPECT_EQ(refusal("[\\b]"), "character 2: '\\b' is no escape that RE2 knows");
  EXPECT_EQ(refusal("\\8"), "character 1: '\\8' refers back to a group, which RE2 cannot");
  EXPECT_EQ(refusal("\\xg"), "character 1: '\\x' is no code of a character");
  EXPECT_EQ(refusal("\\x{}"), "character 1: '\\x{' is no code of a character");
  EXPECT_EQ(refusal("\\x{110000}"), "character 1: '\\x{110000' is no code of a character");
  EXPECT_EQ(refusal("\\x{1F600"), "character 1: '\\x{1F600' is no code of a character");
}

}  // namespace
}  // namespace poolscaler
