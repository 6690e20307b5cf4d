#include "memory.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

namespace poolscaler::app {
namespace {

struct Mapping {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool of_file = false;  // and never written to through this mapping
};

/// "7f39f000-7f3a0000 r-xp 00001000 fe:00 1234  /usr/lib/libssl.so.3"
Mapping read_mapping(const std::string& line) {
  std::istringstream fields(line);
  Mapping mapping;
  char dash = 0;
  std::string access;
  std::string offset;
  std::string device;
  std::string inode;
  std::string path;
  fields >> std::hex >> mapping.begin >> dash >> mapping.end >> access >> offset >> device >> inode;
  fields >> path;
  mapping.of_file = fields && (access == "r-xp" || access == "r--p") && path.starts_with('/');
  return mapping;
}

}  // namespace

void give_back_heap() { malloc_trim(0); }

void give_back_program() {
  // /proc/self/smaps: the line of a mapping, then lines such as "Anonymous:   12 kB". What was
  // relocated and then protected is anonymous: it exists nowhere else.
  std::ifstream smaps("/proc/self/smaps");
  Mapping mapping;
  for (std::string line; std::getline(smaps, line);) {
    if (line.find('-') < line.find(' ')) {
      mapping = read_mapping(line);
    } else if (mapping.of_file && line.starts_with("Anonymous:")) {
      std::size_t kib = 1;
      std::istringstream(line.substr(sizeof("Anonymous:") - 1)) >> kib;
      if (kib == 0)
        ::madvise(reinterpret_cast<void*>(mapping.begin), mapping.end - mapping.begin,
                  MADV_DONTNEED);
    }
  }
}

}  // namespace poolscaler::app
