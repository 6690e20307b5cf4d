#include "checked_reader.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "unit/api/policies.hpp"

namespace poolscaler {
namespace {

using nlohmann::json;

/// Values that a field may meet, the ugly ones among them.
json hostile_value(std::size_t depth) {
  switch (*rc::gen::inRange(0, depth == 0 ? 12 : 14)) {
    case 0: return nullptr;
    case 1: return *rc::gen::arbitrary<bool>();
    case 2: return *rc::gen::arbitrary<std::int64_t>();
    case 3: return *rc::gen::arbitrary<std::uint64_t>();
    case 4: return *rc::gen::arbitrary<double>();
    case 5: return *rc::gen::element(std::numeric_limits<double>::quiet_NaN(),
                                     std::numeric_limits<double>::infinity(), -0.0, 1e300);
    case 6: return *rc::gen::arbitrary<std::string>();  // often no valid UTF-8
    case 7:
      return *rc::gen::element<std::string>("NaN", "inf", "-1", "0.8", "1e9", "99999999999999999",
                                            "Automatic", "Max", "a", "\x80", "__name__");
    case 8: return std::string(*rc::gen::inRange<std::size_t>(0, 10'000), 'a');
    case 9: return *rc::gen::inRange(-2, 20);
    case 10: return json::array();
    case 11: return json::object();
    case 12: {
      json list = json::array();
      for (int i = *rc::gen::inRange(0, 20); i > 0; --i) list.push_back(hostile_value(depth - 1));
      return list;
    }
    default: {
      json object = json::object();
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
        object[*rc::gen::element<std::string>("name", "type", "value", "spec", "x\n", "policies")] =
            hostile_value(depth - 1);
      return object;
    }
  }
}

/// Puts a hostile value at a random place of `value`.
void disturb(json& value) {
  if (!value.is_structured() || value.empty() || *rc::gen::inRange(0, 5) == 0) {
    value = hostile_value(2);
    return;
  }
  auto place = value.begin();
  std::advance(place, *rc::gen::inRange<std::ptrdiff_t>(
                          0, static_cast<std::ptrdiff_t>(value.size())));
  disturb(*place);
}

json full_policy() {
  return api::with_defaults(api::Kind::ScalingPolicy,
                            policy_with("{fallback: {afterSeconds: 1, replicas: 1}}"));
}

void expect_sound(const std::vector<api::FieldError>& errors) {
  RC_ASSERT(errors.size() <= api::field_errors_max);
  for (const auto& error : errors) {
    RC_ASSERT(!error.path.empty());
    RC_ASSERT(!error.problem.empty());
    RC_ASSERT(!error.remedy.empty());
    RC_ASSERT(error.text().size() < 1000U);
    RC_ASSERT(error.text().find('\n') == std::string::npos);
  }
}

RC_GTEST_PROP(CheckedReader, AnswersAnyJsonWithoutThrowing, ()) {
  const auto object = hostile_value(4);
  for (const auto kind : api::all_kinds)
    expect_sound(api::errors_of(kind, object, api::UnknownFields::Report));
}

RC_GTEST_PROP(CheckedReader, AnswersADisturbedExampleOfAnyKindWithoutThrowing, ()) {
  for (const auto kind : api::all_kinds) {
    auto object = api::read_yaml(api::table_of(kind).example).value().at(0);
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) disturb(object["spec"]);
    const auto errors = api::errors_of(kind, object, api::UnknownFields::Tolerate);
    RC_ASSERT(errors.size() <= api::field_errors_max);
    for (const auto& error : errors)
      RC_ASSERT(!error.path.empty() && !error.problem.empty() && error.text().size() < 1000U);
    const auto completed = api::with_defaults(kind, object);
    RC_ASSERT(api::errors_of(kind, completed, api::UnknownFields::Tolerate).empty() ==
              errors.empty());
  }
}

RC_GTEST_PROP(CheckedReader, AnswersADisturbedPolicyWithoutThrowing, ()) {
  auto policy = full_policy();
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) disturb(policy);
  const auto read = api::read_scaling_policy(policy, api::UnknownFields::Report);
  if (!read) {
    RC_ASSERT(!read.error().empty());
    expect_sound(read.error());
  } else {
    RC_ASSERT(read->min_replicas >= 0);
    RC_ASSERT(read->min_replicas <= read->max_replicas);
    RC_ASSERT(!read->signals.empty());
    for (const auto& signal : read->signals) RC_ASSERT(signal.target > 0);
  }
}

RC_GTEST_PROP(CheckedReader, AcceptsTheSameWithAndWithoutDefaultsFilledIn, ()) {
  auto policy = policy_with();
  disturb(policy);
  const auto completed = api::with_defaults(api::Kind::ScalingPolicy, policy);
  const auto is_accepted = [](const json& object) {
    return api::read_scaling_policy(object).has_value();
  };
  RC_ASSERT(is_accepted(policy) == is_accepted(completed));
}

TEST(CheckedReader, ReadsWholeNumbersHoweverTheyAreWritten) {
  for (const auto* text : {"20", "20.0", "2e1"}) {
    auto policy = policy_with();
    policy["spec"]["maxReplicas"] = json::parse(text);
    const auto read = api::read_scaling_policy(policy);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->max_replicas, 20);
  }
}

TEST(CheckedReader, SaysOfEveryHugeNumberThatItIsTooLarge) {
  for (const auto* text : {"100001", "9223372036854775808", "18446744073709551615", "1e30"}) {
    auto policy = policy_with();
    policy["spec"]["maxReplicas"] = json::parse(text);
    const auto read = api::read_scaling_policy(policy);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error()[0].problem, "must be at most 100000") << text;
  }
}

TEST(CheckedReader, CountsCharactersAndNotBytes) {
  const auto with_value = [](const std::string& value) {
    auto policy = policy_with();
    policy["spec"]["signals"][0]["metric"]["matchers"] = {{{"label", "a"}, {"value", value}}};
    return api::errors_of(api::Kind::ScalingPolicy, policy, api::UnknownFields::Report);
  };
  std::string value;
  for (int i = 0; i < 256; ++i) value += "\xC3\xA4";
  EXPECT_TRUE(with_value(value).empty());
  EXPECT_FALSE(with_value(value + "a").empty());
  EXPECT_FALSE(with_value("\xFF").empty());
}

TEST(Shown, IsOneShortLine) {
  EXPECT_EQ(api::shown(json("a\nb")), "\"a\\nb\"");
  EXPECT_EQ(api::shown(json({1, 2})), "a list of 2");
  EXPECT_EQ(api::shown(json::object()), "an object");
  EXPECT_EQ(api::shown(json(std::numeric_limits<double>::quiet_NaN())), "nan");
  EXPECT_LE(api::shown(json(std::string(9000, 'x'))).size(), 70U);
}

}  // namespace
}  // namespace poolscaler
