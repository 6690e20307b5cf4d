#include "portions.hpp"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "poolscaler/query/rendered.hpp"
#include "words.hpp"

namespace poolscaler::query {
namespace {

RC_GTEST_PROP(Portions, HoldEveryTupleOnceWithinTheLimits, ()) {
  const std::vector<std::string> words{"a", "b", "c", "d", "e", "f.g", "h", "i", "jjjjjjjj", "k"};
  const auto any_word = [&] {
    return std::string_view(words[*rc::gen::inRange<std::size_t>(0, words.size())]);
  };
  const PortionLimits limits{.values_max = *rc::gen::inRange<std::size_t>(1, 5),
                             .groups_max = *rc::gen::inRange<std::size_t>(1, 12),
                             .bytes_max = *rc::gen::inRange<std::size_t>(2, 40)};
  std::set<std::vector<std::string_view>> wanted;
  for (int n = *rc::gen::inRange(0, 60); n > 0; --n)
    wanted.insert({any_word(), any_word()});
  std::vector<Tuple> tuples;
  for (const auto& values : wanted) tuples.push_back({.values = values, .waiting = {}});

  std::set<const Tuple*> seen;
  for (const auto& portion : portions_of(tuples, limits)) {
    RC_ASSERT(!portion.empty());
    std::size_t groups = 1;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      std::set<std::string_view> values;
      for (const Tuple* tuple : portion) values.insert(tuple->values[i]);
      groups *= values.size();
      for (const auto value : values) bytes += rendered_bytes(value);
      RC_ASSERT(portion.size() == 1 || values.size() <= limits.values_max);
    }
    RC_ASSERT(portion.size() == 1 || (groups <= limits.groups_max && bytes <= limits.bytes_max));
    for (const Tuple* tuple : portion) RC_ASSERT(seen.insert(tuple).second);
  }
  RC_ASSERT(seen.size() == tuples.size());
}

RC_GTEST_PROP(Portions, KnowHowLongAValueBecomes, ()) {
  std::string value;
  for (int n = *rc::gen::inRange(0, 20); n > 0; --n)
    value += *rc::gen::element<std::string>("a", ".", "\\", "\"", "\n", "\t", "\x01", "\x7f",
                                             "|", "é");
  RC_ASSERT(rendered_bytes(value) == query::quoted(regex_literal(value)).size() - 2 + 1);
}

}  // namespace
}  // namespace poolscaler::query
