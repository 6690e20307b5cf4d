// The listener against clients that mean harm or merely vanish, over raw sockets on loopback.
#include "poolscaler/adapters/http/server.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace poolscaler {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;
using Steady = std::chrono::steady_clock;

class Peer {
 public:
  explicit Peer(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { hang_up(); }

  void hang_up() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }

  bool send_text(std::string_view text) {
    return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }

  /// Reads until `wanted` has been seen, the peer closes, or `limit` has passed.
  std::string read_until(std::string_view wanted, std::chrono::milliseconds limit = 5s) {
    std::string all;
    const auto end = Steady::now() + limit;
    while (Steady::now() < end && (wanted.empty() || all.find(wanted) == std::string::npos)) {
      pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Steady::now());
      if (poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) <= 0) break;
      char buffer[4096];
      const auto got = recv(socket_, buffer, sizeof buffer, 0);
      if (got <= 0) {
        closed_ = true;
        break;
      }
      all.append(buffer, static_cast<std::size_t>(got));
    }
    return all;
  }
  std::string read_to_end(std::chrono::milliseconds limit = 5s) { return read_until("", limit); }

  [[nodiscard]] bool closed() const { return closed_; }

 private:
  int socket_;
  bool closed_ = false;
};

ServerResponse text(std::string body) {
  return {.content_type = "text/plain", .body = std::move(body)};
}

std::unique_ptr<HttpServer> serving(HttpHandler handler, HttpServerOptions options = {}) {
  auto server = adapters::start_http_server(std::move(options), std::move(handler));
  EXPECT_TRUE(server) << (server ? "" : server.error().message);
  return std::move(*server);
}

std::string exchanged(std::uint16_t port, std::string_view request) {
  Peer peer(port);
  EXPECT_TRUE(peer.send_text(request));
  return peer.read_to_end();
}

TEST(HttpServer, GivesTheHandlerTheRequestAsItWasSent) {
  ServerRequest seen;
  const auto server = serving([&](const ServerRequest& request) {
    seen = request;
    return text("hello");
  });
  const auto answer = exchanged(server->port(),
                                "POST /a%20b/c?x=1%202&y HTTP/1.1\r\nHost: t\r\nX-Thing: One\r\n"
                                "Connection: close\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nhello"));
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/a b/c");
  EXPECT_EQ(seen.query, "x=1%202&y");
  EXPECT_EQ(seen.headers["x-thing"], "One");
  EXPECT_EQ(seen.body, "body");
}

