// The lines of a story that write its policy, and the past of its signals.

#include <algorithm>
#include <memory>
#include <random>
#include <stdexcept>

#include <fmt/format.h>

#include "poolscaler/api/time_zones.hpp"
#include "poolscaler/engine/forecast.hpp"
#include "story.hpp"

namespace poolscaler::scenarios {

void Story::set_policy(const Words& words) {
  for (const auto& word : words) {
    if (word.name == "min") policy_.min_replicas = whole(word);
    else if (word.name == "max") policy_.max_replicas = whole(word);
    else if (word.name == "interval") policy_.interval_seconds = whole(word);
    else if (word.name == "mode")
      policy_.mode = one_of<Mode>(word, {{"Automatic", Mode::Automatic},
                                         {"Recommend", Mode::Recommend},
                                         {"Paused", Mode::Paused}});
    else if (word.name == "pause-up") policy_.pause.scale_up = word.value == "yes";
    else if (word.name == "pause-down") policy_.pause.scale_down = word.value == "yes";
    else if (word.name == "combine")
      policy_.combine = one_of<Combine>(word, {{"Max", Combine::Max}, {"Min", Combine::Min}});
    else if (word.name == "formula") set_formula(word);
    else if (word.name == "formula-per-replica") {
      policy_.formula.value().target_type = TargetType::PerReplica;
      policy_.formula.value().target = number_of(word);
    }
    else if (word.name == "idle-after") policy_.scale_to_zero.idle_after_seconds = whole(word);
    else if (word.name == "keep-alive")
      policy_.scale_to_zero.keep_alive = one_of<KeepAlive>(
          word, {{"Fixed", KeepAlive::Fixed}, {"Learned", KeepAlive::Learned}});
    else if (word.name == "miss") policy_.scale_to_zero.replica_seconds_per_miss = whole(word);
    else if (word.name == "expected-cold-start")
      policy_.scale_to_zero.expected_cold_start_seconds = whole(word);
    else if (word.name == "grace") policy_.scale_to_zero.grace_seconds = whole(word);
    else if (word.name == "forecast")
      policy_.forecast = one_of<ForecastMode>(word, {{"Off", ForecastMode::Off},
                                                     {"Shadow", ForecastMode::Shadow},
                                                     {"On", ForecastMode::On}});
    else if (word.name == "fallback-after")
      policy_.fallback = Fallback{.after_seconds = whole(word), .replicas = 1};
    else if (word.name == "fallback-replicas") policy_.fallback.value().replicas = whole(word);
    else if (word.name == "fallback-behavior")
      policy_.fallback.value().behavior = one_of<FallbackBehavior>(
          word, {{"Static", FallbackBehavior::Static},
                 {"AtLeast", FallbackBehavior::AtLeast},
                 {"AtMost", FallbackBehavior::AtMost}});
    else not_understood(word);
  }
}

/// After its signals.
void Story::set_formula(const Word& word) {
  auto formula = parse_formula(word.value);
  if (!formula) throw std::invalid_argument(word.value + ": " + formula.error().message);
  policy_.combine = Combine::Formula;
  auto& rule = policy_.formula.emplace(
      CombiningFormula{.formula = *std::move(formula), .signal_of_operand = {}});
  for (const auto& operand : rule.formula.operands()) {
    const auto signal = std::ranges::find(policy_.signals, operand.signal, &Signal::name);
    if (signal == policy_.signals.end()) not_understood(word);
    rule.signal_of_operand.push_back(static_cast<std::size_t>(signal - policy_.signals.begin()));
  }
}

void Story::set_signal(const Words& words) {
  Signal signal{.name = words.at(0).name,
                .source = "prometheus",
                .query = MetricSelector{.metric = words.at(0).name},
                .target_type = TargetType::PerReplica,
                .target = 1};
  for (const auto& word : std::vector(words.begin() + 1, words.end())) {
    static const std::map<std::string, TargetType> types = {
        {"per-replica", TargetType::PerReplica},
        {"total", TargetType::Total},
        {"utilization", TargetType::Utilization}};
    if (const auto type = types.find(word.name); type != types.end()) {
      signal.target_type = type->second;
      signal.target = number_of(word);
    } else if (word.name == "steps") {
      read_steps(signal, word);
    } else if (word.name == "value") {
      signal.target_type = TargetType::None;
    } else if (word.name == "pods") {
      signal.query = PodResource{
          .resource = one_of<Resource>(
              word, {{"cpu", Resource::Cpu}, {"memory", Resource::Memory}})};
    } else if (word.name == "activation") {
      signal.activation_above = number_of(word);
    } else if (word.name == "tolerance") {
      signal.tolerance_up = signal.tolerance_down = number_of(word);
    } else if (word.name == "on-missing") {
      signal.on_missing = one_of<OnMissing>(word, {{"Hold", OnMissing::Hold},
                                                   {"Fallback", OnMissing::Fallback},
                                                   {"Zero", OnMissing::Zero}});
    } else {
      not_understood(word);
    }
  }
  readings_[signal.name] = {.state = SignalState::Zero};
  policy_.signals.push_back(std::move(signal));
}

/// "queue days=3 from=9:00:00 to=10:00:00 value=80 else=2": so much at that time of each day until
/// now; "queue days=3 wanders": no pattern at all; "queue fails": it cannot be read.
void Story::read_history(const Words& words) {
  const auto step = engine::history_step;
  Millis length{0};
  Millis from{0};
  Millis to{0};
  double value = 0;
  double otherwise = 0;
  bool wanders = false;
  auto& past = pasts_[words.at(0).name] = {};
  for (const auto& word : std::vector(words.begin() + 1, words.end())) {
    if (word.name == "days") length = std::chrono::days(whole(word));
    else if (word.name == "hours") length = std::chrono::hours(whole(word));
    else if (word.name == "from") from = time_of(word.value);
    else if (word.name == "to") to = time_of(word.value);
    else if (word.name == "value") value = number_of(word);
    else if (word.name == "else") otherwise = number_of(word);
    else if (word.name == "wanders") wanders = true;
    else if (word.name == "fails") past.problem = "the source did not answer";
    else not_understood(word);
  }
  if (!past.problem.empty()) return;
  engine::Past values{.first = now_ - length, .step = step, .values = {}};
  std::mt19937 dice(7);
  double walk = 100;
  for (auto at = values.first; at <= now_; at += step) {
    const auto of_day = at - std::chrono::floor<std::chrono::days>(at);
    walk = std::max(0.0, walk + static_cast<double>(dice() % 3) - 1);
    values.values.push_back(wanders ? walk : of_day >= from && of_day < to ? value : otherwise);
  }
  const auto horizon = engine::forecast_horizon(policy_.scale_to_zero, memory_.cold_starts).length;
  past.model =
      std::make_shared<const ForecastModel>(engine::learn_forecast(values, horizon));
}

/// "3 CappedByBudget takes", or "all": nothing is capped.
void Story::set_grant(const Words& words) {
  grant_.reset();
  if (words.at(0).name == "all") return;
  const auto reason = std::ranges::find(all_reasons, words.at(1).name,
                                        [](Reason one) { return name_of(one); });
  if (reason == all_reasons.end()) not_understood(words.at(1));
  grant_ = Grant{.most = std::stoi(words.at(0).name),
                 .reason = *reason,
                 .words = fmt::format("{} granted", words.at(0).name),
                 .takes = words.size() > 2 && words[2].name == "takes"};
}

void Story::set_window(const Words& words) {
  Window window{.name = words.at(0).name,
                .start = {},
                .end = {},
                .zone = api::time_zone_named("UTC").value()};
  std::vector<CalendarDate> exceptions;
  for (const auto& word : std::vector(words.begin() + 1, words.end())) {
    if (word.name == "start") window.start = cron_of(word);
    else if (word.name == "end") window.end = cron_of(word);
    else if (word.name == "for") window.end = Seconds(whole(word));
    else if (word.name == "zone") window.zone = api::time_zone_named(word.value).value();
    else if (word.name == "floor") window.floor = whole(word);
    else if (word.name == "ceiling") window.ceiling = whole(word);
    else if (word.name == "pin") window.pin = whole(word);
    else if (word.name == "off") window.off = true;
    else if (word.name == "pre-warm") window.pre_warm = true;
    else if (word.name == "except") exceptions.push_back(date_of(word));
    else not_understood(word);
  }
  window.start.exceptions = std::move(exceptions);
  if (const auto fault = fault_of(window)) throw std::invalid_argument(fault->problem);
  policy_.schedule.push_back(std::move(window));
}

void Story::set_rules(ScalingRules& rules, const Words& words) {
  for (const auto& word : words) {
    if (word.name == "window") rules.stabilization_window_seconds = whole(word);
    else if (word.name == "policies") rules.policies = rate_policies_of(word);
    else if (word.name == "tolerance") rules.tolerance = number_of(word);
    else if (word.name == "select")
      rules.select_policy = one_of<SelectPolicy>(word, {{"Max", SelectPolicy::Max},
                                                        {"Min", SelectPolicy::Min},
                                                        {"Disabled", SelectPolicy::Disabled}});
    else not_understood(word);
  }
}

}  // namespace poolscaler::scenarios
