// Account: one decision told step by step, for a terminal or as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "poolscaler/domain/decision.hpp"
#include "poolscaler/explain/why_not.hpp"

namespace poolscaler::explain {

struct Account {
  std::string policy;  // "shop/llm"
  std::string target;  // "Deployment llm"
  Instant time;
  std::int32_t current = 0;
  std::int32_t desired = 0;
  std::int32_t recommended = 0;
  std::string reason;   // the word; its text when it is one of the catalogue
  std::string message;  // one line
  std::vector<Step> steps{};
  std::vector<std::string> notes{};  // on how it was found out
  std::vector<WhyNot> why_nots{};
};

/// Of a decision that was just taken.
[[nodiscard]] Account account_of(const Situation& situation, const Decision& decision);

[[nodiscard]] std::string text_of(const Account& account);
/// One JSON object, indented.
[[nodiscard]] std::string json_of(const Account& account);

}  // namespace poolscaler::explain
