// The house's rules, checked on the whole tree at once: each test lists every finding and what to
// do instead. An exception is one line below with its reason; one that is not needed is a finding.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <span>
#include <sstream>

#include <gtest/gtest.h>

#include "source_tree.hpp"
#include "support/checkout.hpp"

namespace poolscaler::tidy {
namespace {

const std::filesystem::path root = in_checkout("");

const std::vector<SourceFile>& tree() {
  static const auto files = read_tree(root);
  return files;
}

/// A room includes rooms of lower floors only.
const std::map<std::string, int> floors = {
    {"base", 0},       {"domain", 1},        {"json", 1},          {"engine", 2},
    {"api", 2},        {"ports", 2},         {"telemetry", 2},
    {"query", 3},      {"kube", 3},          {"explain", 3},
    {"convert", 3},    {"controllers", 4},   {"simulation/peers", 3},
    {"money", 2},        {"capacity", 3},
    {"simulation/replay", 4},
    {"simulation", 5}, {"adapters/http", 5}, {"adapters/prometheus", 5},
    {"app", 6}};

struct Exception {
  std::string_view path;  // a file, or a folder with '/' at its end
  std::string_view what;  // the word, library or limit it is excused from
  std::string_view why;
};

/// Exceptions for one rule, and which of them were needed.
class Excused {
 public:
  explicit Excused(std::span<const Exception> list) : list_(list) {}

  bool covers(const SourceFile& file, std::string_view what) {
    for (const auto& exception : list_)
      if (exception.what == what && (file.path == exception.path ||
                                     (exception.path.ends_with('/') &&
                                      file.path.starts_with(exception.path)))) {
        needed_.insert(&exception);
        return true;
      }
    return false;
  }

  /// The exceptions for single files that excuse nothing any more.
  [[nodiscard]] std::string leftovers() const {
    std::string text;
    for (const auto& exception : list_)
      if (!exception.path.ends_with('/') && !needed_.contains(&exception))
        text += std::string(exception.path) + ": needs no exception for '" +
                std::string(exception.what) + "' any more: delete its line in tidy_test.cpp\n";
    return text;
  }

