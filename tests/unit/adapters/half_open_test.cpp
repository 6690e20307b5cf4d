// A peer whose packets vanish: nothing is acknowledged, nothing is reset, as after a pulled cable.
// Only the probes of a connection find that out; no read ever would.
#include <chrono>
#include <future>
#include <gtest/gtest.h>

#include "poolscaler/adapters/http/transport.hpp"
#include "unit/adapters/raw_server.hpp"

namespace poolscaler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using test::RawConnection;
using test::RawServer;

/// Far beyond what is tested: the deadline and the limit on silence must not be what helps.
constexpr milliseconds much_later{180'000};
constexpr seconds noticed_within{45};

HttpRequest request() {
  return {.target = "/", .deadline = much_later, .response_bytes_max = 1u << 20};
}

milliseconds since(steady_clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
}

/// Serves one answer as a stream and goes dark in the middle of it.
void begin_and_vanish(RawConnection& connection) {
  connection.read_request();
  connection.write(std::string(test::chunked_head) + test::chunk("one\n"));
  connection.vanish();
  connection.wait_for_close(much_later);
}

/// Answers one request in full, and is dark for the next one on the same connection.
void answer_and_vanish(RawConnection& connection) {
  connection.read_request();
  connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  connection.vanish();
  connection.wait_for_close(much_later);
}

void expect_stream_ends() {
  RawServer server(begin_and_vanish);
  const auto transport = *adapters::make_transport({.origin = server.origin()});
  const auto start = steady_clock::now();
  const auto answer = transport->stream(
      request(), much_later, [](std::string_view) { return true; }, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::Unavailable) << answer.error().message;
  EXPECT_LT(since(start), noticed_within);
}

void expect_request_is_answered() {
  RawServer server(answer_and_vanish);
  const auto transport = *adapters::make_transport({.origin = server.origin()});
  ASSERT_TRUE(transport->send(request(), {}));
  const auto start = steady_clock::now();
  // A request that may be repeated goes out again on a new connection.
  EXPECT_TRUE(transport->send(request(), {}));
  EXPECT_EQ(server.connections(), 2);
  EXPECT_LT(since(start), noticed_within);
}

TEST(HalfOpenConnection, IsNoticedWhileAStreamIsSilentAndWhileARequestIsUnanswered) {
  auto stream = std::async(std::launch::async, expect_stream_ends);
  auto sent = std::async(std::launch::async, expect_request_is_answered);
  stream.get();
  sent.get();
}

}  // namespace
}  // namespace poolscaler