TEST(HttpServer, KeepsAConnectionForSeveralRequests) {
  const auto server = serving([](const ServerRequest& request) { return text(request.path); });
  Peer peer(server->port());
  ASSERT_TRUE(peer.send_text("GET /one HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_THAT(peer.read_until("/one"), HasSubstr("/one"));
  ASSERT_TRUE(peer.send_text("GET /two HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_THAT(peer.read_until("/two"), HasSubstr("/two"));
}

TEST(HttpServer, AnswersWithEmptyAndWithLargeBodies) {
  const std::string large(3u << 20, 'x');
  const auto server = serving([&](const ServerRequest& request) {
    return text(request.path == "/large" ? large : "");
  });
  const auto empty = exchanged(server->port(),
                               "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(empty, HasSubstr("Content-Length: 0"));
  const auto answer = exchanged(server->port(),
                                "GET /large HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, large.size());
}

TEST(HttpServer, TurnsAnExceptionOfTheHandlerInto500) {
  const auto server =
      serving([](const ServerRequest&) -> ServerResponse { throw std::runtime_error("a\nb"); });
  const auto answer = exchanged(server->port(),
                                "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(answer, HasSubstr("a\\nb"));
}

TEST(HttpServer, RefusesABodyThatAnnouncesTooMuch) {
  std::atomic<int> calls = 0;
  const auto server = serving([&](const ServerRequest&) { return ++calls, text(""); },
                              {.body_bytes_max = 100});
  const auto answer = exchanged(
      server->port(), "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 101\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(calls, 0);
}

TEST(HttpServer, RefusesAChunkedBodyThatGrowsTooLarge) {
  std::atomic<int> calls = 0;
  const auto server = serving([&](const ServerRequest&) { return ++calls, text(""); },
                              {.body_bytes_max = 10});
  const auto answer = exchanged(server->port(),
                                "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(calls, 0);
}

TEST(HttpServer, TakesABodyOfExactlyTheLimit) {
  const auto server = serving([](const ServerRequest& request) { return text(request.body); },
                              {.body_bytes_max = 4});
  EXPECT_THAT(exchanged(server->port(), "POST / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                                        "Content-Length: 4\r\n\r\nfour"),
              HasSubstr("\r\n\r\nfour"));
}

TEST(HttpServer, RefusesAnEndlessHead) {
  const auto server = serving([](const ServerRequest&) { return text(""); });
  Peer peer(server->port());
  ASSERT_TRUE(peer.send_text("GET / HTTP/1.1\r\nHost: t\r\n"));
  const std::string line = "X-Filler: " + std::string(1000, 'x') + "\r\n";
  for (int i = 0; i < 200 && peer.send_text(line); ++i) {}
  const auto answer = peer.read_to_end();
  EXPECT_TRUE(peer.closed());
  EXPECT_THAT(answer, testing::Not(StartsWith("HTTP/1.1 200")));
}

TEST(HttpServer, ClosesAPeerThatSaysNothing) {
  const auto server = serving([](const ServerRequest&) { return text(""); }, {.idle_limit = 1s});
  Peer peer(server->port());
  EXPECT_EQ(peer.read_to_end(), "");
  EXPECT_TRUE(peer.closed());
}

TEST(HttpServer, ClosesAPeerThatTricklesItsHead) {
  const auto server = serving([](const ServerRequest&) { return text(""); }, {.idle_limit = 1s});
  Peer peer(server->port());
  const auto begun = Steady::now();
  ASSERT_TRUE(peer.send_text("GET / HTTP/1.1\r\n"));
  while (!peer.closed() && Steady::now() - begun < 5s) {
    if (!peer.send_text("X")) break;
    peer.read_until("", 100ms);
  }
  EXPECT_LT(Steady::now() - begun, 3s);
}

TEST(HttpServer, ClosesAPeerThatDoesNotTakeItsAnswer) {
  const auto server = serving(
      [](const ServerRequest&) {
        return ServerResponse{.stream = [](ResponseStream& out) {
          while (out.write(std::string(1u << 16, 'x'))) {}
        }};
      },
      {.connections_max = 1, .idle_limit = 1s});
  Peer deaf(server->port());
  ASSERT_TRUE(deaf.send_text("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  // The only place is taken until the deaf peer has been closed.
  const auto begun = Steady::now();
  std::string answer;
  while (answer.empty() && Steady::now() - begun < 5s) {
    Peer next(server->port());
    if (next.send_text("GET / HTTP/1.1\r\nHost: t\r\n\r\n")) answer = next.read_until("xxx", 500ms);
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, AllowsAHandlerToThinkLongerThanAPeerMay) {
  const auto server = serving(
      [](const ServerRequest&) {
        return ServerResponse{.stream = [](ResponseStream& out) {
          if (out.wait(2500ms)) (void)out.write("late");
        }};
      },
      {.idle_limit = 1s});
  EXPECT_THAT(exchanged(server->port(), "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"),
              HasSubstr("late"));
}

TEST(HttpServer, HoldsNoMoreConnectionsThanAllowed) {
  const auto server = serving([](const ServerRequest&) { return text("ok"); },
                              {.connections_max = 2, .idle_limit = 60s});
  Peer first(server->port());
  Peer second(server->port());
  ASSERT_TRUE(first.send_text("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_THAT(first.read_until("ok"), HasSubstr("ok"));
  ASSERT_TRUE(second.send_text("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_THAT(second.read_until("ok"), HasSubstr("ok"));
  Peer third(server->port());
  (void)third.send_text("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(third.read_until("ok", 300ms), "");
  first.hang_up();
  // The server notices the free place in its own time; until then it closes whoever knocks.
  std::string answer;
  const auto patience = std::chrono::steady_clock::now() + 5s;
  while (answer.empty() && std::chrono::steady_clock::now() < patience) {
    Peer again(server->port());
    if (again.send_text("GET / HTTP/1.1\r\nHost: t\r\n\r\n"))
      answer = again.read_until("ok", 200ms);
  }
  EXPECT_THAT(answer, HasSubstr("ok"));
}

TEST(HttpServer, StreamsEachPieceAsItIsWritten) {
  const auto server = serving([](const ServerRequest&) {
    return ServerResponse{.stream = [](ResponseStream& out) {
      if (!out.write("first\n") || !out.wait(300ms)) return;
      (void)out.write("second\n");
    }};
  });
  Peer peer(server->port());
  ASSERT_TRUE(peer.send_text("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  const auto begun = Steady::now();
  const auto head = peer.read_until("first");
  EXPECT_LT(Steady::now() - begun, 250ms);
  EXPECT_THAT(head, HasSubstr("Transfer-Encoding: chunked"));
  EXPECT_THAT(peer.read_until("0\r\n\r\n"), HasSubstr("second"));
}

TEST(HttpServer, EndsAStreamWhosePeerHasGone) {
  std::atomic<bool> ended = false;
  const auto server = serving([&](const ServerRequest&) {
    return ServerResponse{.stream = [&](ResponseStream& out) {
      if (out.write("x")) (void)out.wait(60s);
      ended = true;
    }};
  });
  Peer peer(server->port());
  ASSERT_TRUE(peer.send_text("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  peer.read_until("x\r\n");
  peer.hang_up();
  const auto begun = Steady::now();
  while (!ended && Steady::now() - begun < 5s) std::this_thread::yield();
  EXPECT_LT(Steady::now() - begun, 2s);
}

TEST(HttpServer, CutsAStreamWhoseHandlerThrows) {
  const auto server = serving([](const ServerRequest&) {
    return ServerResponse{.stream = [](ResponseStream& out) {
      (void)out.write("x");
      throw std::runtime_error("broken");
    }};
  });
  const auto answer = exchanged(server->port(), "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_THAT(answer, testing::Not(HasSubstr("0\r\n\r\n")));
}

TEST(HttpServer, StopsPromptlyWhileStreamingAndWhileIdle) {
  std::atomic<int> running = 0;
  auto server = serving([&](const ServerRequest&) {
    return ServerResponse{.stream = [&](ResponseStream& out) {
      ++running;
      while (out.write("tick\n") && out.wait(20ms)) {}
      --running;
    }};
  });
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 5; ++i) {
    peers.push_back(std::make_unique<Peer>(server->port()));
    ASSERT_TRUE(peers.back()->send_text("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
    peers.back()->read_until("tick");
  }
  Peer idle(server->port());
  const auto begun = Steady::now();
  server.reset();
  EXPECT_LT(Steady::now() - begun, 1500ms);
  EXPECT_EQ(running, 0);
}

TEST(HttpServer, SaysWhyItCannotListen) {
  const auto first = serving([](const ServerRequest&) { return text(""); });
  const auto second = adapters::start_http_server(
      {.port = first->port()}, [](const ServerRequest&) { return text(""); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::Unavailable);
  EXPECT_THAT(second.error().message, HasSubstr("in use"));
  const auto third = adapters::start_http_server({.address = "localhost"}, nullptr);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, ErrorKind::InvalidInput);
}

}  // namespace
}  // namespace poolscaler
