// Observation files: what a decision is to see, as YAML that a person writes. docs/EXPLAIN.md
// describes every field; ages stand in seconds before `now`, so that nothing depends on a clock.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/explain/situation.hpp"

namespace poolscaler::explain {

/// What is wrong with one place of a file.
struct FileError {
  int line = 0;      // from 1; 0: of the whole file
  std::string text;  // names field, value, limit and remedy
};
template <class T>
using Read = tl::expected<T, std::vector<FileError>>;

/// The one ScalingPolicy of a manifest file; other kinds are passed over.
struct PolicyFile {
  std::string ns;
  std::string name;
  ScalingPolicy policy;
};
[[nodiscard]] Read<PolicyFile> read_policy_file(std::string_view text);

/// The situation of `policy` that the file describes. All errors are collected.
[[nodiscard]] Read<Situation> read_observation_file(std::string_view text,
                                                    const ScalingPolicy& policy);

}  // namespace poolscaler::explain
