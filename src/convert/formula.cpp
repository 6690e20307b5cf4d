// Formulas: KEDA's scalingModifiers in our words, and what else must be said with one.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "draft.hpp"
#include "poolscaler/domain/formula.hpp"

namespace poolscaler::convert {
namespace {

using nlohmann::json;

bool opens_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A signal's name, as a formula speaks of it.
std::string written(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

/// Copies a formula word by word.
class Translation {
 public:
  Translation(std::string_view text,
              const std::map<std::string, std::string, std::less<>>& signals)
      : text_(text), signals_(signals) {}

  Result<std::string> run() {
    while (at_ < text_.size()) {
      const auto begin = at_;
      const char c = text_[at_++];
      if (opens_name(c)) {
        while (at_ < text_.size() && (opens_name(text_[at_]) || is_digit(text_[at_]))) ++at_;
        if (auto problem = take_name(text_.substr(begin, at_ - begin)); !problem.empty())
          return fail(ErrorKind::InvalidInput,
                      fmt::format("character {}: {}", begin + 1, problem));
      } else if (is_digit(c) || c == '.') {
        take_number(begin);
      } else {
        out_ += c;
      }
    }
    if (const auto formula = parse_formula(out_); !formula) return fail(formula.error());
    return out_;
  }

 private:
  /// Digits with their point and exponent; the formula's own parser judges them.
  void take_number(std::size_t begin) {
    const auto goes_on = [&] {
      const char c = text_[at_];
      const char before = text_[at_ - 1];
      const bool sign = (c == '-' || c == '+') && (before == 'e' || before == 'E');
      return is_digit(c) || c == '.' || c == 'e' || c == 'E' || sign;
    };
    while (at_ < text_.size() && goes_on()) ++at_;
    out_ += text_.substr(begin, at_ - begin);
  }

  [[nodiscard]] bool opens_call() const {
    const auto next = text_.find_first_not_of(" \t\r\n", at_);
    return next != std::string_view::npos && text_[next] == '(';
  }

  std::string take_name(std::string_view name) {
    const std::map<std::string_view, std::string_view> words{
        {"and", "&&"}, {"or", "||"}, {"not", "!"}, {"true", "1"}, {"false", "0"}};
    if (const auto word = words.find(name); word != words.end()) {
      out_ += word->second;
    } else if (opens_call()) {
      if (name != "float") out_ += name;  // every number is one here
    } else if (const auto signal = signals_.find(name); signal != signals_.end()) {
      out_ += written(signal->second);
    } else {
      return fmt::format("'{}' is the name of no trigger that became a signal", name);
    }
    return {};
  }

  std::string_view text_;
  const std::map<std::string, std::string, std::less<>>& signals_;
  std::size_t at_ = 0;
  std::string out_;
};

bool reads(std::string_view formula, const json& signal) {
  const auto parsed = parse_formula(formula);
  return parsed && std::ranges::any_of(parsed->operands(), [&](const FormulaOperand& operand) {
           return signal["name"] == operand.signal;
         });
}

std::string asked_by(const json& signal) {
  return fmt::format("{}.replicas ?? 0", written(signal["name"].get<std::string>()));
}

/// What else counts beside the formula of KEDA: what the pods' resources ask for, and the least of
/// an active target. Both are replicas, so they count as so many times the target of each.
std::string with_others(const Draft& draft, std::string formula, const std::string& target) {
  std::string others;
  for (const auto& signal : draft.spec["signals"])
    if (signal.contains("resource")) others += fmt::format(", ({}) * {}", asked_by(signal), target);
  if (draft.least_active > 0) others += fmt::format(", {} * {}", draft.least_active, target);
  return others.empty() ? formula : fmt::format("max({}{})", formula, others);
}

void name_lost_others(Draft& draft, const std::string& path) {
  for (const auto& signal : draft.spec["signals"])
    if (signal.contains("resource"))
      draft.say(Severity::Lost, path,
                fmt::format("has metricType Value, beside which signal '{}' asks for nothing",
                            signal["name"].get<std::string>()),
                "use metricType AverageValue, or a policy whose signals stand alone");
  if (draft.least_active > 0)
    draft.say(Severity::Lost, path,
              fmt::format("has metricType Value, beside which an active target cannot be kept at "
                          "{} replicas",
                          draft.least_active),
              "raise `minReplicas`, which ends scale to zero, or use metricType AverageValue");
}

/// What the triggers say of their targets counts no more.
void drop_targets(Draft& draft, const std::string& formula) {
  auto& signals = draft.spec["signals"];
  for (std::size_t i = 0; i < signals.size(); ++i) {
    if (!reads(formula, signals[i])) continue;
    signals[i].erase("target");
    for (const auto* field : {"value", "type"})
      if (const auto from = draft.origins.find(fmt::format("spec.signals[{}].target.{}", i, field));
          from != draft.origins.end())
        draft.say(Severity::Said, from->second.path,
                  "counts for nothing beside `scalingModifiers`, as in KEDA, and was left out",
                  "`formula.target` is the target");
  }
}

void set_formula(Draft& draft, const std::string& expression, const std::string& type,
                 const std::string& target) {
  draft.spec["combine"] = "Formula";
  draft.spec["formula"] = {{"expression", expression},
                           {"target", {{"type", type}, {"value", target}}}};
}

}  // namespace

Result<std::string> formula_from_keda(
    std::string_view text, const std::map<std::string, std::string, std::less<>>& signals) {
  return Translation(text, signals).run();
}

void read_scaling_modifiers(ObjectReader modifiers, Draft& draft) {
  draft.remember("spec.formula", modifiers.path());
  draft.remember("spec.formula.expression", modifiers.path_of("formula"));
  draft.remember("spec.formula.target", modifiers.path_of("target"));
  const auto text = modifiers.required_text("formula", "(trigger_one + trigger_two) / 2");
  const auto type = modifiers.text("metricType").value_or("AverageValue");
  if (type != "AverageValue" && type != "Value")
    modifiers.refuse("metricType", "must be AverageValue or Value");
  if (!modifiers.has("target"))
    draft.say(Severity::Invalid, modifiers.path_of("target"), "is required", "for example \"10\"");
  const auto target = modifiers.quantity("target").value_or("1");
  modifiers.note(Severity::Lost, "activationTarget",
                 "has no counterpart: a target is active while one of its signals is above its own "
                 "`activation.above`",
                 "set `activation.above` of the signals, 0 unless set");
  const auto formula = formula_from_keda(text, draft.signal_of_trigger);
  if (!text.empty() && !formula)
    modifiers.note(Severity::Lost, "formula",
                   fmt::format("is not converted ({}); the triggers became signals of their own, "
                               "of which the largest wish counts",
                               formula.error().message),
                   "write `combine: Formula` and `formula.expression` over the signals by hand");
  modifiers.finish();
  if (text.empty() || !formula) return;
  drop_targets(draft, *formula);
  const bool total = type == "Value";
  if (total) name_lost_others(draft, modifiers.path_of("metricType"));
  set_formula(draft, total ? *formula : with_others(draft, *formula, plain_decimal(target)),
              total ? "Total" : "PerReplica", target);
  draft.say(Severity::Differs, modifiers.path_of("formula"),
            "decides how many replicas there are; that the target is active at all is decided by "
            "the triggers, each above its own activation, and not by the result",
            "set `activation.above` of the signals to what should wake the target");
}

void keep_least_active(Draft& draft) {
  if (draft.least_active <= 0 || draft.spec.contains("formula")) return;
  std::string asked;
  for (const auto& signal : draft.spec["signals"]) asked += asked_by(signal) + ", ";
  if (asked.empty()) return;
  draft.spec["combine"] = "Formula";
  draft.spec["formula"] = {{"expression", fmt::format("max({}{})", asked, draft.least_active)}};
}

}  // namespace poolscaler::convert
