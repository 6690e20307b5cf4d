// The catalogue of MetricSource.spec, what must hold between its fields, and how kubectl shows one.
#include <nlohmann/json.hpp>

#include "field_table.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;
using enum FieldType;

constexpr Field source_fields[] = {
    {.path = "spec",
     .type = Object,
     .required = true,
     .doc = "Where a Prometheus is and how to speak with it."},
    {.path = "spec.url",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 1024,
     .syntax = Syntax::HttpUrl,
     .example = "http://prometheus-server.monitoring.svc:9090",
     .doc = "Address of the Prometheus HTTP API, without /api/v1. Redirects are not followed. "
            "User, query and fragment are refused: credentials belong in files."},
    {.path = "spec.caFile",
     .type = Text,
     .min = 2,
     .max = 512,
     .syntax = Syntax::FilePath,
     .example = "/etc/poolscaler/prometheus/ca.crt",
     .doc = "File with the certificates (PEM) that the server's certificate is checked against, "
            "instead of the system's. All files are files of the operator's pod, which the "
            "platform team mounts there."},
    {.path = "spec.bearerTokenFile",
     .type = Text,
     .min = 2,
     .max = 512,
     .syntax = Syntax::FilePath,
     .example = "/etc/poolscaler/prometheus/token",
     .doc = "File with a bearer token; read again when it changes. Use it with https, since http "
            "would show it to the network."},
    {.path = "spec.clientCertFile",
     .type = Text,
     .min = 2,
     .max = 512,
     .syntax = Syntax::FilePath,
     .example = "/etc/poolscaler/prometheus/tls.crt",
     .doc = "File with a client certificate (PEM). Needs `clientKeyFile`."},
    {.path = "spec.clientKeyFile",
     .type = Text,
     .min = 2,
     .max = 512,
     .syntax = Syntax::FilePath,
     .example = "/etc/poolscaler/prometheus/tls.key",
     .doc = "File with the key (PEM) of `clientCertFile`."},
    {.path = "spec.timeoutSeconds",
     .type = Integer,
     .min = 1,
     .max = 60,
     .default_json = "10",
     .unit = "seconds",
     .example = "5",
     .doc = "How long one query may take, sent to Prometheus too."},
    {.path = "spec.enforcedLabel",
     .type = Text,
     .min = 1,
     .max = 128,
     .syntax = Syntax::LabelName,
     .default_json = "\"namespace\"",
     .example = "kubernetes_namespace",
     .doc = "The label that carries the namespace of a series. Every query that the operator makes "
            "is bound to the policy's own namespace by it, so Prometheus must not let targets set "
            "it (`honor_labels: false`)."},
    {.path = "spec.rawQueryNamespaces",
     .type = List,
     .min = 0,
     .max = 256,
     .list = ListType::Set,
     .doc = "Namespaces whose policies may send PromQL of their own, which can read the series of "
            "every namespace; '*' stands for all. Empty: none."},
    {.path = "spec.rawQueryNamespaces[]",
     .type = Text,
     .min = 1,
     .max = 63,
     .syntax = Syntax::NamespaceOrAll,
     .example = "shop",
     .doc = "Name of a namespace, or '*'."},
};

bool certificate_with_key(const json& spec) {
  return spec.contains("clientCertFile") == spec.contains("clientKeyFile");
}

bool no_internal_label(const json& label) {
  return !label.get_ref<const std::string&>().starts_with("__");
}

constexpr Rule source_rules[] = {
    {.at = "spec",
     .cel = "has(self.clientCertFile) == has(self.clientKeyFile)",
     .problem = "must be set together with `clientCertFile`, or not at all",
     .remedy = "set both files or neither",
     .child = "clientKeyFile",
     .holds = certificate_with_key},
    {.at = "spec.enforcedLabel",
     .cel = "!self.startsWith('__')",
     .problem = "must not begin with '__'",
     .remedy = "name a label that the series in Prometheus carry",
     .holds = no_internal_label},
};

constexpr Column source_columns[] = {
    {.name = "URL",
     .type = "string",
     .json_path = ".spec.url",
     .doc = "Address of the Prometheus HTTP API."},
    {.name = "Ready",
     .type = "string",
     .json_path = ".status.conditions[?(@.type==\"Ready\")].status",
     .doc = "Whether the source answers."},
    {.name = "Reason",
     .type = "string",
     .json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
     .doc = "Why, in one word."},
    {.name = "Age",
     .type = "date",
     .json_path = ".metadata.creationTimestamp",
     .doc = "Time since the source was created."},
    {.name = "Message",
     .type = "string",
     .json_path = ".status.conditions[?(@.type==\"Ready\")].message",
     .priority = 1,
     .doc = "Why, in one sentence."},
};

constexpr std::string_view source_example = R"(apiVersion: poolscaler.dev/v1alpha1
kind: MetricSource
metadata:
  name: prometheus
spec:
  url: http://prometheus-server.monitoring.svc:9090
  rawQueryNamespaces:
    - shop
)";

}  // namespace

std::span<const Field> metric_source_spec_fields() { return source_fields; }

const KindTable& metric_source_table() {
  static const KindTable table{
      .names = {.kind = "MetricSource",
                .plural = "metricsources",
                .singular = "metricsource",
                .short_name = "msrc",
                .page = "metric-source",
                .namespaced = false},
      .doc = "MetricSource says where a Prometheus is. The platform team declares it; policies "
             "name it, so that no address and no credential comes from a tenant.",
      .example = source_example,
      .spec = metric_source_spec_fields(),
      .status = metric_source_status_fields(),
      .rules = source_rules,
      .columns = source_columns};
  return table;
}

}  // namespace poolscaler::api