 private:
  std::span<const Exception> list_;
  std::set<const Exception*> needed_;
};

std::string at(const SourceFile& file, std::size_t line) {
  return file.path + ":" + std::to_string(line) + ": ";
}

void expect_none(const std::string& findings) { EXPECT_TRUE(findings.empty()) << findings; }

TEST(Tidy, RoomsIncludeLowerFloorsOnly) {
  std::string findings;
  for (const auto& file : tree()) {
    const auto room = file.room();
    if (room.empty()) continue;
    if (!floors.contains(room)) {
      findings += file.path + ": room '" + room + "' has no floor: give it one in tidy_test.cpp\n";
      continue;
    }
    for (const auto& include : includes_of(file)) {
      if (!include.quoted) continue;
      if (!include.target.starts_with("poolscaler/")) {
        if (!std::filesystem::exists(root / "src" / room / include.target))
          findings += at(file, include.line) + "'" + include.target +
                      "' is no header of this room: include doors as poolscaler/<room>/...\n";
        continue;
      }
      const SourceFile door{.path = "include/" + include.target, .lines = {}, .code = {}};
      const auto other = floors.find(door.room());
      if (other == floors.end())
        findings += at(file, include.line) + "'" + include.target + "' belongs to no room\n";
      else if (other->first != room && other->second >= floors.at(room))
        findings += at(file, include.line) + room + " (floor " +
                    std::to_string(floors.at(room)) + ") includes " + other->first + " (floor " +
                    std::to_string(other->second) + "): move it down or pass data instead\n";
    }
  }
  expect_none(findings);
}

struct Library {
  std::string_view prefix;               // of what is included
  std::vector<std::string_view> places;  // path prefixes that may include it; empty: everywhere
  bool in_headers;
};

const std::vector<Library> libraries = {
    {"cpprest/", {"src/adapters/http/"}, true},
    {"pplx/", {"src/adapters/http/"}, true},
    {"microhttpd.h", {"src/adapters/http/"}, true},
    {"spdlog/", {"src/telemetry/"}, false},
    {"prometheus/", {"src/telemetry/", "include/poolscaler/telemetry/"}, true},
    {"CLI/", {"src/app/"}, false},
    {"date/", {"src/api/"}, false},
    {"yaml-cpp/", {"src/api/", "src/kube/"}, false},
    {"nlohmann/json.hpp", {}, false},
    {"benchmark/", {"tests/bench/"}, true},
};

const std::vector<Exception> library_exceptions = {
    {"include/poolscaler/api/manifests.hpp", "nlohmann/json.hpp", "holds objects by value"},
    {"include/poolscaler/json/instances.hpp", "nlohmann/json.hpp", "tells what is compiled once"},
    {"src/api/enum_words.hpp", "nlohmann/json.hpp", "a table of one .cpp file"},
    {"src/convert/draft.hpp", "nlohmann/json.hpp", "holds objects by value, inside one room"},
    {"src/kube/watch_decoder.hpp", "nlohmann/json.hpp", "holds objects by value, inside one room"},
};

TEST(Tidy, LibrariesStayInTheirRooms) {
  Excused excused(library_exceptions);
  std::string findings;
  for (const auto& file : tree())
    for (const auto& include : includes_of(file))
      for (const auto& library : libraries) {
        if (!include.target.starts_with(library.prefix)) continue;
        const bool placed =
            file.is_test() || library.places.empty() ||
            std::ranges::any_of(library.places,
                                [&](auto place) { return file.path.starts_with(place); });
        if (!placed)
          findings += at(file, include.line) + "<" + include.target + "> belongs in " +
                      std::string(library.places.front()) + ": go through its door\n";
        if (file.is_header() && !library.in_headers && !file.is_test() &&
            !excused.covers(file, include.target))
          findings += at(file, include.line) + "<" + include.target +
                      "> is heavy: include it in .cpp files only (json: nlohmann/json_fwd.hpp)\n";
      }
  expect_none(findings + excused.leftovers());
}

TEST(Tidy, PureRoomsSeeNothingOfTheWorld) {
  const std::set<std::string> forbidden = {"iostream", "fstream", "thread", "mutex",  "filesystem",
                                           "random",   "ctime",   "future", "atomic", "cstdio"};
  std::string findings;
  for (const auto& file : tree()) {
    const std::set<std::string> pure = {"domain", "engine", "money", "capacity"};
    if (!pure.contains(file.room())) continue;
    for (const auto& include : includes_of(file)) {
      const bool foreign = include.quoted
                               ? include.target.starts_with("poolscaler/json/")
                               : include.target.find('/') != std::string::npos &&
                                     !include.target.starts_with("fmt/");
      if (forbidden.contains(include.target) || foreign)
        findings += at(file, include.line) + "<" + include.target +
                    ">: decisions are pure; take what it gives as data\n";
    }
  }
  expect_none(findings);
}

struct Ban {
  std::string_view word;
  std::string_view instead;
  bool in_tests;
};

const std::vector<Ban> bans = {
    {"system_clock::now", "take an Instant, or a Clock in runtime code", true},
    {"steady_clock::now", "use Clock::monotonic()", false},
    {"random_device", "take a seed", true},
    {"getenv", "take it as an option in app", false},
    {"this_thread::sleep_for", "use Clock::sleep_for, which a stop request ends", true},
    {"std::cout", "return text; app prints it", false},
    {"std::cerr", "return an Error or use the log", false},
    {"printf(", "use fmt", false},
    {"using namespace std", "name what you use", true},
    {"web::json", "use nlohmann::json", true},
    {"std::regex", "parse by hand: std::regex overflows the stack on long input", false},
    {"std::rand", "take a seed", true},
    {"const_cast", "make the data mutable where it is owned", true},
    {"std::endl", "use '\\n'", true},
};

const std::vector<Exception> ban_exceptions = {
    {"src/base/clock.cpp", "system_clock::now", "it is the clock"},
    {"src/adapters/", "steady_clock::now", "deadlines of sockets"},
    {"src/adapters/", "getenv", "the edge of the process"},
    {"src/app/", "steady_clock::now", "the edge of the process"},
    {"src/app/", "system_clock::now", "the edge of the process"},
    {"src/app/", "getenv", "the edge of the process"},
    {"src/app/", "std::cout", "it prints"},
    {"src/app/", "std::cerr", "it prints"},
    {"src/app/", "printf(", "it prints"},
    {"src/app/run.cpp", "random_device", "makes up the identity of this process"},
    {"src/telemetry/", "std::cout", "the log's sink"},
    {"src/telemetry/", "std::cerr", "the log's sink"},
    {"tests/e2e/", "this_thread::sleep_for", "waits for other processes"},
    {"tests/contract/", "this_thread::sleep_for", "waits for other processes"},
    {"tests/bench/", "this_thread::sleep_for", "waits for other processes"},
    {"tests/controlplane/", "this_thread::sleep_for", "waits for other processes"},
    {"tests/bench/", "system_clock::now", "measures other processes"},
    {"tests/e2e/", "system_clock::now", "measures other processes"},
    {"tests/controlplane/", "system_clock::now", "measures other processes"},
};

/// `word` at `position` is no part of a longer name, and no namespace is opened further by it.
bool stands_alone(const std::string& code, std::size_t position, std::string_view word) {
  if (position > 0 && is_name_character(code[position - 1])) return false;
  const auto end = position + word.size();
  if (end >= code.size() || !is_name_character(word.back())) return true;
  return !is_name_character(code[end]) && !(word == "using namespace std" && code[end] == ':');
}

TEST(Tidy, BannedWordsAreNotUsed) {
  Excused excused(ban_exceptions);
  std::string findings;
  for (const auto& file : tree())
    for (std::size_t i = 0; i < file.code.size(); ++i)
      for (const auto& ban : bans) {
        if (file.is_test() && !ban.in_tests) continue;
        const auto position = file.code[i].find(ban.word);
        if (position == std::string::npos || !stands_alone(file.code[i], position, ban.word))
          continue;
        if (!excused.covers(file, ban.word))
          findings += at(file, i + 1) + "'" + std::string(ban.word) + "': " +
                      std::string(ban.instead) + "\n";
      }
  expect_none(findings + excused.leftovers());
}

TEST(Tidy, NothingIsLeftLyingAround) {
  // In two pieces each, so that this file does not find itself.
  const std::vector<std::string> marks = {"FIX" "ME", "TO" "DO", "XX" "X", "HA" "CK",
                                          "place" "holder"};
  std::string findings;
  for (const auto& file : tree()) {
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      for (const auto& mark : marks) {
        const auto position = file.lines[i].find(mark);
        if (position != std::string::npos && stands_alone(file.lines[i], position, mark))
          findings += at(file, i + 1) + "'" + mark + "' is left: do it or delete it\n";
      }
    if (file.path.find(marks.back()) != std::string::npos)
      findings += file.path + ": is left from the first skeleton: delete it\n";
  }
  expect_none(findings);
}

TEST(Tidy, NamesSayWhatThingsAre) {
  const std::set<std::string> empty_words = {"util",    "utils", "helper",  "helpers", "common",
                                             "manager", "misc",  "managers"};
  std::string findings;
  for (const auto& file : tree())
    for (const auto& part : std::filesystem::path(file.path)) {
      std::istringstream words(part.stem().string());
      for (std::string word; std::getline(words, word, '_');)
        if (empty_words.contains(word))
          findings += file.path + ": '" + word + "' says nothing: name the subject\n";
    }
  expect_none(findings);
}

constexpr std::size_t header_lines_max = 250;
constexpr std::size_t source_lines_max = 500;
constexpr std::size_t test_lines_max = 600;
constexpr std::size_t function_lines_max = 70;
constexpr std::size_t parameters_max = 5;
constexpr std::size_t columns_max = 100;

const std::vector<Exception> size_exceptions = {};

TEST(Tidy, FilesAreShort) {
  Excused excused(size_exceptions);
  std::string findings;
  for (const auto& file : tree()) {
    const auto limit = file.is_test()     ? test_lines_max
                       : file.is_header() ? header_lines_max
                                          : source_lines_max;
    if (file.lines.size() > limit && !excused.covers(file, "lines"))
      findings += file.path + ": " + std::to_string(file.lines.size()) + " lines, at most " +
                  std::to_string(limit) + ": split it by subject\n";
  }
  expect_none(findings + excused.leftovers());
}

TEST(Tidy, LinesFitAScreen) {
  std::string findings;
  for (const auto& file : tree())
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto& line = file.lines[i];
      const auto columns = static_cast<std::size_t>(std::ranges::count_if(
          line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
      if (columns > columns_max)
        findings += at(file, i + 1) + std::to_string(columns) + " columns, at most 100\n";
      if (line.find('\t') != std::string::npos) findings += at(file, i + 1) + "a tab\n";
      if (line.ends_with(' ') || line.ends_with('\r'))
        findings += at(file, i + 1) + "blanks at the end of the line\n";
    }
  expect_none(findings);
}

const std::vector<Exception> parameter_exceptions = {
    {"src/adapters/http/lane.cpp", "parameters", "the library's callback has them"},
    {"src/adapters/http/server.cpp", "parameters", "the library's callback has them"},
};

TEST(Tidy, FunctionsAreShort) {
  Excused excused(parameter_exceptions);
  std::string findings;
  for (const auto& file : tree())
    for (const auto& function : functions_of(file)) {
      if (function.lines > function_lines_max)
        findings += at(file, function.line) + std::to_string(function.lines) +
                    " lines, at most 70: name its steps: " + function.head + "\n";
      if (function.parameters > parameters_max && !excused.covers(file, "parameters"))
        findings += at(file, function.line) + std::to_string(function.parameters) +
                    " parameters, at most 5: pass a struct: " + function.head + "\n";
    }
  expect_none(findings + excused.leftovers());
}

TEST(Tidy, HeadersSayWhatTheyAreFor) {
  std::string findings;
  for (const auto& file : tree()) {
    if (!file.is_header()) continue;
    if (file.lines.empty() || !file.lines.front().starts_with("//"))
      findings += file.path + ": opens without saying what it is for\n";
    if (std::ranges::find(file.lines, "#pragma once") == file.lines.end())
      findings += file.path + ": has no #pragma once\n";
  }
  expect_none(findings);
}

/// The CMakeLists.txt of the file's folder or of one above it names the file.
bool is_built(const SourceFile& file) {
  const std::filesystem::path path(file.path);
  for (auto folder = path.parent_path(); !folder.empty(); folder = folder.parent_path()) {
    std::ostringstream text;
    text << std::ifstream(root / folder / "CMakeLists.txt").rdbuf();
    std::istringstream words(text.str());
    const auto name = path.lexically_relative(folder).string();
    for (std::string word; words >> word;) {
      while (word.ends_with(')')) word.pop_back();
      if (word == name) return true;
    }
  }
  return false;
}

TEST(Tidy, EverySourceIsBuilt) {
  std::string findings;
  for (const auto& file : tree())
    if (!file.is_header() && !is_built(file))
      findings += file.path + ": no CMakeLists.txt names it: list it or delete it\n";
  expect_none(findings);
}

TEST(Tidy, EveryHeaderIsIncluded) {
  std::set<std::string> included;
  for (const auto& file : tree())
    for (const auto& include : includes_of(file))
      included.insert(std::filesystem::path(include.target).filename().string());
  std::string findings;
  for (const auto& file : tree())
    if (file.is_header() && !included.contains(std::filesystem::path(file.path).filename()))
      findings += file.path + ": nothing includes it: delete it\n";
  expect_none(findings);
}

struct Fault {
  std::string name{};
  std::string file{};
  std::string old{};  // the lines that it replaces
};

/// tests/mutation/faults.txt, as scripts/mutation.sh reads it.
std::vector<Fault> faults() {
  std::ifstream in(root / "tests/mutation/faults.txt");
  std::vector<Fault> found;
  for (std::string line; std::getline(in, line);) {
    const std::string_view text = line;
    if (text.starts_with("fault: ")) found.push_back({.name = line.substr(7)});
    if (found.empty()) continue;
    if (text.starts_with("file: ")) found.back().file = line.substr(6);
    if (text == "-" || text.starts_with("- ")) {
      if (!found.back().old.empty()) found.back().old += '\n';
      found.back().old += line.substr(std::min<std::size_t>(line.size(), 2));
    }
  }
  return found;
}

TEST(Tidy, DeliberateFaultsFitTheirSources) {
  std::string findings;
  for (const auto& fault : faults()) {
    std::ifstream in(root / fault.file);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    const auto first = text.find(fault.old);
    if (fault.old.empty() || first == std::string::npos ||
        text.find(fault.old, first + 1) != std::string::npos)
      findings += "tests/mutation/faults.txt: '" + fault.name + "' does not stand once in " +
                  fault.file + ": write it as the source is now\n";
  }
  expect_none(findings);
}

TEST(SourceTree, SeesCodeWithoutProse) {
  const auto file = read_source("src/engine/a.cpp",
                                "int a = 1'000; // getenv\nauto s = \"getenv \\\" x\"; /* b\nc */\n"
                                "auto r = R\"(getenv)\"; int b;\n");
  EXPECT_EQ(file.code[0], "int a = 1'000;          ");
  EXPECT_EQ(file.code[1].find("getenv"), std::string::npos);
  EXPECT_EQ(file.code[2], "    ");
  EXPECT_NE(file.code[3].find("int b;"), std::string::npos);
  EXPECT_EQ(file.room(), "engine");
}

TEST(SourceTree, MeasuresFunctions) {
  const auto file = read_source("src/engine/a.cpp",
                                "namespace n {\nstruct S { int a = 0; };\n"
                                "int f(int a, std::map<int, int> b,\n      int c = g(1, 2)) {\n"
                                "  if (a) {\n    return 1;\n  }\n  return 2;\n}\n"
                                "const S s = {.a = (1)};\nvoid g() {}\n}\n");
  const auto functions = functions_of(file);
  ASSERT_EQ(functions.size(), 2U);
  EXPECT_EQ(functions[0].line, 3U);
  EXPECT_EQ(functions[0].lines, 7U);
  EXPECT_EQ(functions[0].parameters, 3U);
  EXPECT_EQ(functions[1].lines, 1U);
  EXPECT_EQ(functions[1].parameters, 0U);
}

}  // namespace
}  // namespace poolscaler::tidy
