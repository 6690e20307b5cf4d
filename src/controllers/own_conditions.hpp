// Conditions of pools and budgets, which keep the time of their last transition.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/api/objects.hpp"

namespace poolscaler::controllers {

class Conditions {
 public:
  Conditions(const std::vector<api::Condition>& before, std::int64_t generation, Instant now)
      : before_(before), generation_(generation), now_(now) {}

  /// The reason's own text stands for an empty message.
  void add(std::string_view type, bool is_true, Reason reason, std::string_view message = {});
  [[nodiscard]] std::vector<api::Condition> take() { return std::move(out_); }

 private:
  const std::vector<api::Condition>& before_;
  std::int64_t generation_;
  Instant now_;
  std::vector<api::Condition> out_;
};

/// Null when there is none of that type.
[[nodiscard]] const api::Condition* find_condition(const std::vector<api::Condition>& conditions,
                                                   std::string_view type);
/// Statuses, reasons and words; numbers and times in the words are not compared.
[[nodiscard]] bool say_the_same(const std::vector<api::Condition>& a,
                                const std::vector<api::Condition>& b);
/// To the last digit.
[[nodiscard]] bool same_messages(const std::vector<api::Condition>& a,
                                 const std::vector<api::Condition>& b);

}  // namespace poolscaler::controllers
