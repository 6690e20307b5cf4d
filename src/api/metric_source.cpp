#include <nlohmann/json.hpp>

#include "checked_reader.hpp"
#include "object_name.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/json/members.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

MetricSource source_from(const json& object, const json& spec) {
  MetricSource source{.name = object["metadata"]["name"].get<std::string>(),
                      .url = spec["url"].get<std::string>(),
                      .ca_file = text_at(spec, "caFile"),
                      .bearer_token_file = text_at(spec, "bearerTokenFile"),
                      .client_cert_file = text_at(spec, "clientCertFile"),
                      .client_key_file = text_at(spec, "clientKeyFile"),
                      .timeout_seconds = spec["timeoutSeconds"].get<int>(),
                      .enforced_label = spec["enforcedLabel"].get<std::string>()};
  while (source.url.ends_with('/')) source.url.pop_back();
  if (spec.contains("rawQueryNamespaces"))
    source.raw_query_namespaces = spec["rawQueryNamespaces"].get<std::vector<std::string>>();
  return source;
}

}  // namespace

Checked<MetricSource> read_metric_source(const json& object, UnknownFields unknown) {
  auto spec = checked_spec(Kind::MetricSource, object, unknown);
  auto errors = spec ? std::vector<FieldError>() : std::move(spec.error());
  if (auto error = name_error(object, "prometheus"); error && errors.size() < field_errors_max)
    errors.push_back(std::move(*error));
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  return source_from(object, *spec);
}

}  // namespace poolscaler::api
