#include <algorithm>

#include "poolscaler/ports/http_transport.hpp"

namespace poolscaler {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string_view name_of(HttpMethod method) {
  switch (method) {
    case HttpMethod::Get: return "GET";
    case HttpMethod::Post: return "POST";
    case HttpMethod::Put: return "PUT";
    case HttpMethod::Patch: return "PATCH";
    case HttpMethod::Delete: return "DELETE";
  }
  return "GET";
}

std::string_view HttpResponse::header(std::string_view name) const {
  const auto same = [&](const HttpHeader& candidate) {
    return std::ranges::equal(candidate.name, name,
                              [](char a, char b) { return lower(a) == lower(b); });
  };
  const auto found = std::ranges::find_if(headers, same);
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

}  // namespace poolscaler
