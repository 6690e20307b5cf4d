// Label selectors, as the scale subresource prints them ("app=web,tier in (a,b),!canary") and as
// workloads carry them (matchLabels and matchExpressions). An empty selector selects nothing here:
// a target that does not say which pods are its own has none that we may count.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/result.hpp"

namespace poolscaler::controllers {

using Labels = std::map<std::string, std::string, std::less<>>;

enum class SelectorOperator { In, NotIn, Exists, DoesNotExist };

struct Requirement {
  std::string key;
  SelectorOperator op;
  std::vector<std::string> values{};  // of In and NotIn, sorted
  bool operator==(const Requirement&) const = default;
};

class Selector {
 public:
  Selector() = default;
  explicit Selector(std::vector<Requirement> requirements);

  [[nodiscard]] bool matches(const Labels& labels) const;
  [[nodiscard]] bool empty() const { return requirements_.empty(); }
  [[nodiscard]] const std::vector<Requirement>& requirements() const { return requirements_; }
  /// The form of kubectl's -l.
  [[nodiscard]] std::string text() const;
  bool operator==(const Selector&) const = default;

 private:
  std::vector<Requirement> requirements_;
};

/// Errors: InvalidInput. At most 8 KiB.
[[nodiscard]] Result<Selector> parse_selector(std::string_view text);
/// A LabelSelector object. What has another shape than the API allows selects nothing.
[[nodiscard]] Selector read_selector(const nlohmann::json& label_selector);

}  // namespace poolscaler::controllers
