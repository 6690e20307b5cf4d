#include "poolscaler/explain/account.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"

namespace poolscaler::explain {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string title_of(const Step& step) {
  return step.subject.empty() ? std::string(step.stage)
                              : fmt::format("{} '{}'", step.stage, step.subject);
}

std::string change_of(const Step& step) {
  return step.before == step.after ? fmt::format("{}", step.after)
                                   : fmt::format("{} -> {}", step.before, step.after);
}

/// Nobody should read a number as measured that was not: ", with 'errors' absent and so 0".
std::string taken_as_zero(const std::vector<Step>& steps) {
  std::string names;
  for (const auto& step : steps)
    if (step.reason == Reason::AbsentIsZero)
      names += fmt::format("{}'{}'", names.empty() ? "" : ", ", step.subject);
  return names.empty() ? names : fmt::format(", with {} absent and so 0", names);
}

std::string_view word_of(Trend direction) { return direction == Trend::Up ? "up" : "down"; }

std::string_view name_of(Lever lever) {
  switch (lever) {
    case Lever::Signal: return "Signal";
    case Lever::Data: return "Data";
    case Lever::Readiness: return "Readiness";
    case Lever::Bound: return "Bound";
    case Lever::Window: return "Window";
    case Lever::Rates: return "Rates";
    case Lever::Tolerance: return "Tolerance";
    case Lever::IdleTime: return "IdleTime";
    case Lever::Grace: return "Grace";
    case Lever::Forecast: return "Forecast";
    case Lever::KeepAlive: return "KeepAlive";
    case Lever::Schedule: return "Schedule";
    case Lever::Pause: return "Pause";
    case Lever::Mode: return "Mode";
    case Lever::Grant: return "Grant";
    case Lever::Wait: return "Wait";
  }
  return "";
}

OrderedJson json_of(const WhyNot& answer) {
  OrderedJson ways = OrderedJson::array();
  for (const auto& way : answer.ways) {
    OrderedJson changes = OrderedJson::array();
    for (const auto& change : way)
      changes.push_back({{"lever", name_of(change.lever)},
                         {"amount", change.amount},
                         {"text", change.text}});
    ways.push_back(changes);
  }
  return {{"direction", word_of(answer.direction)},
          {"happens", answer.happens ? OrderedJson(*answer.happens) : OrderedJson()},
          {"triedValues", answer.tried_values},
          {"ways", ways}};
}

}  // namespace

Account account_of(const Situation& situation, const Decision& decision) {
  const auto& target = situation.policy.target;
  return {.policy = {},
          .target = target.text(),
          .time = situation.now,
          .current = decision.current,
          .desired = decision.desired,
          .recommended = decision.recommended,
          .reason = std::string(name_of(decision.reason)),
          .message = decision.explanation.line(),
          .steps = decision.explanation.steps};
}

std::string text_of(const Account& account) {
  std::string text = fmt::format("{}: {} at {}, {} because {}{}\n", account.policy, account.target,
                                 to_rfc3339(account.time),
                                 account.desired == account.current
                                     ? fmt::format("stays at {}", account.current)
                                     : fmt::format("{} -> {}", account.current, account.desired),
                                 account.reason, taken_as_zero(account.steps));
  if (account.recommended != account.desired)
    text += fmt::format("in mode Automatic it would be {}\n", account.recommended);
  std::size_t titles = 0;
  std::size_t changes = 0;
  for (const auto& step : account.steps) {
    titles = std::max(titles, title_of(step).size());
    changes = std::max(changes, change_of(step).size());
  }
  int number = 0;
  for (const auto& step : account.steps)
    text += fmt::format("  {:>2}  {:<{}}  {:>{}}  {}{}{}\n", ++number, title_of(step), titles,
                        change_of(step), changes, name_of(step.reason),
                        step.numbers.empty() ? "" : ": ", step.numbers);
  if (account.steps.empty()) text += fmt::format("  {}\n", account.message);
  for (const auto& note : account.notes) text += fmt::format("note: {}\n", note);
  for (const auto& answer : account.why_nots) text += "\n" + text_of(answer);
  return text;
}

std::string json_of(const Account& account) {
  OrderedJson steps = OrderedJson::array();
  for (const auto& step : account.steps)
    steps.push_back({{"stage", step.stage},
                     {"subject", step.subject},
                     {"before", step.before},
                     {"after", step.after},
                     {"reason", name_of(step.reason)},
                     {"numbers", step.numbers}});
  OrderedJson why_nots = OrderedJson::array();
  for (const auto& answer : account.why_nots) why_nots.push_back(json_of(answer));
  const OrderedJson json = {{"policy", account.policy},
                            {"target", account.target},
                            {"time", to_rfc3339(account.time)},
                            {"current", account.current},
                            {"desired", account.desired},
                            {"recommended", account.recommended},
                            {"reason", account.reason},
                            {"message", account.message},
                            {"steps", steps},
                            {"notes", account.notes},
                            {"whyNot", why_nots}};
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace poolscaler::explain
