#include "source_tree.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <optional>
#include <sstream>

namespace poolscaler::tidy {
namespace {

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

/// Where the literal or comment that begins at `at` ends (one past), or nothing when none begins.
std::optional<std::size_t> end_of_prose(std::string_view text, std::size_t at) {
  const auto rest = text.substr(at);
  const auto after = [&](std::size_t position, std::size_t length) {
    return position == std::string_view::npos ? text.size() : position + length;
  };
  if (rest.starts_with("//")) return after(text.find('\n', at), 0);
  if (rest.starts_with("/*")) return after(text.find("*/", at + 2), 2);
  if (rest.starts_with("R\"") && (at == 0 || !is_name_character(text[at - 1]))) {
    const auto open = text.find('(', at);
    if (open == std::string_view::npos) return text.size();
    const auto mark = ")" + std::string(text.substr(at + 2, open - at - 2)) + "\"";
    return after(text.find(mark, open), mark.size());
  }
  const char quote = text[at];
  const bool digit_separator = quote == '\'' && at > 0 && is_name_character(text[at - 1]);
  if ((quote != '"' && quote != '\'') || digit_separator) return std::nullopt;
  auto end = at + 1;
  while (end < text.size() && text[end] != quote && text[end] != '\n')
    end += text[end] == '\\' ? 2U : 1U;
  return std::min(end + 1, text.size());
}

std::string without_prose(std::string_view text) {
  std::string code(text);
  for (std::size_t i = 0; i < text.size();) {
    const auto end = end_of_prose(text, i);
    if (!end) {
      ++i;
      continue;
    }
    for (; i < *end; ++i)
      if (code[i] != '\n') code[i] = ' ';
  }
  return code;
}

std::string trimmed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n';
    if (!blank || (!out.empty() && out.back() != ' ')) out += blank ? ' ' : c;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string first_word(std::string_view head) {
  const auto* const end = std::find_if_not(head.begin(), head.end(), is_name_character);
  return {head.begin(), end};
}

/// A head with a parameter list that opens no type, namespace, initialiser or control block.
bool opens_function(const std::string& head) {
  static constexpr std::array others = {"namespace", "class", "struct", "enum",   "union",
                                        "if",        "for",   "while",  "switch", "catch",
                                        "do",        "else",  "try",    "extern", "return"};
  const auto paren = head.find('(');
  if (paren == std::string::npos || head.find('=') < paren) return false;
  return std::ranges::find(others, first_word(head)) == others.end();
}

/// Commas of the first parenthesis that stand outside every bracket within it.
std::size_t parameters_of(const std::string& head) {
  auto at = head.find('(');
  if (head.compare(0, 8, "operator") == 0) at = head.find('(', at + 1);
  int depth = 0;
  std::size_t count = 0;
  bool any = false;
  for (; at < head.size(); ++at) {
    const char c = head[at];
    if (c == '(' || c == '<' || c == '{' || c == '[') ++depth;
    if (c == ')' || c == '>' || c == '}' || c == ']') --depth;
    if (depth == 0) break;
    if (c == ',' && depth == 1) ++count;
    any = any || is_name_character(c);
  }
  return any ? count + 1 : 0;
}

/// Rooms that have a folder of their own inside another folder.
bool is_nested(std::string_view path) {
  return path.starts_with("adapters/") || path.starts_with("simulation/peers/") ||
         path.starts_with("simulation/replay/");
}

}  // namespace

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

std::string SourceFile::room() const {
  std::string_view rest = path;
  for (const std::string_view tree : {"src/", "include/poolscaler/"})
    if (rest.starts_with(tree)) {
      rest.remove_prefix(tree.size());
      auto end = rest.find('/');
      if (is_nested(rest)) end = rest.find('/', end + 1);
      return end == std::string_view::npos ? "" : std::string(rest.substr(0, end));
    }
  return "";
}

SourceFile read_source(std::string path, std::string_view text) {
  return {.path = std::move(path),
          .lines = split_lines(text),
          .code = split_lines(without_prose(text))};
}

std::vector<SourceFile> read_tree(const std::filesystem::path& root) {
  std::vector<SourceFile> files;
  for (const auto* tree : {"include", "src", "tests"})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / tree)) {
      const auto extension = entry.path().extension();
      if (!entry.is_regular_file() || (extension != ".hpp" && extension != ".cpp")) continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      files.push_back(read_source(entry.path().lexically_relative(root).string(), text.str()));
    }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

std::vector<Include> includes_of(const SourceFile& file) {
  std::vector<Include> includes;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string_view line = file.lines[i];
    if (!line.starts_with("#include ")) continue;
    const auto open = line.find_first_of("\"<");
    const auto close = line.find_last_of("\">");
    if (open == std::string_view::npos || close <= open) continue;
    includes.push_back({.line = i + 1,
                        .target = std::string(line.substr(open + 1, close - open - 1)),
                        .quoted = line[open] == '"'});
  }
  return includes;
}

std::vector<FunctionBody> functions_of(const SourceFile& file) {
  std::vector<FunctionBody> functions;
  std::string head;
  std::size_t head_line = 0;
  std::size_t line = 0;
  int depth = 0;                 // of braces
  int parens = 0;                // braces within them are initialisers or lambdas of the head
  std::optional<int> body_from;  // the depth outside the function that is open
  bool in_directive = false;
  for (const auto& text : file.code) {
    ++line;
    in_directive = text.starts_with("#") || (in_directive && file.code[line - 2].ends_with('\\'));
    if (in_directive) continue;
    for (const char c : text + '\n') {
      if (body_from) {
        if (c == '{') ++depth;
        if (c == '}' && --depth == *body_from) {
          functions.back().lines = line - functions.back().line + 1;
          body_from.reset();
          head.clear();
        }
        continue;
      }
      if (c == '(') ++parens;
      if (c == ')') --parens;
      if (parens == 0 && (c == ';' || c == '}' || c == '{')) {
        const auto whole = trimmed(head);
        if (c == '{' && opens_function(whole)) {
          body_from = depth;
          functions.push_back({.line = head_line,
                               .lines = 0,
                               .parameters = parameters_of(whole),
                               .head = whole.substr(0, 80)});
        }
        depth += c == '{' ? 1 : c == '}' ? -1 : 0;
        head.clear();
        continue;
      }
      if (head.find_first_not_of(" \n") == std::string::npos) head_line = line;
      head += c;
    }
  }
  return functions;
}

}  // namespace poolscaler::tidy
