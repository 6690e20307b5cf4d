#include "poolscaler/kube/credentials.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>

#include "support/virtual_clock.hpp"

namespace poolscaler::kube {
namespace {

using ::poolscaler::testing::VirtualClock;
using ::testing::HasSubstr;
using ::testing::Not;

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() { std::filesystem::create_directories(directory); }
  ~CredentialsTest() override { std::filesystem::remove_all(directory); }

  std::string write(const std::string& name, const std::string& text) const {
    const auto path = directory + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  Result<ClusterAccess> kubeconfig(const std::string& cluster, const std::string& user,
                                   const std::string& context = {}) const {
    const auto path = write("kubeconfig", fmt::format(R"(
apiVersion: v1
kind: Config
current-context: dev
contexts:
- name: dev
  context: {{cluster: c, user: u, namespace: shop}}
- name: other
  context: {{cluster: c, user: nobody}}
- name: anonymous
  context: {{cluster: c}}
clusters:
- name: c
  cluster: {}
users:
- name: u
  user: {}
)",
                                                      cluster, user));
    return read_kubeconfig({.path = path, .context = context});
  }
  void refused(const std::string& cluster, const std::string& user, const std::string& why) const {
    const auto access = kubeconfig(cluster, user);
    ASSERT_FALSE(access) << why;
    EXPECT_EQ(access.error().kind, ErrorKind::InvalidInput);
    EXPECT_THAT(access.error().message, HasSubstr(why));
    EXPECT_THAT(access.error().message, Not(HasSubstr("s3cret")));
  }

  VirtualClock clock;
  const std::string directory =
      fmt::format("{}/credentials-{}", ::testing::TempDir(), static_cast<const void*>(this));
};

TEST_F(CredentialsTest, ReadsTheCurrentContext) {
  const auto access = kubeconfig(
      "{server: 'https://h:6443', certificate-authority: ca.crt, tls-server-name: k}",
      "{token: t}");
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->origin, "https://h:6443");
  EXPECT_EQ(access->ca_file, directory + "/ca.crt");
  EXPECT_EQ(access->server_name, "k");
  EXPECT_EQ(access->token, "t");
  EXPECT_EQ(access->ns, "shop");
  EXPECT_EQ(access->context, "dev");
}

TEST_F(CredentialsTest, ReadsInlineDataAndClientCertificates) {
  const auto access = kubeconfig(
      "{server: 'https://h', certificate-authority-data: aGVsbG8=, certificate-authority: x}",
      "{client-certificate-data: aGVsbG8gdGhlcmU=, client-key: /abs/key}");
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->ca_pem, "hello");
  EXPECT_EQ(access->ca_file, "");
  EXPECT_EQ(access->client_certificate_pem, "hello there");
  EXPECT_EQ(access->client_key_file, "/abs/key");
}

TEST_F(CredentialsTest, ReadsANamedContextAndNobody) {
  const auto access = kubeconfig("{server: 'https://h'}", "{token: t}", "anonymous");
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->token, "");
  EXPECT_EQ(kubeconfig("{server: 'https://h'}", "{}", "nowhere").error().kind,
            ErrorKind::NotFound);
  EXPECT_THAT(kubeconfig("{server: 'https://h'}", "{}", "other").error().message,
              HasSubstr("users has no entry named 'nobody'"));
}

TEST_F(CredentialsTest, RefusesWhatItWillNotDoAndNamesTheField) {
  const std::string good = "{server: 'https://h'}";
  refused(good, "{exec: {command: gke, args: [s3cret]}}", "users[u].user.exec is not supported");
  refused(good, "{auth-provider: {name: gcp}}", "auth-provider is not supported");
  refused(good, "{token: \"s3cret\\nx\"}", "users[u].user.token must be one word");
  refused(good, "{tokenFile: nowhere}", "users[u].user.tokenFile: '" + directory + "/nowhere'");
  write("blank", " \n");
  refused(good, "{tokenFile: blank}", "blank' is empty: it must hold a token");
  refused(good, "{username: a, password: s3cret}", "use a token");
  refused(good, "{as: admin, token: s3cret}", "users[u].user.as is not supported");
  refused("{server: 'https://h', insecure-skip-tls-verify: true}", "{}",
          "insecure-skip-tls-verify is refused");
  refused("{server: 'https://h', proxy-url: 'http://p'}", "{}", "proxy-url is not supported");
  refused("{}", "{}", "clusters[c].cluster.server is required");
  refused("{server: [a]}", "{}", "must be a text");
  refused("{server: 'https://h', certificate-authority-data: '!!'}", "{}", "must be base64");
}

