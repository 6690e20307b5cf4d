#include "policy_series.hpp"

#include <fmt/format.h>
#include <iterator>

#include "poolscaler/telemetry/catalogue.hpp"

namespace poolscaler::telemetry {
namespace {

std::string labels_of(const ObjectKey& policy) {
  return fmt::format("policy_namespace=\"{}\",policy=\"{}\"", label_escaped(policy.ns),
                     label_escaped(policy.name));
}

template <class Value>
void print_gauge(std::string& out, const std::map<ObjectKey, PolicySample>& rows,
                 std::string_view name, Value value) {
  print_head(out, name);
  for (const auto& [policy, sample] : rows)
    fmt::format_to(std::back_inserter(out), "{}{{{}}} {}\n", name, labels_of(policy),
                   value(sample));
}

}  // namespace

void print_head(std::string& out, std::string_view name) {
  const auto& info = metric_info(name);
  fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", info.name, info.help,
                 info.name, name_of(info.type));
}

std::string label_escaped(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out;
}

void PolicySeries::print(std::string& out) const {
  if (rows_.empty()) return;
  print_gauge(out, rows_, "poolscaler_policy_current_replicas",
              [](const PolicySample& s) { return s.current; });
  print_gauge(out, rows_, "poolscaler_policy_desired_replicas",
              [](const PolicySample& s) { return s.desired; });
  print_gauge(out, rows_, "poolscaler_policy_recommended_replicas",
              [](const PolicySample& s) { return s.recommended; });
  std::string most;
  for (const auto& [policy, sample] : rows_)
    if (sample.effective_max)
      fmt::format_to(std::back_inserter(most),
                     "poolscaler_policy_effective_max_replicas{{{}}} {}\n", labels_of(policy),
                     *sample.effective_max);
  if (!most.empty()) {
    print_head(out, "poolscaler_policy_effective_max_replicas");
    out += most;
  }
  print_gauge(out, rows_, "poolscaler_policy_ready",
              [](const PolicySample& s) { return s.ready ? 1 : 0; });

  std::string values;
  std::string states;
  std::string skills;
  for (const auto& [policy, sample] : rows_) {
    for (const auto& signal : sample.signals) {
      const auto labels =
          fmt::format("{},signal=\"{}\"", labels_of(policy), label_escaped(signal.name));
      if (is_usable(signal.state))
        fmt::format_to(std::back_inserter(values), "poolscaler_policy_signal_value{{{}}} {}\n",
                       labels, signal.value);
      if (signal.forecast_skill)
        fmt::format_to(std::back_inserter(skills), "poolscaler_policy_forecast_skill{{{}}} {}\n",
                       labels, *signal.forecast_skill);
      fmt::format_to(std::back_inserter(states),
                     "poolscaler_policy_signal_state{{{},state=\"{}\"}} 1\n", labels,
                     name_of(signal.state));
    }
  }
  if (!values.empty()) {
    print_head(out, "poolscaler_policy_signal_value");
    out += values;
  }
  if (!states.empty()) {
    print_head(out, "poolscaler_policy_signal_state");
    out += states;
  }
  if (!skills.empty()) {
    print_head(out, "poolscaler_policy_forecast_skill");
    out += skills;
  }
}

}  // namespace poolscaler::telemetry
