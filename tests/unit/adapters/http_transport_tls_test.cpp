// Whom the transport trusts over https, and whom it does not.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <unistd.h>

#include "poolscaler/adapters/http/transport.hpp"
#include "unit/adapters/raw_server.hpp"
#include "unit/adapters/test_certificates.hpp"

namespace poolscaler {
namespace {

using adapters::make_transport;
using adapters::TransportOptions;
using test::Identity;
using test::make_authority;
using test::make_leaf;
using test::RawConnection;
using test::RawServer;
using testing::HasSubstr;

/// What stands for the system's bundle of authorities in this program; a test may write it.
const std::string& system_bundle() {
  static const auto path = [] {
    std::string made = (std::filesystem::temp_directory_path() / "bundle-XXXXXX").string();
    close(mkstemp(made.data()));
    setenv("SSL_CERT_FILE", made.c_str(), 1);
    adapters::read_authorities_once();
    return made;
  }();
  return path;
}
/// Before any transport asks where it is.
[[maybe_unused]] const auto& told = system_bundle();

void serve_ok(RawConnection& connection) {
  while (!connection.read_request().empty())
    if (!connection.write(test::answer("ok"))) return;
}

Result<HttpResponse> ask(TransportOptions options) {
  const auto transport = make_transport(std::move(options));
  if (!transport) return fail(transport.error());
  return (*transport)->send({.target = "/", .deadline = std::chrono::seconds(5)}, {});
}

const Identity& authority() {
  static const auto made = make_authority("poolscaler test authority");
  return made;
}

Identity loopback_leaf() {
  return make_leaf(authority(), {.alternative_names = {"IP:127.0.0.1", "DNS:localhost"}});
}

RawServer server_with(const Identity& identity, std::string client_ca = {}, int version_max = 0) {
  return RawServer(serve_ok, {.certificate_pem = identity.certificate_pem,
                              .key_pem = identity.key_pem,
                              .client_ca_pem = std::move(client_ca),
                              .version_max = version_max});
}

TEST(HttpTransportTls, AcceptsAnAddressAndANameOfTheCertificate) {
  const auto server = server_with(loopback_leaf());
  for (const auto* host : {"127.0.0.1", "localhost"}) {
    const auto answer =
        ask({.origin = server.origin(host), .ca_pem = authority().certificate_pem});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "ok");
  }
}

TEST(HttpTransportTls, RefusesAnotherAuthority) {
  const auto server = server_with(loopback_leaf());
  const auto other = make_authority("another");
  const auto answer = ask({.origin = server.origin(), .ca_pem = other.certificate_pem});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::Unavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("certificate is not trusted"));
}

TEST(HttpTransportTls, RefusesWithoutAnAuthorityWhatTheSystemDoesNotKnow) {
  const auto server = server_with(loopback_leaf());
  EXPECT_FALSE(ask({.origin = server.origin()}));
}

TEST(HttpTransportTls, TrustsTheSystemsAuthoritiesAsTheyAreNow) {
  const auto server = server_with(loopback_leaf());
  const auto transport = *make_transport({.origin = server.origin()});
  const HttpRequest request{.target = "/", .deadline = std::chrono::seconds(5)};
  EXPECT_FALSE(transport->send(request, {}));
  std::ofstream(system_bundle()) << authority().certificate_pem;
  for (int connection = 0; connection < 2; ++connection) EXPECT_TRUE(transport->send(request, {}));
  std::ofstream(system_bundle()) << make_authority("another").certificate_pem;
  EXPECT_FALSE(transport->send(request, {}));
  std::filesystem::remove(system_bundle());
}

TEST(HttpTransportTls, RefusesAnotherName) {
  const auto server = server_with(make_leaf(
      authority(), {.common_name = "127.0.0.1", .alternative_names = {"DNS:else.example"}}));
  for (const auto* host : {"127.0.0.1", "localhost"}) {
    const auto answer =
        ask({.origin = server.origin(host), .ca_pem = authority().certificate_pem});
    ASSERT_FALSE(answer) << host;
    EXPECT_THAT(answer.error().message, HasSubstr("mismatch"));
  }
}

TEST(HttpTransportTls, RefusesACommonNameInPlaceOfAnAlternativeName) {
  for (const auto* host : {"127.0.0.1", "localhost"}) {
    const auto server = server_with(make_leaf(authority(), {.common_name = host}));
    EXPECT_FALSE(ask({.origin = server.origin(host), .ca_pem = authority().certificate_pem}))
        << host;
  }
}

