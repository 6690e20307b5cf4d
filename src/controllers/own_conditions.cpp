#include "own_conditions.hpp"

#include <algorithm>

#include "poolscaler/base/text.hpp"

namespace poolscaler::controllers {
namespace {

constexpr std::size_t condition_bytes_max = 1024;

}  // namespace

const api::Condition* find_condition(const std::vector<api::Condition>& conditions,
                                     std::string_view type) {
  const auto found = std::ranges::find(conditions, type, &api::Condition::type);
  return found == conditions.end() ? nullptr : &*found;
}

void Conditions::add(std::string_view type, bool is_true, Reason reason,
                     std::string_view message) {
  const auto status = is_true ? api::ConditionStatus::True : api::ConditionStatus::False;
  const auto* before = find_condition(before_, type);
  const bool kept = before != nullptr && before->status == status;
  out_.push_back(
      {.type = std::string(type),
       .status = status,
       .reason = reason,
       .message = message.empty() ? std::string(text_of(reason))
                                  : capped(escaped(message), condition_bytes_max),
       .observed_generation = generation_,
       .last_transition = kept ? before->last_transition : now_});
}

bool say_the_same(const std::vector<api::Condition>& a, const std::vector<api::Condition>& b) {
  return std::ranges::equal(a, b, [](const api::Condition& one, const api::Condition& other) {
    return one.type == other.type && one.status == other.status && one.reason == other.reason &&
           one.observed_generation == other.observed_generation &&
           without_digits(one.message) == without_digits(other.message);
  });
}

bool same_messages(const std::vector<api::Condition>& a, const std::vector<api::Condition>& b) {
  return std::ranges::equal(a, b, {}, &api::Condition::message, &api::Condition::message);
}

}  // namespace poolscaler::controllers
