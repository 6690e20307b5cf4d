// The committed files that are output of the tables of fields, presets and backends, and what they
// must contain.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/api/presets.hpp"
#include "poolscaler/kube/node_groups.hpp"
#include "support/checkout.hpp"

namespace poolscaler {

struct GeneratedFile {
  std::filesystem::path path;
  std::string content;
};

inline std::filesystem::path source_path(const std::string& relative) {
  return in_checkout(relative);
}

inline std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The object of a case about a pool or a budget: `example` with the merge patches of the case.
inline nlohmann::json object_of_case(nlohmann::json example, const nlohmann::json& one) {
  auto& spec = example["spec"];
  if (one.contains("spec")) spec.merge_patch(one["spec"]);
  if (one.contains("group")) spec["nodeGroups"][1].merge_patch(one["group"]);
  if (one.contains("limit")) spec["limits"][0].merge_patch(one["limit"]);
  return example;
}

inline std::vector<GeneratedFile> generated_files() {
  std::vector<GeneratedFile> files;
  for (const auto kind : api::all_kinds) {
    const auto names = api::names_of(kind);
    const auto crd = api::crd_yaml(kind);
    files.push_back({source_path(fmt::format("crds/{}.yaml", names.plural)), crd});
    files.push_back(
        {source_path(fmt::format("charts/poolscaler/files/crds/{}.yaml", names.plural)), crd});
    files.push_back({source_path(fmt::format("docs/reference/{}.md", names.page)),
                     api::reference_page(kind)});
  }
  files.push_back({source_path("docs/reference/presets.md"), api::presets_page()});
  files.push_back({source_path("docs/reference/backends.md"), kube::group_kinds_page()});
  return files;
}

}  // namespace poolscaler
