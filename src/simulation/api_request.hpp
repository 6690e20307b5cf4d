// ApiRequest: what a request to the API server asks for, read from its path, query and headers
// once, so that nothing behind it touches text.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api_error.hpp"
#include "poolscaler/ports/http_server.hpp"

namespace poolscaler::simulation {

enum class Verb { Get, List, Watch, Create, Update, Patch, Delete, DeleteCollection };
[[nodiscard]] std::string_view name_of(Verb verb);

enum class View { Whole, Table, MetadataOnly };

struct ApiRequest {
  Verb verb;
  std::string group;
  std::string version;
  std::string resource;
  std::string ns;           // empty: cluster-scoped, or all namespaces
  std::string name;
  std::string subresource;
  std::map<std::string, std::string> query;
  View view = View::Whole;
  std::string content_type; // without parameters, lower case
  std::string agent;        // of the User-Agent, up to the '/': a default field manager
  std::string_view body;

  [[nodiscard]] std::string_view parameter(const std::string& name) const;
  [[nodiscard]] bool flag(const std::string& name) const;  // "1" or "true"
  /// "deployments/scale".
  [[nodiscard]] std::string resource_path() const;
  [[nodiscard]] bool dry_run() const { return !parameter("dryRun").empty(); }
};

/// Nothing for a path that is not a resource's. The request must outlive the result.
[[nodiscard]] std::optional<Outcome<ApiRequest>> read_api_request(const ServerRequest& request);

/// Decoded as forms are: '+' is a space.
[[nodiscard]] std::map<std::string, std::string> read_query(std::string_view query);

}  // namespace poolscaler::simulation
