#include "process.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace poolscaler::telemetry {
namespace {

double boot_time_seconds() {
  std::ifstream stat("/proc/stat");
  std::string word;
  double value = 0;
  for (std::string line; std::getline(stat, line);) {
    std::istringstream fields(line);
    if (fields >> word >> value && word == "btime") return value;
  }
  return 0;
}

double count_entries(const char* folder) {
  DIR* dir = opendir(folder);
  if (dir == nullptr) return 0;
  double count = 0;
  while (readdir(dir) != nullptr) ++count;
  closedir(dir);
  // ".", ".." and the descriptor of this very look.
  return count > 3 ? count - 3 : 0;
}

/// Fields of /proc/self/stat from the third on; the second is a name that may hold spaces.
void read_stat(ProcessFacts& facts) {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return;
  std::istringstream fields(line.substr(name_end + 1));
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  for (int field = 16; field < 22; ++field) fields >> skipped;
  double started = 0;
  double virtual_bytes = 0;
  double resident_pages = 0;
  fields >> started >> virtual_bytes >> resident_pages;
  facts.cpu_seconds = (user + system) / ticks;
  facts.start_time_seconds = boot_time_seconds() + started / ticks;
  facts.virtual_bytes = virtual_bytes;
  facts.resident_bytes = resident_pages * page;
}

}  // namespace

ProcessFacts read_process_facts() {
  ProcessFacts facts;
  read_stat(facts);
  facts.open_fds = count_entries("/proc/self/fd");
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.max_fds = static_cast<double>(limit.rlim_cur);
  return facts;
}

}  // namespace poolscaler::telemetry
