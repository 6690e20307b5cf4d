#include "story.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "poolscaler/api/time_zones.hpp"
#include "poolscaler/engine/schedule.hpp"

namespace poolscaler::scenarios {
namespace {

const Instant day_one{Seconds{1'800'000'000}};
constexpr std::string_view divider = "----";

Words words_of(std::string_view line) {
  Words words;
  std::istringstream in{std::string(line)};
  for (std::string text; in >> text;) {
    const auto equals = text.find('=');
    words.push_back({text.substr(0, equals),
                     equals == std::string::npos ? "" : text.substr(equals + 1)});
  }
  return words;
}

[[noreturn]] void not_understood(const Word& word) {
  throw std::invalid_argument("'" + word.name + "=" + word.value + "' is not understood");
}

double number_of(const Word& word) {
  const bool percent = word.value.ends_with('%');
  std::size_t used = 0;
  const double number = std::stod(word.value, &used);
  if (used + (percent ? 1U : 0U) != word.value.size()) not_understood(word);
  return percent ? number / 100 : number;
}

int whole(const Word& word) { return static_cast<int>(number_of(word)); }

/// "05:30" is 5 minutes and a half, "1:05:30" an hour more.
Millis time_of(const std::string& text) {
  std::istringstream in(text);
  std::int64_t seconds = 0;
  for (std::string part; std::getline(in, part, ':');) seconds = seconds * 60 + std::stoll(part);
  return Seconds(seconds);
}

std::string time_text(Millis time) {
  const auto seconds = time.count() / 1000;
  const auto minutes = fmt::format("{:02}:{:02}", seconds / 60 % 60, seconds % 60);
  return seconds < 3600 ? minutes : fmt::format("{}:{}", seconds / 3600, minutes);
}

SignalReading reading_of(const Word& word) {
  static const std::map<std::string, SignalState> states = {
      {"absent", SignalState::Absent}, {"nan", SignalState::NotANumber},
      {"stale", SignalState::Stale},   {"partial", SignalState::Partial},
      {"error", SignalState::Error}};
  if (const auto state = states.find(word.value); state != states.end())
    return {.state = state->second};
  const double value = number_of(word);
  return {.state = value == 0 ? SignalState::Zero : SignalState::Value, .value = value};
}

template <class Enum>
Enum one_of(const Word& word, const std::map<std::string, Enum>& choices) {
  const auto choice = choices.find(word.value);
  if (choice == choices.end()) not_understood(word);
  return choice->second;
}

/// "4/15s" or "50%/60s", several with commas between.
std::vector<RatePolicy> rate_policies_of(const Word& word) {
  std::vector<RatePolicy> policies;
  std::istringstream in(word.value);
  for (std::string text; std::getline(in, text, ',');) {
    const auto slash = text.find('/');
    if (slash == std::string::npos) not_understood(word);
    const bool percent = text[slash - 1] == '%';
    policies.push_back({percent ? RatePolicyType::Percent : RatePolicyType::Pods,
                        std::stoi(text), std::stoi(text.substr(slash + 1))});
  }
  return policies;
}

/// "0:1,50:4" asks for replicas, ":-1,50:+2" changes them, "50:+10%" changes by percent; before
/// the colon stands the bound, which the first step may leave out.
void read_steps(Signal& signal, const Word& word) {
  signal.target_type = TargetType::Steps;
  std::istringstream in(word.value);
  for (std::string text; std::getline(in, text, ',');) {
    const auto colon = text.find(':');
    if (colon == std::string::npos || colon + 1 == text.size()) not_understood(word);
    const bool changes = text[colon + 1] == '+' || text[colon + 1] == '-';
    signal.step_kind = !changes               ? StepKind::Replicas
                       : text.ends_with('%') ? StepKind::ChangePercent
                                             : StepKind::Change;
    auto& step = signal.steps.emplace_back(
        ScalingStep{.above = {}, .amount = std::stoi(text.substr(colon + 1))});
    if (colon > 0) step.above = std::stod(text.substr(0, colon));
  }
}

bool reads_pods(const Signal& signal) { return std::holds_alternative<PodResource>(signal.query); }

}  // namespace

Story::Story()
    : policy_{.target = {.api_version = "apps/v1", .kind = "Deployment", .name = "web"},
              .max_replicas = 10,
              .signals = {}},
      last_{.action = Hold{}, .reason = Reason::AwaitingFirstRound},
      begin_(day_one),
      now_(day_one),
      target_created_(day_one - Seconds(86'400)),
      policy_created_(day_one - Seconds(86'400)) {
  resize(1);
}

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

/// Blanks of a cron are written as '_', so that it stays one word.
Cron cron_of(const Word& word) {
  auto text = word.value;
  std::ranges::replace(text, '_', ' ');
  const auto cron = parse_cron(text);
  if (!cron) throw std::invalid_argument(cron.error().message);
  return *cron;
}

CalendarDate date_of(const Word& word) {
  const auto day = parse_rfc3339(word.value + "T00:00:00Z");
  if (!day) not_understood(word);
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(*day));
  return {.year = date.year(), .day = date.month() / date.day()};
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

std::string Story::schedule_line() const {
  const auto look = engine::look_at_schedule(policy_, memory_, now_);
  auto line = look.open.empty() ? std::string("  open: none")
                                : fmt::format("  open: {}", fmt::join(look.open, ", "));
  if (!look.next) return line + "\n";
  constexpr std::array<std::string_view, 3> events = {"pre-warms", "opens", "closes"};
  return line + fmt::format("; {} {} at {}\n", look.next->window,
                            events[static_cast<std::size_t>(look.next->event)],
                            to_rfc3339(look.next->at));
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

void Story::set_target(const Words& words) {
  for (const auto& word : words) {
    if (word.name == "replicas") {
      pods_.clear();
      resize(whole(word));
      for (auto& pod : pods_) pod.created = now_ - Seconds(86'400);
    } else if (word.name == "cold-start") {
      cold_start_ = Seconds(whole(word));
    } else if (word.name == "capacity") {
      capacity_ = whole(word);
    } else if (word.name == "crashing") {
      crashing_ = word.value == "yes";
    } else if (word.name == "new-object") {
      uid_ += "+";
      target_created_ = now_;
    } else if (word.name == "next-write-fails") {
      write_fails_ = true;
    } else {
      not_understood(word);
    }
  }
}

void Story::read_load(const Words& words) {
  for (const auto& word : words) {
    if (!readings_.contains(word.name)) not_understood(word);
    const auto at = word.value.find('@');
    readings_[word.name] = reading_of({word.name, word.value.substr(0, at)});
    measured_pods_.erase(word.name);
    if (at != std::string::npos) measured_pods_[word.name] = std::stoul(word.value.substr(at + 1));
  }
}

void Story::resize(std::int32_t replicas) {
  replicas_ = replicas;
  pods_.resize(static_cast<std::size_t>(replicas),
               Pod{.created = now_, .cold_start = cold_start_});
}

/// As the operator does: the policy's status carries the digest and the events over.
void Story::restart() {
  Memory kept{.target_uid = memory_.target_uid};
  kept.recommendations = engine::digest(memory_.recommendations);
  kept.scale_ups = memory_.scale_ups;
  kept.scale_downs = memory_.scale_downs;
  kept.last_scale = memory_.last_scale;
  kept.last_direction = memory_.last_direction;
  kept.woken_at = memory_.woken_at;
  kept.cold_starts = engine::cold_starts_from(engine::samples_of(memory_.cold_starts));
  kept.keep_alive.layers = memory_.keep_alive.layers;
  memory_ = std::move(kept);
}

Observation Story::observe() const {
  PodCounts counts;
  for (std::size_t i = 0; i < pods_.size(); ++i) {
    const bool placed = static_cast<std::int64_t>(i) < capacity_;
    const auto ready_at = pods_[i].created + pods_[i].cold_start;
    const bool ready = !crashing_ && now_ >= ready_at;
    ++(!placed ? counts.unschedulable : ready ? counts.ready : counts.starting);
    if (placed && ready)
      counts.latest_ready = std::max(counts.latest_ready.value_or(ready_at), ready_at);
    if (placed) counts.youngest = std::max(counts.youngest.value_or(Instant::min()),
                                           pods_[i].created);
  }
  if (crashing_) counts.restarting = counts.starting;
  Observation observation{.target = {.uid = uid_,
                                     .spec_replicas = replicas_,
                                     .status_replicas = replicas_,
                                     .pods = counts,
                                     .created = target_created_},
                          .policy_created = policy_created_};
  for (const auto& signal : policy_.signals)
    observation.signals.push_back(reads_pods(signal) ? pods_reading(signal)
                                                     : readings_.at(signal.name));
  return observation;
}

/// Every pod requests 1 and uses what the load says; a pod is not measured before it is ready.
SignalReading Story::pods_reading(const Signal& signal) const {
  auto reading = readings_.at(signal.name);
  if (!is_usable(reading.state)) return reading;
  const auto found = measured_pods_.find(signal.name);
  const auto measured = found == measured_pods_.end() ? pods_.size() : found->second;
  for (std::size_t i = 0; i < pods_.size(); ++i) {
    auto& pod = reading.pods.emplace_back(PodSample{.request_milli = 1000});
    const auto ready_at = pods_[i].created + pods_[i].cold_start;
    pod.ready = !crashing_ && now_ >= ready_at && static_cast<std::int64_t>(i) < capacity_;
    if (!*pod.ready) pod.phase = PodPhase::Pending;
    pod.started = pods_[i].created;
    pod.ready_changed = ready_at;
    if (!*pod.ready || i >= measured) continue;
    pod.usage_milli = static_cast<std::int64_t>(reading.value * 1000 + 0.5);
    pod.measured = now_;
  }
  return reading;
}

void Story::decide_at(Instant now) {
  now_ = now;
  const auto before = memory_;
  const auto outcome = engine::decide(observe(), policy_, before, now_);
  last_ = outcome.decision;
  const auto* const scale = std::get_if<ScaleTo>(&last_.action);
  const bool written = scale != nullptr && !std::exchange(write_fails_, false);
  memory_ = scale == nullptr || written ? outcome.memory : engine::without_write(outcome, before);
  if (written) resize(scale->replicas);
}

std::string Story::outcome_line() const {
  auto line = last_.desired == last_.current
                  ? fmt::format("hold {}", last_.current)
                  : fmt::format("{} -> {}", last_.current, last_.desired);
  line += fmt::format(" {}", name_of(last_.reason));
  if (last_.limited && *last_.limited != last_.reason)
    line += fmt::format(", limited by {}", name_of(*last_.limited));
  if (last_.recommended != last_.desired)
    line += fmt::format(", recommends {}", last_.recommended);
  return line;
}

std::string Story::steps() const {
  std::string text;
  for (const auto& step : last_.explanation.steps)
    text += fmt::format("  {}{}{}: {} -> {} {}: {}\n", step.stage, step.subject.empty() ? "" : " ",
                        step.subject, step.before, step.after, name_of(step.reason), step.numbers);
  return text;
}

std::string Story::learned() const {
  const auto measured = engine::measured_cold_start(memory_.cold_starts);
  if (measured.samples == 0) return "  no cold start\n";
  const auto seconds = [](Millis time) { return static_cast<double>(time.count()) / 1000; };
  return fmt::format("  cold start p50 {} s, p90 {} s of {} samples\n", seconds(measured.p50),
                     seconds(measured.p90), measured.samples);
}

/// "6 on=60 off=120 load...": the load, then none of it, again and again; prints as `run` does.
std::string Story::pulses(const Words& words) {
  Millis on{0};
  Millis off{0};
  Words load;
  for (const auto& word : words) {
    if (word.name == "on") on = Seconds(whole(word));
    else if (word.name == "off") off = Seconds(whole(word));
    else if (!word.value.empty()) load.push_back(word);
  }
  auto none = load;
  for (auto& word : none) word.value = "0";
  std::string told;
  std::string text;
  const Millis every = Seconds(policy_.interval_seconds);
  for (int i = 0; i < std::stoi(words.at(0).name); ++i) {
    read_load(load);
    text += decide_until(now_ + on, every, told);
    read_load(none);
    text += decide_until(now_ + off, every, told);
  }
  return text;
}

std::string Story::decide_until(Instant until, Millis every, std::string& told) {
  std::string text;
  while (now_ + every <= until) {
    decide_at(now_ + every);
    const auto line = outcome_line();
    if (line == told) continue;
    text += time_text(now_ - begin_) + " " + line + "\n";
    told = line;
  }
  return text;
}

/// "until=05:00 [every=15s] load...": decides each round, and prints when the outcome changes.
std::string Story::run(const Words& words) {
  Millis until{0};
  Millis every = Seconds(policy_.interval_seconds);
  Words load;
  for (const auto& word : words) {
    if (word.name == "until") until = time_of(word.value);
    else if (word.name == "every") every = Seconds(whole(word));
    else load.push_back(word);
  }
  read_load(load);
  std::string told;
  return decide_until(begin_ + until, every, told);
}

std::string Story::carry_out(std::string_view line) {
  auto words = words_of(line);
  const auto verb = words.at(0).name;
  words.erase(words.begin());
  if (verb == "policy") set_policy(words);
  else if (verb == "signal") set_signal(words);
  else if (verb == "window") set_window(words);
  else if (verb == "schedule") return schedule_line();
  else if (verb == "clock") now_ = begin_ = parse_rfc3339(words.at(0).name).value();
  else if (verb == "scale-up") set_rules(policy_.behavior.scale_up, words);
  else if (verb == "scale-down") set_rules(policy_.behavior.scale_down, words);
  else if (verb == "target") set_target(words);
  else if (verb == "somebody-scales") resize(std::stoi(words.at(0).name));
  else if (verb == "restart") restart();
  else if (verb == "created") policy_created_ = now_;
  else if (verb == "run") return run(words);
  else if (verb == "pulses") return pulses(words);
  else if (verb == "learned") return learned();
  else if (verb == "explain") return steps();
  else if (verb == "at") {
    const auto time = time_of(words.at(0).name);
    read_load({words.begin() + 1, words.end()});
    decide_at(begin_ + time);
    return fmt::format("{} {}\n      {}\n", time_text(time), outcome_line(),
                       last_.explanation.line());
  } else not_understood({verb, ""});
  return "";
}

std::string retold(std::string_view text) {
  Story story;
  std::istringstream in{std::string(text)};
  std::string out;
  std::string printed;
  bool in_expectation = false;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) in_expectation = false;
    if (in_expectation) continue;
    out += line + "\n";
    if (line == divider) {
      out += std::exchange(printed, "");
      in_expectation = true;
    } else if (!line.empty() && !line.starts_with('#')) {
      printed += story.carry_out(line);
    }
  }
  if (!printed.empty()) throw std::invalid_argument("output without '----' after it: " + printed);
  return out;
}

}  // namespace poolscaler::scenarios
