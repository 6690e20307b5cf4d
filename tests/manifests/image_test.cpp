// The image's run-time packages against the program: whatever the dynamic linker loads must come
// with the [runtime] part of scripts/packages.txt, and nothing is listed there without a use.
#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "manifests/generated_files.hpp"
#include "support/process.hpp"

namespace poolscaler {
namespace {

std::set<std::string> runtime_packages() {
  std::istringstream lines(file_text(source_path("scripts/packages.txt")));
  std::set<std::string> packages;
  bool is_runtime = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("[")) is_runtime = line == "[runtime]";
    else if (is_runtime && !line.empty() && line[0] != '#') packages.insert(line);
  }
  return packages;
}

/// Files that the dynamic linker loads for the program.
std::vector<std::string> loaded_files() {
  const auto ldd = rig::run({"ldd", POOLSCALER_BINARY});
  EXPECT_EQ(ldd.exit_code, 0) << ldd.err;
  std::istringstream lines(ldd.out);
  std::vector<std::string> files;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_EQ(line.find("not found"), std::string::npos) << line;
    const auto arrow = line.find("=> /");
    if (arrow == std::string::npos) continue;
    const auto path = line.substr(arrow + 3, line.find(" (", arrow) - arrow - 3);
    files.push_back(rig::fs::canonical(path).string());
  }
  return files;
}

/// The packages that own these files; files of no package are left out.
std::map<std::string, std::string> owners_of(const std::vector<std::string>& files) {
  std::vector<std::string> argv{"dpkg-query", "-S"};
  for (const auto& file : files) {
    argv.push_back(file);
    // Since /lib became a link to /usr/lib, packages list their files under either.
    if (file.starts_with("/usr")) argv.push_back(file.substr(4));
  }
  std::istringstream lines(rig::run(argv).out);
  std::map<std::string, std::string> owners;
  for (std::string line; std::getline(lines, line);)
    owners[line.substr(line.find(": ") + 2)] = line.substr(0, line.find(':'));
  return owners;
}

/// `packages` and all that they depend on, as far as it is installed here.
std::set<std::string> with_dependencies(const std::set<std::string>& packages) {
  std::map<std::string, std::string> depends;
  std::istringstream lines(
      rig::run({"dpkg-query", "-W", "-f", "${Package}\t${Depends}, ${Pre-Depends}\n"}).out);
  for (std::string line; std::getline(lines, line);)
    depends[line.substr(0, line.find('\t'))] = line.substr(line.find('\t') + 1);
  std::set<std::string> all;
  std::vector<std::string> open(packages.begin(), packages.end());
  while (!open.empty()) {
    const auto package = open.back();
    open.pop_back();
    if (!all.insert(package).second) continue;
    std::istringstream parts(depends[package]);
    for (std::string part; std::getline(parts, part, ',');) {
      const auto begin = part.find_first_not_of(' ');
      if (begin == std::string::npos) continue;
      open.push_back(part.substr(begin, part.find_first_of(" (:|", begin) - begin));
    }
  }
  return all;
}

class Image : public ::testing::Test {
 protected:
  void SetUp() override {
    if (rig::find_program("dpkg-query").empty() || rig::find_program("ldd").empty())
      GTEST_SKIP() << "no dpkg here: the image's packages were not checked";
  }
};

TEST_F(Image, HasAPackageForEveryLibraryThatTheProgramLoads) {
  const auto available = with_dependencies(runtime_packages());
  for (const auto& [file, owner] : owners_of(loaded_files()))
    EXPECT_TRUE(available.contains(owner)) << file << " is of " << owner;
}

TEST_F(Image, HasNoPackageWithoutAUse) {
  std::set<std::string> used = {"ca-certificates", "tzdata"};
  for (const auto& [file, owner] : owners_of(loaded_files())) used.insert(owner);
  for (const auto& package : runtime_packages())
    EXPECT_TRUE(used.contains(package)) << package << " is not needed at run time";
}

TEST(Program, KnowsEveryFlagOfItsPod) {
  const auto help = rig::run({POOLSCALER_BINARY, "run", "--help"}).out;
  const auto objects = api::read_yaml(file_text(source_path("deploy/poolscaler.yaml"))).value();
  int flags = 0;
  for (const auto& object : objects) {
    if (object["kind"] != "Deployment") continue;
    for (const std::string argument : object["spec"]["template"]["spec"]["containers"][0]["args"]) {
      if (!argument.starts_with("--")) continue;
      EXPECT_THAT(help, testing::HasSubstr(argument.substr(0, argument.find('=')) + " "));
      ++flags;
    }
  }
  EXPECT_GE(flags, 6);
}

TEST(Dockerfile, RunsAsNobodyFromTheListedPackages) {
  const auto text = file_text(source_path("Dockerfile"));
  for (const auto* line :
       {"FROM debian:bookworm-slim AS build", "install_packages.sh build",
        "install_packages.sh runtime", "USER 65532:65532",
        "ENTRYPOINT [\"/usr/local/bin/poolscaler\"]", "CMD [\"run\"]"})
    EXPECT_THAT(text, testing::HasSubstr(line));
}

}  // namespace
}  // namespace poolscaler
