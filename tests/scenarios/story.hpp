// A story: a policy, a target and a load as text, and what is decided after each step. The words
// are explained in tests/scenarios/README.md. A story tells its own output, so that a changed
// decision shows as a changed line.
#pragma once

#include <string>
#include <vector>

#include "poolscaler/engine/cold_start.hpp"
#include "poolscaler/engine/decide.hpp"
#include "words.hpp"

namespace poolscaler::scenarios {

class Story {
 public:
  Story();
  /// Carries out one line and returns what it prints. Throws std::invalid_argument with the reason
  /// when the line is not understood.
  std::string carry_out(std::string_view line);

 private:
  struct Pod {
    Instant created;
    Millis cold_start;
  };

  void set_policy(const Words& words);
  void set_signal(const Words& words);
  void set_window(const Words& words);
  void read_history(const Words& words);
  [[nodiscard]] std::string schedule_line() const;
  void set_rules(ScalingRules& rules, const Words& words);
  void set_target(const Words& words);
  void set_grant(const Words& words);
  void read_load(const Words& words);
  void resize(std::int32_t replicas);
  void restart();
  [[nodiscard]] Observation observe() const;
  [[nodiscard]] SignalReading pods_reading(const Signal& signal) const;
  void set_formula(const Word& word);
  [[nodiscard]] std::string outcome_line() const;
  [[nodiscard]] std::string steps() const;
  void decide_at(Instant now);
  std::string decide_until(Instant until, Millis every, std::string& told);
  std::string run(const Words& words);
  std::string pulses(const Words& words);
  [[nodiscard]] std::string learned() const;

  ScalingPolicy policy_;
  std::map<std::string, SignalReading> readings_;
  std::map<std::string, LearnedPast> pasts_;
  std::map<std::string, std::size_t> measured_pods_;  // of signals that read pods; all, where unset
  Memory memory_;
  Decision last_;
  Instant begin_;  // what the story's times count from
  Instant now_;
  std::string uid_ = "a";
  std::optional<Grant> grant_;
  Instant target_created_;
  Instant policy_created_;
  std::int32_t replicas_ = 1;
  std::vector<Pod> pods_;
  Millis cold_start_{0};
  std::int32_t capacity_ = 1'000'000;
  bool crashing_ = false;
  bool write_fails_ = false;
};

/// The whole file again, with every expected part replaced by what is printed now.
[[nodiscard]] std::string retold(std::string_view text);

}  // namespace poolscaler::scenarios
