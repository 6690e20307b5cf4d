// What the transport promises for one exchange, against servers that keep and break the protocol.
#include <chrono>
#include <future>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "poolscaler/adapters/http/transport.hpp"
#include "unit/adapters/raw_server.hpp"

namespace poolscaler {
namespace {

using adapters::make_transport;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::connect_to;
using test::RawConnection;
using test::RawServer;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

HttpRequest get(std::string target = "/", milliseconds deadline = milliseconds(5000)) {
  return {.target = std::move(target), .deadline = deadline};
}

/// Answers each request on a connection with the same bytes, then leaves.
RawServer::Serve says(std::string bytes) {
  return [bytes = std::move(bytes)](RawConnection& connection) {
    if (!connection.read_request().empty()) connection.write(bytes);
  };
}

/// Keeps answering on one connection.
RawServer::Serve serves(std::function<std::string(const std::string&)> handler) {
  return [handler = std::move(handler)](RawConnection& connection) {
    while (true) {
      const auto request = connection.read_request();
      if (request.empty() || !connection.write(handler(request))) return;
    }
  };
}

milliseconds time_of(const std::function<void()>& action) {
  const auto began = steady_clock::now();
  action();
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
}

TEST(HttpTransport, SendsTheTargetHeadersAndBodyAsTheyAre) {
  std::string seen;
  RawServer server(serves([&](const std::string& request) {
    seen = request;
    return test::answer("{}", 201);
  }));
  const auto transport = connect_to(server);
  const auto response = transport->send(
      {.method = HttpMethod::Patch,
       .target = "/apis/a%2Fb/x?labelSelector=a%3Db%2Cc&limit=500&empty=",
       .headers = {{"Content-Type", "application/merge-patch+json"}, {"Authorization", "Bearer t"}},
       .body = R"({"a":1})"},
      {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "{}");
  EXPECT_EQ(response->header("content-type"), "application/json");
  EXPECT_THAT(seen, AllOf(HasSubstr("PATCH /apis/a%2Fb/x?labelSelector=a%3Db%2Cc&limit=500&empty= "
                                    "HTTP/1.1\r\n"),
                          HasSubstr("Content-Type:application/merge-patch+json\r\n"),
                          HasSubstr("Authorization:Bearer t\r\n"),
                          HasSubstr(fmt::format("Host:127.0.0.1:{}\r\n", server.port())),
                          HasSubstr("\r\n\r\n{\"a\":1}"), Not(HasSubstr("Accept-Encoding"))));
}

TEST(HttpTransport, ReusesAConnection) {
  RawServer server(serves([](const std::string&) { return test::answer("ok"); }));
  const auto transport = connect_to(server);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(transport->send(get(), {}));
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpTransport, ReadsChunks) {
  RawServer server(says(std::string(test::chunked_head) + test::chunk("ab") + test::chunk("cde") +
                        "0\r\n\r\n"));
  const auto response = connect_to(server)->send(get(), {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "abcde");
}

TEST(HttpTransport, RefusesWhatWouldBreakOutOfARequest) {
  RawServer server(serves([](const std::string&) { return test::answer("ok"); }));
  const auto transport = connect_to(server);
  for (const std::string target : {"", "x", "//evil", "/a b", "/a\r\nX: y", "/a#b"})
    EXPECT_EQ(transport->send(get(target), {}).error().kind, ErrorKind::InvalidInput) << target;
  auto request = get();
  request.headers = {{"X", "a\r\nY: b"}};
  EXPECT_EQ(transport->send(request, {}).error().kind, ErrorKind::InvalidInput);
  request.headers = {{"X Y", "a"}};
  EXPECT_EQ(transport->send(request, {}).error().kind, ErrorKind::InvalidInput);
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpTransport, NeverFollowsARedirect) {
  RawServer other(serves([](const std::string&) { return test::answer("stolen"); }));
  RawServer server(says("HTTP/1.1 302 Found\r\nLocation: " + other.origin() +
                        "/\r\nContent-Length: 0\r\n\r\n"));
  const auto response = connect_to(server)->send(get(), {});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(other.connections(), 0);
}

TEST(HttpTransport, EndsATrickleAtTheDeadline) {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (connection.write("x") && !connection.wait_for_close(milliseconds(20))) {
    }
  });
  const auto transport = connect_to(server);
  const auto took = time_of([&] {
    EXPECT_EQ(transport->send(get("/", milliseconds(400)), {}).error().kind, ErrorKind::TimedOut);
  });
  EXPECT_LT(took, milliseconds(1500));
}

TEST(HttpTransport, EndsAHeadThatNeverEndsAtTheDeadline) {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\n");
    while (connection.write("X: y\r\n") && !connection.wait_for_close(milliseconds(20))) {
    }
  });
  EXPECT_EQ(connect_to(server)->send(get("/", milliseconds(400)), {}).error().kind,
            ErrorKind::TimedOut);
}

