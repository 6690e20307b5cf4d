#include "vectors/runner.hpp"

#include <fstream>
#include <iterator>

#include "vectors/case_reader.hpp"

namespace poolscaler::vectors {
namespace {

using Json = nlohmann::json;

Result<Json> parsed(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& problem) {
    return fail(ErrorKind::InvalidInput, std::string("is no JSON: ") + problem.what());
  }
}

/// The cases of a group stand in a list, or in an object's field `cases`.
const Json* cases_of(const Json& group) {
  if (group.is_array()) return &group;
  if (group.is_object() && group.contains("cases") && group["cases"].is_array())
    return &group["cases"];
  return nullptr;
}

std::string id_of(const Json& json, std::size_t index) {
  if (json.is_object() && json.contains("id") && json["id"].is_string())
    return json["id"].get<std::string>();
  return "#" + std::to_string(index + 1) + " (no id)";
}

/// Why the case failed; empty when it did not.
std::string judge(const Group& group, const Json& json) {
  try {
    const Case recorded(json);
    return difference(recorded.at(group.expectation).json(), group.decide(recorded));
  } catch (const CaseError& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("cannot be decided: ") + error.what();
  }
}

void run_group(const std::string& name, const Group* group, const Json& cases, Tally& tally) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    auto why = group == nullptr ? std::string(group_unknown) : judge(*group, cases[i]);
    if (why.empty())
      ++tally.passed;
    else
      tally.failures.push_back({name, id_of(cases[i], i), std::move(why)});
  }
}

Result<const Groups*> groups_of_file(const Json& file) {
  if (!file.is_object()) return fail(ErrorKind::InvalidInput, "must be an object");
  if (!file.contains("head") || !file["head"].is_object() || !file["head"].contains("schema") ||
      !file["head"]["schema"].is_string())
    return fail(ErrorKind::InvalidInput, "has no 'head.schema': it is no file of vectors");
  const auto schema = file["head"]["schema"].get<std::string>();
  const auto* groups = groups_of_schema(schema);
  if (groups == nullptr)
    return fail(ErrorKind::InvalidInput,
                "has the schema '" + schema +
                    "', must be hpa-vectors/1 or autoscaler-decision-vectors/1");
  if (!file.contains("groups") || !file["groups"].is_object())
    return fail(ErrorKind::InvalidInput, "has no object 'groups'");
  for (const auto& [name, group] : file["groups"].items())
    if (cases_of(group) == nullptr)
      return fail(ErrorKind::InvalidInput, "has a group '" + name + "' that is no list of cases");
  return groups;
}

std::string difference_of_lists(const Json& expected, const Json& decided) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto inner = difference(expected[i], decided[i]);
    if (!inner.empty()) return "[" + std::to_string(i) + "]: " + inner;
  }
  return "";
}

std::string difference_of_objects(const Json& expected, const Json& decided) {
  for (const auto& [field, value] : expected.items()) {
    if (!decided.contains(field))
      return "expects '" + field + "', which this program does not decide";
    const auto inner = difference(value, decided[field]);
    if (!inner.empty()) return field + ": " + inner;
  }
  return "";
}

}  // namespace

void Tally::add(Tally other) {
  passed += other.passed;
  std::move(other.failures.begin(), other.failures.end(), std::back_inserter(failures));
}

std::string difference(const Json& expected, const Json& decided) {
  if (expected.is_object() && decided.is_object()) return difference_of_objects(expected, decided);
  if (expected.is_array() && decided.is_array() && expected.size() == decided.size())
    return difference_of_lists(expected, decided);
  return expected == decided ? ""
                             : "expected " + expected.dump() + ", decided " + decided.dump();
}

Result<Tally> run_vectors(std::string_view text) {
  const auto file = parsed(text);
  if (!file) return fail(file.error());
  const auto groups = groups_of_file(*file);
  if (!groups) return fail(groups.error());
  Tally tally;
  for (const auto& [name, group] : (*file)["groups"].items()) {
    const auto known = (*groups)->find(name);
    run_group(name, known == (*groups)->end() ? nullptr : &known->second, *cases_of(group), tally);
  }
  return tally;
}

Result<Tally> run_vectors_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::NotFound, path + ": cannot be opened");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return run_vectors(text).map_error(
      [&](const Error& error) { return Error{error.kind, path + ": " + error.message}; });
}

std::string report_of(const Tally& tally) {
  std::string text;
  for (const auto& failure : tally.failures)
    text += "FAILED " + failure.id + " (" + failure.group + "): " + failure.why + "\n";
  return text + std::to_string(tally.passed) + " passed, " +
         std::to_string(tally.failures.size()) + " failed\n";
}

}  // namespace poolscaler::vectors
