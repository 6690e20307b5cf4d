// The flags of the verbs that tell what is in a cluster: explain, top, budget.

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "option_info.hpp"

namespace poolscaler::app {
namespace {

Result<void> set_why_not(Choices& choices, const std::string& value) {
  if (value != "up" && value != "down" && value != "none")
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' must be up, down or none", value));
  choices.explain.why_not = value;
  return {};
}

Result<void> set_output(Choices& choices, const std::string& value) {
  if (value != "text" && value != "json")
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' must be text or json", value));
  choices.output = value == "json" ? OutputFormat::Json : OutputFormat::Text;
  return {};
}

Result<void> set_interval(Choices& choices, const std::string& value) {
  constexpr int seconds_max = 3600;
  int seconds = 0;
  const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (failed != std::errc() || end != value.data() + value.size() || seconds < 1 ||
      seconds > seconds_max)
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' must be a whole number from 1 to {}", value, seconds_max));
  choices.top.interval_seconds = seconds;
  return {};
}

Result<void> set_text(std::string& field, const std::string& value) {
  field = value;
  return {};
}

const std::array options = {
    OptionInfo{"explain", "policy", "", Arity::Any, "",
               "namespace/name of a policy in the cluster, whose last decision is told",
               [](Choices& c, const std::string& v) {
                 c.explain.policies.push_back(v);
                 return Result<void>();
               }},
    OptionInfo{"explain", "-f,--filename", "", Arity::One, "none",
               "offline: a manifest with one ScalingPolicy; needs --observation",
               [](Choices& c, const std::string& v) { return set_text(c.explain.file, v); }},
    OptionInfo{"explain", "--observation", "", Arity::One, "none",
               "offline: what the policy is to see (docs/EXPLAIN.md)",
               [](Choices& c, const std::string& v) { return set_text(c.explain.observation, v); }},
    OptionInfo{"explain", "--why-not", "", Arity::One, "both",
               "up, down or none: for which direction to say what would have to change",
               set_why_not},
    OptionInfo{"budget", "name", "", Arity::One, "", "name of a CostBudget in the cluster",
               [](Choices& c, const std::string& v) { return set_text(c.budget.name, v); }},
    OptionInfo{"top", "--once", "", Arity::Switch, "off",
               "tell it once, instead of again and again; so it is where no terminal reads it",
               [](Choices& c, const std::string&) {
                 c.top.once = true;
                 return Result<void>();
               }},
    OptionInfo{"top", "--interval", "", Arity::One, "2", "seconds between two looks, 1 to 3600",
               set_interval, {.without = "--once"}},
    OptionInfo{"explain,top,budget", "-o,--output", "", Arity::One, "text", "text or json",
               set_output},
    OptionInfo{"explain,top,budget", "--kubeconfig", "KUBECONFIG", Arity::One, "~/.kube/config",
               "kubeconfig file; in a pod its service account is used without it",
               [](Choices& c, const std::string& v) { return set_text(c.cluster.kubeconfig, v); },
               {.without = "--filename,--observation"}},
    OptionInfo{"explain,top,budget", "--context", "", Arity::One, "current-context",
               "context of the kubeconfig",
               [](Choices& c, const std::string& v) { return set_text(c.cluster.context, v); },
               {.without = "--filename,--observation"}},
    OptionInfo{"explain,top,budget", "--allow-insecure-kubeconfig", "", Arity::Switch, "off",
               "for development: accept a kubeconfig that skips TLS verification",
               [](Choices& c, const std::string&) {
                 c.cluster.allow_insecure_kubeconfig = true;
                 return Result<void>();
               },
               {.without = "--filename,--observation"}},
};

}  // namespace

std::span<const OptionInfo> explain_options() { return options; }

}  // namespace poolscaler::app
