#include "manifest_files.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"

namespace poolscaler::app {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t file_bytes_max = api::yaml_bytes_max;
constexpr std::size_t files_max = 10'000;

Result<std::string> contents_of(std::istream& in) {
  std::string text(file_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return fail(ErrorKind::NotFound, "cannot be read");
  if (text.size() > file_bytes_max)
    return fail(ErrorKind::InvalidInput,
                fmt::format("is larger than {} KiB: split it", file_bytes_max >> 10));
  return text;
}

Result<std::string> contents_of(const std::string& path) {
  if (path == "-") return contents_of(std::cin);
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::NotFound, "cannot be opened");
  return contents_of(file);
}

bool is_manifest_file(const fs::path& path) {
  const auto extension = path.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

/// Line and rest of "reading YAML: line 3: ...".
FileProblem problem_of(const std::string& file, const Error& error) {
  FileProblem problem{.file = file,
                      .line = 0,
                      .message = error.message,
                      .missing = error.kind == ErrorKind::NotFound};
  constexpr std::string_view head = "reading YAML: line ";
  std::string_view rest = error.message;
  if (!rest.starts_with(head)) return problem;
  rest.remove_prefix(head.size());
  const auto [end, failed] =
      std::from_chars(rest.data(), rest.data() + rest.size(), problem.line);
  if (failed == std::errc{}) problem.message = "reading YAML" + std::string(end, rest.end());
  return problem;
}

class Reader {
 public:
  ManifestFiles files;

  void take(const std::string& path) {
    const auto found = files.manifests.size() + files.problems.size();
    repeated_ = false;
    read(path);
    if (files.manifests.size() + files.problems.size() == found && !repeated_)
      files.empty.push_back(path == "-" ? "standard input" : path);
  }

 private:
  void read(const std::string& path) {
    std::error_code failed;
    if (path != "-" && fs::is_directory(path, failed)) {
      take_folder(path);
    } else {
      take_file(path);
    }
  }

  void take_folder(const std::string& folder) {
    std::vector<std::string> paths;
    std::error_code failed;
    fs::recursive_directory_iterator entry(folder, failed);
    for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
      std::error_code unknown;
      if (!entry->is_regular_file(unknown) || !is_manifest_file(entry->path())) continue;
      paths.push_back(entry->path().string());
      if (paths.size() > files_max) return refuse(folder, "holds more than 10000 manifests", false);
    }
    if (failed) return refuse(folder, "cannot be read: " + failed.message(), true);
    if (paths.empty()) return refuse(folder, "holds no .yaml, .yml or .json file", false);
    std::ranges::sort(paths);
    for (const auto& path : paths) take_file(path);
  }

  void take_file(const std::string& path) {
    if (is_repeated(path)) return;
    const std::string name = path == "-" ? "standard input" : path;
    auto manifests = contents_of(path).and_then(
        [](const std::string& text) { return api::read_manifests(text); });
    if (!manifests) {
      files.problems.push_back(problem_of(name, manifests.error()));
      return;
    }
    for (auto& manifest : *manifests)
      files.manifests.push_back({.file = name, .manifest = std::move(manifest)});
  }

  void refuse(const std::string& path, std::string message, bool missing) {
    files.problems.push_back(
        {.file = path, .line = 0, .message = std::move(message), .missing = missing});
  }

  /// Whether that file was read before, by whatever spelling of its path.
  bool is_repeated(const std::string& path) {
    std::error_code failed;
    const auto canonical = path == "-" ? fs::path(path) : fs::canonical(path, failed);
    if (failed || read_.insert(canonical.string()).second) return false;
    repeated_ = true;
    return true;
  }

  std::set<std::string> read_;  // canonical paths
  bool repeated_ = false;       // something below the path that is taken was read before
};

bool is_name(std::string_view text) {
  const auto is_edge = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= 253 && is_edge(text.front()) && is_edge(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return is_edge(c) || c == '-' || c == '.'; });
}

}  // namespace

ManifestFiles read_manifest_files(const std::vector<std::string>& paths) {
  Reader reader;
  for (const auto& path : paths) reader.take(path);
  return std::move(reader.files);
}

std::string short_text_at(const json& object, MemberPath path) {
  return capped(escaped(text_at(object, path)), 253);
}

std::string title_of(const json& object) {
  const auto ns = short_text_at(object, {"metadata", "namespace"});
  return fmt::format("{} '{}{}{}'", short_text_at(object, {"kind"}), ns, ns.empty() ? "" : "/",
                     short_text_at(object, {"metadata", "name"}));
}

std::optional<api::Kind> own_kind_of(const json& object) {
  if (short_text_at(object, {"apiVersion"}) != api::api_version) return std::nullopt;
  return api::kind_of(short_text_at(object, {"kind"}));
}

namespace {

std::vector<std::string_view> known_kinds() {
  std::vector<std::string_view> words;
  for (const auto kind : api::all_kinds) words.push_back(api::names_of(kind).kind);
  return words;
}

}  // namespace

std::optional<std::vector<api::FieldError>> manifest_errors(const json& object) {
  const auto version = short_text_at(object, {"apiVersion"});
  if (version.empty() && api::kind_of(short_text_at(object, {"kind"})))
    return std::vector<api::FieldError>{
        {.path = "apiVersion",
         .value = {},
         .problem = "is required",
         .remedy = fmt::format("write {}", api::api_version)}};
  if (!version.starts_with(std::string(api::group) + "/")) return std::nullopt;
  if (version != api::api_version)
    return std::vector<api::FieldError>{
        {.path = "apiVersion",
         .value = version,
         .problem = fmt::format("must be {}", api::api_version),
         .remedy = "write that version, or use the program that serves this one"}};
  const auto kind = own_kind_of(object);
  if (!kind)
    return std::vector<api::FieldError>{
        {.path = "kind",
         .value = short_text_at(object, {"kind"}),
         .problem = fmt::format("must be one of {}", fmt::join(known_kinds(), ", ")),
         .remedy = "check the spelling"}};
  auto errors = api::errors_of(*kind, object, api::UnknownFields::Report);
  const auto name = short_text_at(object, {"metadata", "name"});
  const bool named = !name.empty() || !short_text_at(object, {"metadata", "generateName"}).empty();
  const bool told = std::ranges::any_of(
      errors, [](const auto& error) { return error.path.starts_with("metadata"); });
  if (!told && (!named || (!name.empty() && !is_name(name))))
    errors.insert(errors.begin(),
                  {.path = "metadata.name",
                   .value = name,
                   .problem = named ? "must be lower-case letters, digits, '-' and '.'"
                                    : "is required",
                   .remedy = "for example llm-server"});
  std::ranges::move(api::envelope_errors(object), std::back_inserter(errors));
  return errors;
}

std::string place(const std::string& file, int line) {
  return line > 0 ? fmt::format("{}:{}", file, line) : file;
}

}  // namespace poolscaler::app
