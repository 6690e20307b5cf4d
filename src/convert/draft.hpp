// The ScalingPolicy that a conversion fills in, and what both kinds of autoscaler share.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "object_reader.hpp"
#include "poolscaler/base/result.hpp"
#include "poolscaler/convert/convert.hpp"

namespace poolscaler::convert {

inline constexpr std::int64_t replicas_max = 100'000;

/// Where a field of what is made comes from.
struct Origin {
  std::string path;         // in the object that is converted
  bool same_names = false;  // what lies below has the names of ours
};

class Draft {
 public:
  Draft(Conversion& made, const Options& chosen) : conversion(made), options(chosen) {}

  Conversion& conversion;
  const Options& options;
  std::string ns{};  // of the object
  nlohmann::json spec = nlohmann::json::object();
  /// What a formula of KEDA calls a trigger, and the signal that it became.
  std::map<std::string, std::string, std::less<>> signal_of_trigger{};
  std::set<std::string> of_pods{};  // signals that have no value without replicas
  /// By our path, of the policy or of a MetricSource as "NAME: spec.url".
  std::map<std::string, Origin, std::less<>> origins{};
  std::int64_t least_active = 0;  // replicas of a target that goes to zero, while it is active

  void say(Severity severity, std::string path, std::string text, std::string remedy = {});

  /// The field of the policy that `path` of the object has become.
  void remember(std::string ours, std::string path, bool same_names = false) {
    origins[std::move(ours)] = {.path = std::move(path), .same_names = same_names};
  }
  /// The last signal, or a field of it.
  void remember_signal(std::string_view field, std::string path);

  /// A signal with a name of its own, near `wanted`; read from the MetricSource of the options
  /// unless it is changed.
  nlohmann::json& add_signal(std::string_view wanted);
  /// For a signal that reads Prometheus of which the object does not say where it is.
  void use_default_source(nlohmann::json& signal, const std::string& path);
};

/// metadata.name, metadata.namespace and labels to a ScalingPolicy around the spec.
[[nodiscard]] nlohmann::json policy_around(const nlohmann::json& object, nlohmann::json spec,
                                           Notes& notes);

/// spec.scaleTargetRef; kinds of Kubernetes itself may leave out their version.
void read_target(ObjectReader& target, Draft& draft);

/// minReplicas and maxReplicas within our bounds.
void set_replicas(Draft& draft, std::string_view ours, std::int64_t value,
                  const std::string& path);

/// Where the signals are all of pods, nothing would wake a target at zero: it keeps a replica, as
/// HPA and KEDA keep it. `path` is where the object asks for zero.
void stay_above_zero(Draft& draft, const std::string& path);

/// Signals by ready pods, which decide otherwise on purpose while few are ready.
void name_few_ready(Draft& draft, const std::string& path);

/// The bounds may not cross.
void check_replicas(Draft& draft, const std::string& min_path, const std::string& max_path);

/// HPA v2's behavior, with every default made explicit.
void read_behavior(ObjectReader behavior, Draft& draft);

/// A resource metric of pods: utilization in percent, or an average quantity.
void add_resource_signal(Draft& draft, const std::string& resource, const std::string& container);

/// A DNS label made of any text: "Queue_Depth" gives "queue-depth".
[[nodiscard]] std::string label_from(std::string_view text);

/// Percent as the ratio that we write: 80 gives "0.8".
[[nodiscard]] std::string ratio_text(std::int64_t percent);

void convert_hpa(const nlohmann::json& object, Draft& draft);
void convert_hpa_v1(const nlohmann::json& object, Draft& draft);
void convert_scaled_object(const nlohmann::json& object, Draft& draft);
void read_trigger(ObjectReader& trigger, Draft& draft);

/// Keeps an active target at `least_active`, by a formula of its own where there is none yet.
void keep_least_active(Draft& draft);
/// advanced.scalingModifiers of a ScaledObject; after its triggers.
void read_scaling_modifiers(ObjectReader modifiers, Draft& draft);
/// A formula of KEDA in the words of ours; InvalidInput says what ours cannot say.
[[nodiscard]] Result<std::string> formula_from_keda(
    std::string_view text, const std::map<std::string, std::string, std::less<>>& signals);

}  // namespace poolscaler::convert
