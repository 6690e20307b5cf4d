// Runs a fuzz target on every file of a folder, so that what a fuzzer has found stays found without
// a fuzzer.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "fuzz/target.hpp"

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i)
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
      const std::vector<std::uint8_t> data(bytes.begin(), bytes.end());
      // Flushed: the last one that is told is the culprit.
      std::cout << entry.path().filename().string() << '\n' << std::flush;
      LLVMFuzzerTestOneInput(data.data(), data.size());
      ++count;
    }
  std::cout << count << " inputs\n";
  return count > 0 ? 0 : 1;
}
