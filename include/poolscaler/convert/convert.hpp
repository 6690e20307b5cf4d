// From other autoscalers: turns a HorizontalPodAutoscaler or a ScaledObject into a ScalingPolicy,
// and says about each field that it cannot keep what is lost and what to do about it. Strict: a
// field that it does not know is an error, never silence.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace poolscaler::convert {

enum class Severity {
  Said,     // a default that is now explicit, or where a policy is safer: nothing is lost
  Differs,  // it means something else here
  Lost,     // it has no counterpart
  Invalid,  // the input itself is wrong; nothing is made of the object
};
[[nodiscard]] std::string_view name_of(Severity severity);

struct Note {
  Severity severity;
  std::string path;   // "spec.metrics[0].object.describedObject"
  std::string value;  // as it stood there, capped; empty for objects
  std::string text;
  std::string remedy{};
  /// "lost: spec.a is 5, has no counterpart: <remedy>".
  [[nodiscard]] std::string line() const;
};

struct Options {
  /// The MetricSource of signals whose Prometheus the object does not name.
  std::string metric_source = "prometheus";
};

struct Conversion {
  std::string subject;                    // "HorizontalPodAutoscaler 'shop/web'"
  std::vector<nlohmann::json> objects{};  // MetricSources first; none where a note is Invalid
  std::vector<Note> notes{};
  bool is_foreign = false;  // of a kind that is not converted; left alone

  [[nodiscard]] bool has(Severity severity) const;
};

/// Never throws, whatever the JSON. What it makes passes the checks of `validate`.
[[nodiscard]] Conversion convert(const nlohmann::json& object, const Options& options = {});

/// The objects of all conversions as YAML documents: each MetricSource once, then the policies with
/// their notes as comments in front.
[[nodiscard]] std::string yaml_of(std::span<const Conversion> conversions);

}  // namespace poolscaler::convert
