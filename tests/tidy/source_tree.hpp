// The source tree as the tidy test reads it: every C++ file under include/, src/ and tests/, with
// its text, and the same text with comments and literals blanked out, so that a rule about code is
// not set off by prose. It understands just enough C++ to find includes and function bodies.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace poolscaler::tidy {

struct SourceFile {
  std::string path;                // from the root, "src/engine/decide.cpp"
  std::vector<std::string> lines;  // as written
  std::vector<std::string> code;   // the same lines, comments and literals blanked

  [[nodiscard]] bool is_header() const { return path.ends_with(".hpp"); }
  [[nodiscard]] bool is_test() const { return path.starts_with("tests/"); }
  /// "engine", "adapters/http"; empty for files of no room (tests).
  [[nodiscard]] std::string room() const;
};

struct Include {
  std::size_t line;  // counted from 1
  std::string target;
  bool quoted;  // "x" rather than <x>
};

struct FunctionBody {
  std::size_t line;   // where its head begins, counted from 1
  std::size_t lines;  // from the head to the closing brace
  std::size_t parameters;
  std::string head;  // in one line
};

/// Letters, digits, underscore.
[[nodiscard]] bool is_name_character(char c);
[[nodiscard]] std::vector<SourceFile> read_tree(const std::filesystem::path& root);
[[nodiscard]] SourceFile read_source(std::string path, std::string_view text);
[[nodiscard]] std::vector<Include> includes_of(const SourceFile& file);
/// The outermost function bodies of a file; lambdas and control blocks belong to theirs.
[[nodiscard]] std::vector<FunctionBody> functions_of(const SourceFile& file);

}  // namespace poolscaler::tidy