TEST(HttpTransport, EndsAtTheDeadlineWhenNobodyAnswers) {
  RawServer server([](RawConnection& connection) {
    connection.wait_for_close(milliseconds(5000));
  });
  const auto transport = connect_to(server);
  const auto error = transport->send(get("/", milliseconds(300)), {}).error();
  EXPECT_EQ(error.kind, ErrorKind::TimedOut);
  EXPECT_THAT(error.message, HasSubstr(server.origin()));
}

TEST(HttpTransport, CapsTheBody) {
  const std::string big(100'000, 'x');
  RawServer server(serves([&](const std::string&) { return test::answer(big); }));
  const auto transport = connect_to(server);
  auto request = get();
  request.response_bytes_max = 99'999;
  const auto error = transport->send(request, {}).error();
  EXPECT_EQ(error.kind, ErrorKind::InvalidInput);
  EXPECT_THAT(error.message, HasSubstr("larger than 99999 bytes"));
  request.response_bytes_max = 100'000;
  EXPECT_TRUE(transport->send(request, {}));
}

/// Sends `piece` until the client hangs up; returns how much went out.
std::uint64_t flood(RawConnection& connection, std::string_view piece, std::uint64_t most) {
  std::uint64_t sent = 0;
  while (sent < most && connection.write(piece)) sent += piece.size();
  return sent;
}

TEST(HttpTransport, CutsAFloodOfHeaders) {
  std::promise<std::uint64_t> sent;
  RawServer server([&](RawConnection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\n");
    sent.set_value(flood(connection, "X-Flood: " + std::string(60'000, 'y') + "\r\n", 2u << 30));
  });
  const auto error = connect_to(server)->send(get("/", milliseconds(20'000)), {}).error();
  EXPECT_EQ(error.kind, ErrorKind::InvalidInput) << error.message;
  EXPECT_LT(sent.get_future().get(), 500u << 20);
}

TEST(HttpTransport, CutsAChunkThatIsLargerThanTheBodyMayBe) {
  std::promise<std::uint64_t> sent;
  RawServer server([&](RawConnection& connection) {
    connection.read_request();
    connection.write(test::chunked_head);
    connection.write("7fffff00\r\n");
    sent.set_value(flood(connection, std::string(60'000, 'y'), 2u << 30));
  });
  auto request = get("/", milliseconds(20'000));
  request.response_bytes_max = 1u << 20;
  const auto error = connect_to(server)->send(request, {}).error();
  EXPECT_EQ(error.kind, ErrorKind::InvalidInput) << error.message;
  EXPECT_LT(sent.get_future().get(), 500u << 20);
}

class BrokenAnswer : public testing::TestWithParam<std::string> {};

TEST_P(BrokenAnswer, IsAnErrorAndNothingWorse) {
  RawServer server(says(GetParam()));
  const auto transport = connect_to(server);
  const auto answer = transport->send(get("/", milliseconds(1500)), {});
  ASSERT_FALSE(answer) << answer->status << " " << answer->body;
  EXPECT_THAT(answer.error().kind,
              testing::AnyOf(ErrorKind::Unavailable, ErrorKind::InvalidInput, ErrorKind::TimedOut))
      << answer.error().message;
}

std::string chunked(std::string_view rest) {
  return std::string(test::chunked_head) + std::string(rest);
}

INSTANTIATE_TEST_SUITE_P(
    Bytes, BrokenAnswer,
    testing::Values(
        "", "garbage\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 abc X\r\n\r\n",
        std::string("\0\0\0\0\r\n\r\n", 8), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\n\r\n{\"no\":\"length\"}",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 99999 X\r\nContent-Length: 0\r\n\r\n",
        chunked("2\r\nab\r\n"), chunked("5\r\nab"), chunked("-1\r\n\r\n"),
        chunked("-1\r\nabcdefgh\r\n0\r\n\r\n"), chunked("-2\r\nabcdefgh\r\n0\r\n\r\n"),
        chunked("-3\r\nabcdefgh\r\n0\r\n\r\n"), chunked("-7fffffff\r\nab\r\n0\r\n\r\n"),
        chunked("ffffffff\r\nab\r\n0\r\n\r\n"), chunked("zz\r\nab\r\n0\r\n\r\n"),
        chunked("\r\n\r\n"), chunked("2\r\nabcd\r\n0\r\n\r\n"), chunked("7fffff00\r\nab")));

TEST(HttpTransport, AnswersAgainAfterBrokenAnswers) {
  std::atomic<int> broken{3};
  RawServer server([&](RawConnection& connection) {
    while (!connection.read_request().empty()) {
      if (broken-- > 0) return;
      if (!connection.write(test::answer("fine"))) return;
    }
  });
  const auto transport = connect_to(server);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(transport->send(get(), {}).error().kind, ErrorKind::Unavailable);
  EXPECT_TRUE(transport->send(get(), {}));
}

TEST(HttpTransport, StopsPromptly) {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.wait_for_close(milliseconds(5000));
  });
  const auto transport = connect_to(server);
  std::stop_source stop;
  auto answer = std::async(std::launch::async, [&] {
    return transport->send(get("/", milliseconds(5000)), stop.get_token());
  });
  ASSERT_EQ(answer.wait_for(milliseconds(100)), std::future_status::timeout);
  const auto took = time_of([&] {
    stop.request_stop();
    EXPECT_EQ(answer.get().error().kind, ErrorKind::Cancelled);
  });
  EXPECT_LT(took, milliseconds(500));
}

TEST(HttpTransport, SaysThatNobodyListens) {
  std::string origin;
  { origin = RawServer(says("")).origin(); }
  const auto transport = make_transport({.origin = origin});
  const auto error = (*transport)->send(get(), {}).error();
  EXPECT_EQ(error.kind, ErrorKind::Unavailable);
  EXPECT_THAT(error.message, HasSubstr("could not connect"));
}

TEST(HttpTransport, ConnectsByName) {
  RawServer server(serves([](const std::string&) { return test::answer("ok"); }));
  const auto transport = make_transport({.origin = server.origin("localhost")});
  const auto response = (*transport)->send(get(), {});
  ASSERT_TRUE(response) << response.error().message;
  const auto nowhere = make_transport({.origin = "http://no-such-host.invalid:80"});
  EXPECT_EQ((*nowhere)->send(get(), {}).error().kind, ErrorKind::Unavailable);
}

TEST(HttpTransport, SendsAWriteAtMostOnce) {
  std::atomic<int> writes{0};
  RawServer server([&](RawConnection& connection) {
    while (true) {
      const auto request = connection.read_request();
      if (request.empty()) return;
      if (request.starts_with("POST")) {
        ++writes;
        return;  // done, but the answer is lost with the connection
      }
      if (!connection.write(test::answer("ok"))) return;
    }
  });
  const auto transport = connect_to(server);
  ASSERT_TRUE(transport->send(get(), {}));  // pools a connection
  const auto error =
      transport->send({.method = HttpMethod::Post, .target = "/", .body = "{}"}, {}).error();
  EXPECT_EQ(error.kind, ErrorKind::Unavailable);
  EXPECT_EQ(writes, 1);
}

TEST(HttpTransport, NoticesThatAPooledConnectionHasGone) {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write(test::answer("ok"));  // and closes without a word
  });
  const auto transport = connect_to(server);
  for (int i = 0; i < 4; ++i) {
    const auto answer =
        transport->send({.method = HttpMethod::Post, .target = "/", .body = "{}"}, {});
    ASSERT_TRUE(answer) << answer.error().message;
    // The close arrives a moment after the answer.
    std::promise<void>().get_future().wait_for(milliseconds(30));
  }
  EXPECT_EQ(server.connections(), 4);
}

TEST(HttpTransport, ServesManyThreadsAtOnce) {
  RawServer server(serves([](const std::string& request) {
    return test::answer(request.substr(0, request.find(' ', 4)));
  }));
  const auto transport = connect_to(server);
  std::vector<std::future<int>> workers;
  for (int worker = 0; worker < 8; ++worker)
    workers.push_back(std::async(std::launch::async, [&, worker] {
      int right = 0;
      for (int i = 0; i < 25; ++i) {
        const auto target = fmt::format("/{}/{}", worker, i);
        const auto response = transport->send(get(target), {});
        right += response && response->body == "GET " + target ? 1 : 0;
      }
      return right;
    }));
  for (auto& worker : workers) EXPECT_EQ(worker.get(), 25);
}

class BadOrigin : public testing::TestWithParam<std::string> {};

TEST_P(BadOrigin, IsRefusedWithARemedy) {
  const auto transport = make_transport({.origin = GetParam()});
  ASSERT_FALSE(transport);
  EXPECT_EQ(transport.error().kind, ErrorKind::InvalidInput);
  EXPECT_THAT(transport.error().message, Not(HasSubstr("s3cret")));
}

INSTANTIATE_TEST_SUITE_P(Texts, BadOrigin,
                         testing::Values("", "host:80", "ftp://h:1", "http://", "s3cret@h",
                                         "http://u:s3cret@h:80", "http://h:80/path",
                                         "http://h:0", "http://h:65536",
                                         "http://h:8o", "http://[::1]:80", "http://h\r\nx:80",
                                         "http://h:80?q"));

}  // namespace
}  // namespace poolscaler
