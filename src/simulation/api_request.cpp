#include "api_request.hpp"

#include <algorithm>
#include <vector>

#include "poolscaler/base/text.hpp"

namespace poolscaler::simulation {
namespace {

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto segment = path.substr(0, slash);
    if (!segment.empty()) segments.push_back(segment);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return segments;
}

std::string header_of(const ServerRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string() : found->second;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

/// Accept lists media types in order of preference; the first that we can serve wins.
Outcome<View> view_of(const std::string& accept) {
  if (accept.empty()) return View::Whole;
  std::string_view rest(accept);
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const auto type = lower_case(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const bool json = type.find("application/json") != std::string::npos;
    if (json && type.find("as=table") != std::string::npos &&
        type.find("v=v1beta1") == std::string::npos)
      return View::Table;
    if (json && type.find("as=partialobjectmetadata") != std::string::npos)
      return View::MetadataOnly;
    if (json && type.find("as=") == std::string::npos) return View::Whole;
    if (type.find("*/*") != std::string::npos || type.find("application/*") != std::string::npos)
      return View::Whole;
  }
  return refuse({.code = 406,
                 .reason = "NotAcceptable",
                 .message = "only the following media types are accepted: application/json"});
}

std::optional<Verb> verb_of(std::string_view method, bool named, bool watching) {
  if (method == "GET" || method == "HEAD") {
    if (watching) return Verb::Watch;
    return named ? Verb::Get : Verb::List;
  }
  if (method == "POST") return Verb::Create;
  if (method == "PUT") return Verb::Update;
  if (method == "PATCH") return Verb::Patch;
  if (method == "DELETE") return named ? Verb::Delete : Verb::DeleteCollection;
  return std::nullopt;
}

/// Fills group, version, namespace, resource, name and subresource; false when it is another path.
bool read_path(std::vector<std::string_view> segments, ApiRequest& out) {
  std::size_t at = 0;
  if (segments.size() >= 3 && segments[0] == "api") {
    out.version = segments[1];
    at = 2;
  } else if (segments.size() >= 4 && segments[0] == "apis") {
    out.group = segments[1];
    out.version = segments[2];
    at = 3;
  } else {
    return false;
  }
  const std::size_t left = segments.size() - at;
  const bool inside = segments[at] == "namespaces" && left >= 3 && segments[at + 2] != "status" &&
                      segments[at + 2] != "finalize";
  if (inside) {
    out.ns = segments[at + 1];
    at += 2;
  }
  if (segments.size() - at > 3) return false;
  out.resource = segments[at];
  if (segments.size() > at + 1) out.name = segments[at + 1];
  if (segments.size() > at + 2) out.subresource = segments[at + 2];
  return true;
}

}  // namespace

std::string_view name_of(Verb verb) {
  switch (verb) {
    case Verb::Get: return "get";
    case Verb::List: return "list";
    case Verb::Watch: return "watch";
    case Verb::Create: return "create";
    case Verb::Update: return "update";
    case Verb::Patch: return "patch";
    case Verb::Delete: return "delete";
    case Verb::DeleteCollection: return "deletecollection";
  }
  return "get";
}

std::string_view ApiRequest::parameter(const std::string& parameter_name) const {
  const auto found = query.find(parameter_name);
  return found == query.end() ? std::string_view() : std::string_view(found->second);
}

bool ApiRequest::flag(const std::string& parameter_name) const {
  const auto value = parameter(parameter_name);
  return value == "1" || value == "true";
}

std::string ApiRequest::resource_path() const {
  return subresource.empty() ? resource : resource + "/" + subresource;
}

std::map<std::string, std::string> read_query(std::string_view query) {
  std::map<std::string, std::string> values;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const auto equals = pair.find('=');
    std::string name(pair.substr(0, equals));
    std::string value(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    std::ranges::replace(name, '+', ' ');
    std::ranges::replace(value, '+', ' ');
    if (!pair.empty()) values.try_emplace(percent_decoded(name), percent_decoded(value));
  }
  return values;
}

std::optional<Outcome<ApiRequest>> read_api_request(const ServerRequest& request) {
  ApiRequest out{.verb = Verb::Get,
                 .group = {},
                 .version = {},
                 .resource = {},
                 .ns = {},
                 .name = {},
                 .subresource = {},
                 .query = read_query(request.query),
                 .content_type = {},
                 .agent = {},
                 .body = request.body};
  if (!read_path(segments_of(request.path), out)) return std::nullopt;
  // A watch of one object is a watch of its collection that selects the name.
  const bool watching = out.flag("watch") && out.subresource.empty();
  const auto verb = verb_of(request.method, !out.name.empty(), watching);
  if (!verb) return refuse(method_not_allowed());
  out.verb = *verb;
  if (watching && !out.name.empty()) {
    out.query["fieldSelector"] = "metadata.name=" + out.name;
    out.name.clear();
  }
  const auto view = view_of(header_of(request, "accept"));
  if (!view) return refuse(view.error());
  out.view = *view;
  const auto type = lower_case(header_of(request, "content-type"));
  out.content_type = type.substr(0, type.find(';'));
  while (out.content_type.ends_with(' ')) out.content_type.pop_back();
  const auto agent = header_of(request, "user-agent");
  out.agent = agent.empty() ? "unknown" : capped(agent.substr(0, agent.find('/')), 128);
  return out;
}

}  // namespace poolscaler::simulation
