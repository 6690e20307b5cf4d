#include "story.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "poolscaler/engine/schedule.hpp"
#include "support/restarted.hpp"

namespace poolscaler::scenarios {
namespace {

const Instant day_one{Seconds{1'800'000'000}};
constexpr std::string_view divider = "----";

std::string time_text(Millis time) {
  const auto seconds = time.count() / 1000;
  const auto minutes = fmt::format("{:02}:{:02}", seconds / 60 % 60, seconds % 60);
  return seconds < 3600 ? minutes : fmt::format("{}:{}", seconds / 3600, minutes);
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
  memory_ = after_restart(memory_, now_);
  pasts_.clear();
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
  observation.grant = grant_;
  for (const auto& signal : policy_.signals)
    observation.signals.push_back(reads_pods(signal) ? pods_reading(signal)
                                                     : readings_.at(signal.name));
  for (const auto& signal : policy_.signals) {
    const auto past = pasts_.find(signal.name);
    observation.pasts.push_back(past == pasts_.end() ? LearnedPast{} : past->second);
  }
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
  else if (verb == "history") read_history(words);
  else if (verb == "clock") now_ = begin_ = parse_rfc3339(words.at(0).name).value();
  else if (verb == "scale-up") set_rules(policy_.behavior.scale_up, words);
  else if (verb == "scale-down") set_rules(policy_.behavior.scale_down, words);
  else if (verb == "target") set_target(words);
  else if (verb == "somebody-scales") resize(std::stoi(words.at(0).name));
  else if (verb == "grant") set_grant(words);
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
