#include "manifest_file.hpp"

#include <fstream>
#include <iostream>

#include <fmt/format.h>

namespace poolscaler::app {
namespace {

constexpr std::size_t file_bytes_max = 256u << 10;

}  // namespace

Result<std::string> contents_of(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return fail(ErrorKind::NotFound, fmt::format("'{}' cannot be opened", path));
  }
  std::istream& in = path == "-" ? std::cin : file;
  std::string text(file_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return fail(ErrorKind::InvalidInput, fmt::format("'{}' cannot be read", path));
  if (text.size() > file_bytes_max)
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' is larger than {} KiB, split it", path, file_bytes_max >> 10));
  return text;
}

}  // namespace poolscaler::app
