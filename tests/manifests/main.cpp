// manifests_test compares the committed output of the tables with what they say now;
// `manifests_test --update` writes it anew, to be looked at as a diff.
#include <gmock/gmock.h>

#include <cstdio>
#include <string_view>

#include "manifests/generated_files.hpp"

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--update") {
    for (const auto& file : poolscaler::generated_files()) {
      std::filesystem::create_directories(file.path.parent_path());
      std::ofstream(file.path, std::ios::binary) << file.content;
      std::printf("wrote %s\n", file.path.c_str());
    }
    return 0;
  }
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
