// Selectors: which objects a list, a watch or a workload means. Label selectors as text and as
// LabelSelector objects; field selectors for the fields that a real server indexes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api_error.hpp"
#include "catalog.hpp"

namespace poolscaler::simulation {

struct Requirement {
  enum class Operator { In, NotIn, Exists, DoesNotExist };
  std::string key;
  Operator op;
  std::vector<std::string> values{};
};

class LabelSelector {
 public:
  LabelSelector() = default;
  /// "app=web,tier in (a, b),!canary".
  static Outcome<LabelSelector> parse(std::string_view text);
  /// matchLabels and matchExpressions; one without any selects everything.
  static LabelSelector of(const nlohmann::json& selector);

  [[nodiscard]] bool empty() const { return requirements_.empty(); }
  /// `labels` is metadata.labels.
  [[nodiscard]] bool matches(const nlohmann::json& labels) const;
  [[nodiscard]] bool matches_object(const nlohmann::json& object) const;
  /// As text, in the order of keys: the selector of a scale.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Requirement> requirements_;
};

class FieldSelector {
 public:
  FieldSelector() = default;
  /// "metadata.name=web,status.phase!=Failed". Errors: 400 for a field that this kind does not
  /// index.
  static Outcome<FieldSelector> parse(std::string_view text, const Kind& kind);

  [[nodiscard]] bool empty() const { return terms_.empty(); }
  [[nodiscard]] bool matches(const nlohmann::json& object) const;

 private:
  struct Term {
    std::string pointer;
    std::string value;
    bool equal;
  };
  std::vector<Term> terms_;
};

}  // namespace poolscaler::simulation
