// What a wake round asks. It needs no readings, but only the names of those whose signals rose
// above a value, which are few; so only what lies above the least value of a portion is answered,
// without ages, and portions of one source are asked together as parts of joint queries. The plan
// is made once and asked again and again. Pure.
//
//   label_replace(sum by (namespace, queue) (depth{..}) > 0, "poolscaler_part", "0", "", "") or ..
//
// Guarantee: whatever a signal's own reading could be usable and above its value with is sighted.
// More may be: a stale sample, one of several series of a raw query.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "poolscaler/ports/metric_reader.hpp"
#include "poolscaler/query/planner.hpp"

namespace poolscaler::query {

/// One portion of a shape, or one raw query.
struct LookoutPart {
  struct Seat {
    std::string group;  // its values, as one key
    std::uint32_t signal;
    double above;
  };

  std::string source;
  std::string promql;                       // asked alone
  std::vector<std::string> group_labels{};  // empty for raw queries
  std::string tenant{};                     // of a raw query: the namespace of one who asks it
  std::vector<Seat> seats{};                // by group
};

/// Signals that cannot be asked, and are never above anything, are in no part.
/// REQUIRES: a value for each signal.
[[nodiscard]] std::vector<LookoutPart> plan_lookout(
    std::span<const SignalQuery> signals, std::span<const double> above,
    const std::map<std::string, std::string>& enforced_labels = {});

/// Several parts of one source as one query; a single part, or a raw query, as it is.
struct JointQuery {
  std::string source;
  std::string promql;
  std::string part_label{};        // empty when it has one part
  std::vector<std::size_t> parts;  // indices into the plan
};
/// As few as `query_bytes_max` allows. `chosen`: indices of the parts that may be asked together.
[[nodiscard]] std::vector<JointQuery> join(std::span<const LookoutPart> plan,
                                           std::span<const std::size_t> chosen);

/// Adds the signals that the answer names.
void sight(std::span<const LookoutPart> plan, const JointQuery& query, const QueryAnswer& answer,
           std::vector<std::size_t>& sighted);
/// Adds all signals of a part, of which nothing is known.
void sight_all(const LookoutPart& part, std::vector<std::size_t>& sighted);

}  // namespace poolscaler::query