TEST(HttpTransportTls, VerifiesTheServerNameWhereOneIsGiven) {
  const auto server =
      server_with(make_leaf(authority(), {.alternative_names = {"DNS:kubernetes.default.svc"}}));
  EXPECT_TRUE(ask({.origin = server.origin(),
                   .ca_pem = authority().certificate_pem,
                   .server_name = "kubernetes.default.svc"}));
  EXPECT_FALSE(ask({.origin = server.origin(),
                    .ca_pem = authority().certificate_pem,
                    .server_name = "kubernetes.default"}));
}

TEST(HttpTransportTls, RefusesAnExpiredCertificate) {
  const auto server = server_with(make_leaf(
      authority(), {.alternative_names = {"IP:127.0.0.1"}, .seconds_valid = -60}));
  const auto answer = ask({.origin = server.origin(), .ca_pem = authority().certificate_pem});
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("expired"));
}

TEST(HttpTransportTls, RefusesOldVersions) {
  const auto server = server_with(loopback_leaf(), {}, TLS1_1_VERSION);
  EXPECT_FALSE(ask({.origin = server.origin(), .ca_pem = authority().certificate_pem}));
}

TEST(HttpTransportTls, AcceptsAnythingOnlyWhenToldTo) {
  const auto server = server_with(make_leaf(make_authority("another"), {}));
  EXPECT_TRUE(ask({.origin = server.origin(), .insecure_skip_tls_verify = true}));
}

TEST(HttpTransportTls, ShowsItsCertificate) {
  const auto server = server_with(loopback_leaf(), authority().certificate_pem);
  const auto client = make_leaf(authority(), {.common_name = "client"});
  const auto answer = ask({.origin = server.origin(),
                           .ca_pem = authority().certificate_pem,
                           .client_certificate_pem = client.certificate_pem,
                           .client_key_pem = client.key_pem});
  ASSERT_TRUE(answer) << answer.error().message;
  const auto without = ask({.origin = server.origin(), .ca_pem = authority().certificate_pem});
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().kind, ErrorKind::Unavailable);
}

TEST(HttpTransportTls, RefusesMaterialThatCannotBeUsed) {
  const auto leaf = loopback_leaf();
  const auto other = loopback_leaf();
  const std::string here = "https://127.0.0.1:1";
  const auto refused = [](TransportOptions options, const char* why) {
    const auto transport = make_transport(std::move(options));
    ASSERT_FALSE(transport) << why;
    EXPECT_EQ(transport.error().kind, ErrorKind::InvalidInput);
    EXPECT_THAT(transport.error().message, HasSubstr(why));
  };
  refused({.origin = here, .ca_pem = "nonsense"}, "certificates in PEM form");
  refused({.origin = here, .ca_file = "/nowhere/ca.crt"}, "/nowhere/ca.crt");
  refused({.origin = here, .ca_file = "/etc"}, "is not a readable file");
  refused({.origin = here, .ca_file = "/x", .ca_pem = "y"}, "give one");
  refused({.origin = here, .client_certificate_pem = leaf.certificate_pem}, "together");
  refused({.origin = here,
           .client_certificate_pem = leaf.certificate_pem,
           .client_key_pem = "nonsense"},
          "private key");
  refused({.origin = here,
           .client_certificate_pem = leaf.certificate_pem,
           .client_key_pem = other.key_pem},
          "does not belong");
}

class CaFile : public testing::Test {
 protected:
  CaFile() { write(authority().certificate_pem); }
  ~CaFile() override { std::filesystem::remove(path_); }
  void write(const std::string& text) const {
    std::ofstream(path_ + ".new") << text;
    std::filesystem::rename(path_ + ".new", path_);
  }
  const std::string path_ =
      fmt::format("{}/ca-{}.crt", testing::TempDir(), static_cast<const void*>(this));
};

TEST_F(CaFile, IsReadAgainWhenItChangesAndKeptWhenItIsTorn) {
  const auto next_authority = make_authority("next");
  const auto next = server_with(make_leaf(next_authority, {.alternative_names = {"IP:127.0.0.1"}}));
  const auto server = server_with(loopback_leaf());
  const auto ask_on = [](HttpTransport& transport) {
    return transport.send({.target = "/", .deadline = std::chrono::seconds(5)}, {});
  };
  const auto old_one = *make_transport({.origin = server.origin(), .ca_file = path_});
  const auto new_one = *make_transport({.origin = next.origin(), .ca_file = path_});
  EXPECT_TRUE(ask_on(*old_one));
  EXPECT_FALSE(ask_on(*new_one));
  write("");
  EXPECT_TRUE(ask_on(*old_one));
  write(next_authority.certificate_pem);
  EXPECT_TRUE(ask_on(*new_one));
  EXPECT_FALSE(ask_on(*old_one));
}

}  // namespace
}  // namespace poolscaler
