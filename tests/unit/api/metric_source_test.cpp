#include <gmock/gmock.h>

#include "unit/api/policies.hpp"

namespace poolscaler {
namespace {

using api::read_metric_source;

nlohmann::json source_with(const std::string& spec) {
  return api::read_yaml("metadata: {name: prometheus}\nspec: " + spec).value().at(0);
}

std::string refused_source(const std::string& spec) {
  const auto source = read_metric_source(source_with(spec), api::UnknownFields::Report);
  return source ? "accepted" : text_of(source.error());
}

TEST(MetricSourceReader, FillsInDefaultsAndCutsTheTrailingSlash) {
  const auto read = read_metric_source(source_with("{url: 'http://prom:9090/'}"));
  ASSERT_TRUE(read) << text_of(read.error());
  EXPECT_EQ(*read, (MetricSource{.name = "prometheus", .url = "http://prom:9090"}));
}

TEST(MetricSourceReader, ReadsEveryField) {
  const auto read = read_metric_source(source_with(
      "{url: 'https://[::1]:9090/prom', caFile: /etc/p/ca.crt, bearerTokenFile: /etc/p/..data/t, "
      "clientCertFile: /c, clientKeyFile: /k, timeoutSeconds: 5, enforcedLabel: kube_ns, "
      "rawQueryNamespaces: ['*', shop]}"));
  ASSERT_TRUE(read) << text_of(read.error());
  EXPECT_EQ(*read, (MetricSource{.name = "prometheus",
                                 .url = "https://[::1]:9090/prom",
                                 .ca_file = "/etc/p/ca.crt",
                                 .bearer_token_file = "/etc/p/..data/t",
                                 .client_cert_file = "/c",
                                 .client_key_file = "/k",
                                 .timeout_seconds = 5,
                                 .enforced_label = "kube_ns",
                                 .raw_query_namespaces = {"*", "shop"}}));
}

TEST(MetricSourceReader, RefusesAddressesThatHideSomething) {
  for (const auto* url : {"", "prom:9090", "ftp://prom", "http://", "http://user:pw@prom",
                          "http://prom?x=1", "http://prom#x", "http://prom:x", "http://prom:123456",
                          "http://pr om", "HTTP://prom", "http://prom/a b", "http://[::1"})
    EXPECT_THAT(refused_source(std::string("{url: '") + url + "'}"),
                testing::StartsWith("spec.url is"))
        << url;
  EXPECT_EQ(refused_source("{}"),
            "spec.url is required: for example http://prometheus-server.monitoring.svc:9090\n");
}

TEST(MetricSourceReader, RefusesPathsThatClimb) {
  for (const auto* path :
       {"token", "/etc/../token", "/etc/./token", "/etc//token", "/etc/", "/a b", "/etc/..", "//"})
    EXPECT_THAT(refused_source(std::string("{url: 'http://p', caFile: '") + path + "'}"),
                testing::StartsWith("spec.caFile is"))
        << path;
}

TEST(MetricSourceReader, WantsCertificateAndKeyTogether) {
  EXPECT_THAT(refused_source("{url: 'http://p', clientCertFile: /c}"),
              testing::StartsWith("spec.clientKeyFile must be set together"));
  EXPECT_THAT(refused_source("{url: 'http://p', clientKeyFile: /c}"),
              testing::StartsWith("spec.clientKeyFile is \"/c\", must be set together"));
}

TEST(MetricSourceReader, RefusesTwinsInASet) {
  EXPECT_THAT(refused_source("{url: 'http://p', rawQueryNamespaces: [a, b, a]}"),
              testing::StartsWith("spec.rawQueryNamespaces[2] is \"a\", must be unique"));
}

TEST(MetricSourceReader, NeedsAName) {
  auto object = source_with("{url: 'http://p'}");
  object["metadata"] = {{"name", 3}};
  EXPECT_FALSE(read_metric_source(object));
  object.erase("metadata");
  const auto read = read_metric_source(object);
  ASSERT_FALSE(read);
  EXPECT_EQ(text_of(read.error()), "metadata.name is required: for example prometheus\n");
}

}  // namespace
}  // namespace poolscaler
