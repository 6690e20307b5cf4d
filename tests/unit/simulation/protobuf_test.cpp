// What kubectl sends as protobuf, and what is wrong with it.
#include "protobuf.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace poolscaler::simulation {
namespace {

using ::testing::HasSubstr;

/// A field of bytes; its number and length are small.
std::string field(int number, const std::string& bytes) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}
std::string field(int number, char value) {
  return {static_cast<char>(number << 3), value};
}

std::string body(const std::string& version, const std::string& kind, const std::string& raw) {
  return std::string("k8s\0", 4) + field(1, field(1, version) + field(2, kind)) + field(2, raw) +
         field(3, "") + field(4, "");
}

std::string meta(const std::string& name) {
  return field(1, field(1, name) + field(2, "") + field(7, '\0') + field(8, ""));
}

TEST(Protobuf, BecomesTheJsonOfTheSameObject) {
  const auto containers = field(2, field(1, "main") + field(2, "model") + field(8, ""));
  const auto labels = field(1, field(1, "app") + field(2, "web"));
  const auto spec = field(1, '\0') + field(2, labels) + field(3, meta("") + field(2, containers)) +
                    field(4, field(1, "")) + field(5, '\0');
  const auto read = read_protobuf(body("apps/v1", "Deployment",
                                       meta("web") + field(2, spec) + field(3, field(1, '\0'))));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, nlohmann::json::parse(R"({
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
    "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "web"}},
             "template": {"spec": {"containers": [{"name": "main", "image": "model"}]}}}})"));
}

TEST(Protobuf, HoldsBytesAndNumbersThatMayBeText) {
  const auto secret = read_protobuf(
      body("v1", "Secret", meta("s") + field(2, field(1, "key") + field(2, "\x01\xff"))));
  ASSERT_TRUE(secret) << secret.error().message;
  EXPECT_EQ((*secret)["data"]["key"], "Af8=");
  const auto port = field(3, 80) + field(4, field(1, '\1') + field(3, "http"));
  const auto service =
      read_protobuf(body("v1", "Service", meta("s") + field(2, field(1, port)))).value();
  EXPECT_EQ(service["spec"]["ports"][0]["targetPort"], "http");
}

TEST(Protobuf, IsRefusedWhereItIsNotUnderstood) {
  const auto problem = [](const std::string& text) {
    const auto read = read_protobuf(text);
    return read ? "read" : read.error().message;
  };
  const auto whole = body("v1", "ConfigMap", meta("a"));
  EXPECT_EQ(problem(whole), "read");
  EXPECT_THAT(problem("{}"), HasSubstr("does not begin"));
  EXPECT_THAT(problem(body("v1", "Node", meta("a"))), HasSubstr("kind Node is not known"));
  EXPECT_THAT(problem(body("v1", "ConfigMap", meta("a") + field(9, '\1'))),
              HasSubstr("field 9 of ConfigMap is not known"));
  EXPECT_EQ(problem(body("v1", "ConfigMap", meta("a") + field(9, '\0'))), "read");
  EXPECT_THAT(problem(body("v1", "ConfigMap", field(1, '\1'))), HasSubstr("another type"));
  EXPECT_THAT(problem(body("v1", "ConfigMap", meta("\xff"))), HasSubstr("UTF-8"));
  for (std::size_t size = 4; size < whole.size(); ++size)
    EXPECT_NO_THROW(static_cast<void>(problem(whole.substr(0, size)))) << size;
}

}  // namespace
}  // namespace poolscaler::simulation
