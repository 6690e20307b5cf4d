#include "expression.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace poolscaler::query {
namespace {

struct Row {
  const char* expression;
  std::vector<const char*> matched;
  std::vector<const char*> others;
};

TEST(Expression, MatchesTheWholeText) {
  for (const auto& [text, matched, others] : std::vector<Row>{
           {"", {""}, {"a"}},
           {"a", {"a"}, {"", "aa", "ba", "ab"}},
           {"a|bc|", {"a", "bc", ""}, {"abc", "b"}},
           {"web-.*", {"web-", "web-1"}, {"web", "my-web-1", "web-\n"}},
           {"a+b?", {"a", "ab", "aaab"}, {"b", "", "abb"}},
           {"(ab)*", {"", "ab", "abab"}, {"a", "aba"}},
           {"(?:ab|c)+", {"ab", "cab"}, {"", "b"}},
           {"a{2}", {"aa"}, {"a", "aaa"}},
           {"a{2,}", {"aa", "aaaaa"}, {"a"}},
           {"a{1,3}", {"a", "aaa"}, {"", "aaaa"}},
           {"(a*)*", {"", "aaa"}, {"b"}},
           {"(a{0,3}){2}b", {"b", "aaaaaab"}, {"aaaaaaab"}},
           {"a{,2}", {"a{,2}"}, {"aa"}},
           {"a{x}", {"a{x}"}, {"a"}},
           {"[a-c]", {"a", "b", "c"}, {"d", "-", ""}},
           {"[^a-c]", {"d", "\n", "é"}, {"a"}},
           {"[]a]", {"]", "a"}, {"b"}},
           {"[a-]", {"a", "-"}, {"b"}},
           {"[\\d-z]", {"5", "-", "z"}, {"y"}},
           {"[\\]\\\\]", {"]", "\\"}, {"a"}},
           {"[[]", {"["}, {"a"}},
           {"\\d+\\.\\d+", {"1.5", "10.25"}, {"1x5", "1."}},
           {"\\w\\W\\s\\S\\D", {"a- ba"}, {"---ba", "a-xba"}},
           {"^a$", {"a"}, {"^a$"}},
           {"a^b", {}, {"ab", "a^b"}},
           {"(^a|b$)c?", {"a", "b", "ac"}, {"bc"}},
           {"a*?b", {"b", "aab"}, {"a"}},
           {"é.", {"éà"}, {"é", "éàa"}},
           {"a]b}", {"a]b}"}, {"ab"}},
           {"\\n\\t\\_\\-", {"\n\t_-"}, {"nt_-"}}}) {
    const auto expression = Expression::compile(text);
    ASSERT_TRUE(expression) << text << ": " << expression.error().message;
    for (const auto* one : matched) EXPECT_TRUE(expression->matches(one)) << text << " " << one;
    for (const auto* one : others) EXPECT_FALSE(expression->matches(one)) << text << " " << one;
  }
}

TEST(Expression, RefusesWhatIsBrokenOrNotKnown) {
  for (const auto* text :
       {"(", ")", "(a", "a)", "[", "[]", "[a", "[^]", "*", "+a", "?", "a|*", "(*)", "a**", "a*+",
        "a{2}{3}", "{2}", "a{3,2}", "a{1001}", "\\", "a\\", "[b-a]", "[a-\\d]", "(?i)a", "(?P<n>a)",
        "(?=a)", "\\pL", "\\bword", "\\A", "\\x41", "\\1", "(a)\\1", "[[:alpha:]]", "\\Qa\\E"})
    EXPECT_FALSE(Expression::compile(text)) << text;
}

TEST(Expression, IsBoundedInTimeAndSize) {
  EXPECT_FALSE(Expression::compile("((((a{1000}){1000}){1000}){1000})"));
  EXPECT_FALSE(Expression::compile("(((((){1000}){1000}){1000}){1000}){1000}"));
  EXPECT_FALSE(Expression::compile(std::string(10'000, '(')));
  // What takes a backtracking matcher longer than the universe is old.
  const auto evil = Expression::compile("(a*)*(a|aa)+(a|a?)+b");
  ASSERT_TRUE(evil);
  EXPECT_FALSE(evil->matches(std::string(2000, 'a')));
}

RC_GTEST_PROP(Expression, NeverThrowsOnAnyText, ()) {
  std::string text;
  for (int n = *rc::gen::inRange(0, 20); n > 0; --n)
    text += *rc::gen::element<std::string>("a", "b", "(", ")", "[", "]", "{", "}", "1", ",", "*",
                                           "+", "?", "|", "\\", "^", "$", "-", ".", "d", "\xc3");
  if (const auto expression = Expression::compile(text)) (void)expression->matches("aab1");
}

}  // namespace
}  // namespace poolscaler::query