TEST_F(CredentialsTest, SkipsVerificationOnlyWhenAllowed) {
  (void)kubeconfig("{server: 'https://h', insecure-skip-tls-verify: true}", "{}");
  const auto access =
      read_kubeconfig({.path = directory + "/kubeconfig", .allow_insecure = true});
  ASSERT_TRUE(access);
  EXPECT_TRUE(access->insecure_skip_tls_verify);
}

TEST_F(CredentialsTest, RefusesFilesThatAreNoKubeconfig) {
  for (const std::string text :
       {"", "[]", "just text", "a: [", "\xff\xfe", "current-context: x"})
    EXPECT_FALSE(read_kubeconfig({.path = write("k", text)})) << text;
  EXPECT_FALSE(read_kubeconfig({.path = write("k", std::string(2u << 20, ' '))}));
  EXPECT_FALSE(read_kubeconfig({.path = directory}));
  EXPECT_FALSE(read_kubeconfig({.path = "/dev/zero"}));
  EXPECT_EQ(read_kubeconfig({.path = directory + "/none"}).error().kind, ErrorKind::NotFound);
}

TEST_F(CredentialsTest, FindsTheServerFromInsideAPod) {
  write("ca.crt", "x");
  write("token", "t\n");
  write("namespace", "shop\n");
  const auto access = in_cluster({.host = "10.0.0.1", .port = "443", .directory = directory});
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->origin, "https://10.0.0.1:443");
  EXPECT_EQ(access->ns, "shop");
  EXPECT_EQ(token_source(*access, clock)->token(), "t");
  EXPECT_EQ(in_cluster({.host = "fd00::1", .port = "443", .directory = directory})->origin,
            "https://kubernetes.default.svc:443");
}

TEST_F(CredentialsTest, SaysThatItIsNotInACluster) {
  EXPECT_THAT(in_cluster({.host = "", .port = ""}).error().message,
              HasSubstr("not in a cluster"));
  EXPECT_THAT(in_cluster({.host = "h", .port = "1", .directory = directory}).error().message,
              HasSubstr("token mounted"));
}

TEST_F(CredentialsTest, FollowsARotatedToken) {
  ClusterAccess access{.origin = "https://h"};
  access.token_file = write("token", "one");
  const auto tokens = token_source(access, clock);
  EXPECT_EQ(tokens->token(), "one");
  write("token", "two");
  EXPECT_EQ(tokens->token(), "one");
  clock.advance(Seconds(61));
  EXPECT_EQ(tokens->token(), "two");
}

TEST_F(CredentialsTest, ReadsTheTokenAtOnceWhenItWasRefused) {
  ClusterAccess access{.origin = "https://h"};
  access.token_file = write("token", "one");
  const auto tokens = token_source(access, clock);
  EXPECT_EQ(tokens->token(), "one");
  write("token", "two");
  tokens->refused("an older one");
  EXPECT_EQ(tokens->token(), "one");
  tokens->refused("one");
  EXPECT_EQ(tokens->token(), "two");
}

TEST_F(CredentialsTest, KeepsTheOldTokenWhileTheFileIsOfNoUse) {
  ClusterAccess access{.origin = "https://h"};
  access.token_file = write("token", "one");
  const auto tokens = token_source(access, clock);
  EXPECT_EQ(tokens->token(), "one");
  for (const auto& text : {std::string(""), std::string(" \n"), std::string("a b"),
                                 std::string("a\r\nX: y"), std::string(100'000, 'x')}) {
    write("token", text);
    clock.advance(Seconds(61));
    EXPECT_EQ(tokens->token(), "one");
  }
  std::filesystem::remove(access.token_file);
  clock.advance(Seconds(61));
  EXPECT_EQ(tokens->token(), "one");
}

}  // namespace
}  // namespace poolscaler::kube
