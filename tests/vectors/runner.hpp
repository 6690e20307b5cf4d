// Runs files of recorded decisions: finds the schema by the file's head, hands each case to its
// group's adapter and compares. A case that cannot be understood, or whose group is unknown, has
// failed; a file that is none of the two schemas is an error.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "poolscaler/base/result.hpp"

namespace poolscaler::vectors {

class Case;

/// What was decided, in the shape of the case's `expect`. Throws CaseError.
using Adapter = nlohmann::json (*)(const Case&);

struct Group {
  Adapter decide;
  /// Where the expectation stands. An object's fields are compared one by one: what is expected
  /// must be decided; more may be.
  const char* expectation = "expect";
};

/// Every group of a schema, by name (groups.cpp).
using Groups = std::map<std::string, Group, std::less<>>;
/// "hpa-vectors/1", "autoscaler-decision-vectors/1"; nullptr for another.
[[nodiscard]] const Groups* groups_of_schema(std::string_view schema);

/// Why the cases of a group fail that no adapter is listed for.
inline constexpr std::string_view group_unknown = "the group is unknown to this program";

struct Failure {
  std::string group;
  std::string id;
  std::string why;
};

struct Tally {
  int passed = 0;
  std::vector<Failure> failures{};
  void add(Tally other);
};

/// Errors: InvalidInput with what is wrong with the file.
[[nodiscard]] Result<Tally> run_vectors(std::string_view text);
/// The same for a file; the error names it.
[[nodiscard]] Result<Tally> run_vectors_file(const std::string& path);

/// One line per failure and, last, "N passed, N failed".
[[nodiscard]] std::string report_of(const Tally& tally);

/// Nothing when `decided` is what is expected; else what differs.
[[nodiscard]] std::string difference(const nlohmann::json& expected, const nlohmann::json& decided);

}  // namespace poolscaler::vectors
