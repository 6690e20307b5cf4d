#include "poolscaler/kube/client.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "support/virtual_clock.hpp"
#include "unit/kube/fake_transport.hpp"

namespace poolscaler::kube {
namespace {

using ::poolscaler::testing::VirtualClock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Tokens in turn: the next one after a refusal.
class TokenList final : public TokenSource {
 public:
  explicit TokenList(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {}
  std::string token() override { return tokens_[at_]; }
  void refused(std::string_view token) override {
    if (token == tokens_[at_] && at_ + 1 < tokens_.size()) ++at_;
  }

 private:
  std::vector<std::string> tokens_;
  std::size_t at_ = 0;
};

class ClientTest : public ::testing::Test {
 protected:
  Client client(ClientOptions options = {}) { return {transport, tokens, clock, options}; }
  Result<nlohmann::json> get(ClientOptions options = {}) {
    return client(std::move(options)).call(get_request(pods(), {.ns = "n", .name = "p"}), {});
  }
  Result<nlohmann::json> post() {
    return client().call(create_request(pods(), "n", "{}"), {});
  }

  VirtualClock clock;
  FakeTransport transport;
  TokenList tokens{{"t1", "t2"}};
  const nlohmann::json pod{{"kind", "Pod"}, {"apiVersion", "v1"}};
};

TEST_F(ClientTest, SaysWhoItIsAndWhatItTakes) {
  transport.on_send = [&](const HttpRequest&) { return json_answer(pod); };
  ASSERT_TRUE(get({.user_agent = "poolscaler/1"}));
  const auto sent = transport.sent().front();
  EXPECT_EQ(sent.target, "/api/v1/namespaces/n/pods/p");
  EXPECT_EQ(header_of(sent, "Authorization"), "Bearer t1");
  EXPECT_EQ(header_of(sent, "User-Agent"), "poolscaler/1");
  EXPECT_EQ(header_of(sent, "Accept"), "application/json");
}

TEST_F(ClientTest, ReadsTheTokenAgainOnceWhenItIsRefused) {
  transport.on_send = [&](const HttpRequest& request) {
    return header_of(request, "Authorization") == "Bearer t2"
               ? json_answer(pod)
               : status_answer(401, "Unauthorized", "Unauthorized");
  };
  EXPECT_TRUE(post());
  EXPECT_EQ(transport.sent().size(), 2u);
}

TEST_F(ClientTest, DoesNotAskAgainWithARefusedToken) {
  tokens = TokenList({"t1"});
  transport.on_send = [&](const HttpRequest&) {
    return status_answer(401, "Unauthorized", "Unauthorized");
  };
  EXPECT_EQ(get().error().kind, ErrorKind::Unauthorised);
  EXPECT_EQ(transport.sent().size(), 1u);
}

TEST_F(ClientTest, TurnsStatusesIntoWhatToDo) {
  const std::vector<std::pair<int, ErrorKind>> kinds{
      {400, ErrorKind::InvalidInput}, {401, ErrorKind::Unauthorised},
      {403, ErrorKind::Forbidden},    {404, ErrorKind::NotFound},
      {405, ErrorKind::InvalidInput}, {408, ErrorKind::TimedOut},
      {409, ErrorKind::Conflict},     {410, ErrorKind::Expired},
      {415, ErrorKind::InvalidInput}, {429, ErrorKind::Throttled},
      {500, ErrorKind::Unavailable},  {503, ErrorKind::Unavailable},
      {504, ErrorKind::TimedOut},     {302, ErrorKind::Internal}};
  for (const auto& [code, kind] : kinds) {
    transport.on_send = [&](const HttpRequest&) { return status_answer(code, "R", "because"); };
    const auto error = post().error();
    EXPECT_EQ(error.kind, kind) << code;
    const auto remedy = code == 401 ? ": the server does not accept our token or client "
                                      "certificate; it may have expired, or belong to another "
                                      "cluster"
                                    : "";
    EXPECT_EQ(error.message, std::string("because") + remedy);
  }
}

TEST_F(ClientTest, TellsAFailedTestOfAPatchFromAnInvalidObject) {
  auto status = nlohmann::json::parse(R"({"kind": "Status", "code": 422, "reason": "Invalid",
      "message": "an error in our request", "details": {}})");
  EXPECT_EQ(error_of_status(status, 422).kind, ErrorKind::Conflict);
  status["details"]["name"] = "p";
  EXPECT_EQ(error_of_status(status, 422).kind, ErrorKind::InvalidInput);
}

TEST_F(ClientTest, CapsAndEscapesWhatTheServerSays) {
  transport.on_send = [&](const HttpRequest&) {
    return status_answer(400, "R", "a\nb\x1b[31m" + std::string(10'000, 'x'));
  };
  const auto message = post().error().message;
  EXPECT_LT(message.size(), 600u);
  EXPECT_THAT(message, HasSubstr("a\\nb\\x1b[31m"));
}

TEST_F(ClientTest, RefusesAnswersThatAreNoObjects) {
  const auto deep = R"({"kind":"A","apiVersion":"v1","x":)" + std::string(100, '[') +
                    std::string(100, ']') + "}";
  for (const auto& body :
       {std::string(""), std::string("<html>"), std::string("[]"), std::string("{}"),
        std::string(R"({"kind":"Pod"})"), std::string(R"({"kind":"Table","apiVersion":"x"})"),
        std::string("{\"kind\":\"\xff\",\"apiVersion\":\"v1\"}"), deep,
        std::string(R"({"kind":"Pod","apiVersion":"v1"} trailing)"),
        std::string(R"({"kind":7,"apiVersion":"v1"})"), std::string("\0\0", 2)}) {
    transport.on_send = [&](const HttpRequest&) {
      auto answer = json_answer({});
      answer.body = body;
      return answer;
    };
    EXPECT_EQ(post().error().kind, ErrorKind::Internal) << body;
  }
  transport.on_send = [&](const HttpRequest&) {
    return HttpResponse{.status = 200, .headers = {{"Content-Type", "text/html"}}, .body = "{}"};
  };
  EXPECT_THAT(post().error().message, HasSubstr("text/html"));
}

TEST_F(ClientTest, QuotesAnAnswerThatIsNoStatus) {
  transport.on_send = [&](const HttpRequest&) {
    return HttpResponse{.status = 502, .headers = {}, .body = "<h1>bad\ngateway</h1>"};
  };
  EXPECT_EQ(post().error().message, "the server answered 502: <h1>bad\\ngateway</h1>");
}

TEST_F(ClientTest, AsksAGetAgainAfterAPauseButNotForEver) {
  transport.on_send = [&](const HttpRequest&) { return fail(ErrorKind::Unavailable, "cut"); };
  const auto began = clock.monotonic();
  EXPECT_EQ(get().error().kind, ErrorKind::Unavailable);
  EXPECT_EQ(transport.sent().size(), 3u);
  EXPECT_GE(clock.monotonic() - began, Millis(700));
}

TEST_F(ClientTest, ObeysAShortRetryAfterAndHandsOnALongOne) {
  for (const auto& [header, requests, seconds] :
       {std::tuple("2", 3u, 4), std::tuple("60", 1u, 0)}) {
    FakeTransport fresh;
    fresh.on_send = [&](const HttpRequest&) {
      auto answer = status_answer(429, "TooManyRequests", "slow down");
      answer.headers.push_back({"Retry-After", header});
      return answer;
    };
    const auto began = clock.monotonic();
    const auto error = Client(fresh, tokens, clock)
                           .call(get_request(pods(), {.ns = "n", .name = "p"}), {})
                           .error();
    EXPECT_EQ(error.kind, ErrorKind::Throttled);
    EXPECT_EQ(error.retry_after_seconds, std::stoi(header));
    EXPECT_EQ(fresh.sent().size(), requests);
    EXPECT_EQ(clock.monotonic() - began, Seconds(seconds));
  }
}

TEST_F(ClientTest, NeverSendsAWriteAgain) {
  for (const auto kind : {ErrorKind::Unavailable, ErrorKind::TimedOut, ErrorKind::Throttled}) {
    FakeTransport fresh;
    fresh.on_send = [&](const HttpRequest&) { return fail(kind, "?"); };
    EXPECT_EQ(Client(fresh, tokens, clock).call(create_request(pods(), "n", "{}"), {}).error().kind,
              kind);
    EXPECT_EQ(fresh.sent().size(), 1u);
  }
}

TEST_F(ClientTest, AsksTheGateBeforeEachSend) {
  int asked = 0;
  transport.on_send = [&](const HttpRequest&) {
    return status_answer(401, "Unauthorized", "Unauthorized");
  };
  const auto error = client()
                         .call_once(create_request(pods(), "n", "{}"), Seconds(5), {},
                                    [&] { return ++asked == 1; })
                         .error();
  EXPECT_EQ(error.kind, ErrorKind::Cancelled);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(transport.sent().size(), 1u);
}

TEST_F(ClientTest, TellsTheObserverWhatItDid) {
  std::vector<std::string> seen;
  const auto observe = [&](const RequestSeen& request) {
    seen.push_back(std::string(request.verb) + " " + std::string(request.plural) + " " +
                   std::to_string(request.status));
  };
  transport.on_send = [&](const HttpRequest&) { return json_answer(pod); };
  const auto asking = client({.observe = observe});
  const ObjectKey key{.ns = "n", .name = "p"};
  (void)asking.call(get_request(scaling_policies(), key, "status"), {});
  (void)asking.call(list_request(pods(), "", {}, {.limit = 5}), {});
  (void)asking.call(update_request(leases(), key, "{}"), {});
  (void)asking.call({.path = "/apis/apps/v1"}, {});
  (void)asking.call(get_request(metric_sources(), {.ns = "", .name = "m"}), {});
  EXPECT_THAT(seen, ElementsAre("get scalingpolicies 200", "list pods 200", "update leases 200",
                                "get  200", "get metricsources 200"));
}

TEST(RetryAfter, TakesNumbersAndDistrustsTheRest) {
  EXPECT_EQ(retry_after_seconds(""), 0);
  EXPECT_EQ(retry_after_seconds("0"), 0);
  EXPECT_EQ(retry_after_seconds("32"), 32);
  EXPECT_EQ(retry_after_seconds("99999"), 3600);
  EXPECT_EQ(retry_after_seconds("99999999999999999999"), 3600);
  EXPECT_EQ(retry_after_seconds("-5"), 1);
  EXPECT_EQ(retry_after_seconds("Wed, 21 Oct 2026 07:28:00 GMT"), 1);
}

}  // namespace
}  // namespace poolscaler::kube
