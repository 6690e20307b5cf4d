// Manifests from files, folders and standard input, for the verbs that need no cluster.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "poolscaler/api/manifests.hpp"
#include "poolscaler/json/members.hpp"

namespace poolscaler::app {

struct FileManifest {
  std::string file;  // as people are told it
  api::Manifest manifest;
};

struct FileProblem {
  std::string file;
  int line;  // 0 where none is known
  std::string message;
  bool missing;  // it could not be read at all: the command is wrong, not the manifest
};

struct ManifestFiles {
  std::vector<FileManifest> manifests;
  std::vector<FileProblem> problems;
  std::vector<std::string> empty;  // of the paths that were given: those without any object
};

/// Of a folder all .yaml, .yml and .json files below it, in the order of their names; "-" is
/// standard input. What cannot be read is a problem, and the rest is read. A file is read once,
/// however often and by whatever spelling of its path it is given.
[[nodiscard]] ManifestFiles read_manifest_files(const std::vector<std::string>& paths);

/// "ScalingPolicy 'shop/web'".
[[nodiscard]] std::string title_of(const nlohmann::json& object);

/// Capped and escaped, as people are shown it; empty where it is no text.
[[nodiscard]] std::string short_text_at(const nlohmann::json& object, MemberPath path);

/// The kind, when the object is one of ours in the version that is served.
[[nodiscard]] std::optional<api::Kind> own_kind_of(const nlohmann::json& object);

/// All that is wrong with one object; nothing when it is of a foreign kind.
[[nodiscard]] std::optional<std::vector<api::FieldError>> manifest_errors(
    const nlohmann::json& object);

/// "file:12", or "file" where no line is known.
[[nodiscard]] std::string place(const std::string& file, int line);

}  // namespace poolscaler::app
