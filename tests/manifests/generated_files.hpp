// The committed files that are output of the api room, and what they must contain.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/api/presets.hpp"
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
  return files;
}

}  // namespace poolscaler
