// Streams without end: pieces as they come, limits on silence and on what is held.
#include <chrono>
#include <fmt/format.h>
#include <fstream>
#include <future>
#include <gmock/gmock.h>

#include "poolscaler/adapters/http/transport.hpp"
#include "unit/adapters/raw_server.hpp"

namespace poolscaler {
namespace {

using std::chrono::milliseconds;
using test::chunk;
using test::connect_to;
using test::RawConnection;
using test::RawServer;
using testing::HasSubstr;

HttpRequest watch(milliseconds deadline = milliseconds(5000)) {
  return {.target = "/watch", .deadline = deadline, .response_bytes_max = 1u << 20};
}

struct Collected {
  std::string text;
  int pieces = 0;
  HttpTransport::ChunkSink sink() {
    return [this](std::string_view piece) {
      text += piece;
      ++pieces;
      return true;
    };
  }
};

TEST(HttpTransportStream, HandsOverPiecesAsTheyCome) {
  std::promise<void> first_seen;
  RawServer server([&](RawConnection& connection) {
    connection.read_request();
    connection.write(test::chunked_head);
    connection.write(chunk("one\n"));
    first_seen.get_future().wait();
    connection.write(chunk("two\n") + "0\r\n\r\n");
  });
  std::string text;
  const auto answer = connect_to(server)->stream(
      watch(), milliseconds(2000),
      [&](std::string_view piece) {
        if (text.empty()) first_seen.set_value();
        text += piece;
        return true;
      },
      {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(text, "one\ntwo\n");
}

TEST(HttpTransportStream, ReturnsTheWholeAnswerWhenItIsNot200) {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write(test::answer("gone", 410));
  });
  Collected collected;
  const auto answer =
      connect_to(server)->stream(watch(), milliseconds(2000), collected.sink(), {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 410);
  EXPECT_EQ(answer->body, "gone");
  EXPECT_EQ(collected.pieces, 0);
}

TEST(HttpTransportStream, SaysWhenItWasCut) {
  for (const bool reset : {false, true}) {
    RawServer server([reset](RawConnection& connection) {
      connection.read_request();
      connection.write(std::string(test::chunked_head) + chunk("whole\n") + "9\r\nhal");
      if (reset) connection.wait_for_close(milliseconds(50));
      if (reset) connection.cut();
    });
    Collected collected;
    const auto answer =
        connect_to(server)->stream(watch(), milliseconds(2000), collected.sink(), {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::Unavailable) << answer.error().message;
    EXPECT_EQ(collected.text, "whole\n");
  }
}

TEST(HttpTransportStream, IsNeverCompleteWhereverItIsCut) {
  const std::string whole =
      std::string(test::chunked_head) + chunk("one\n") + chunk("tw\xC3\xA9\n") + "0\r\n\r\n";
  for (std::size_t at = 0; at < whole.size(); ++at) {
    RawServer server([&](RawConnection& connection) {
      connection.read_request();
      connection.write(std::string_view(whole).substr(0, at));
    });
    Collected collected;
    const auto answer =
        connect_to(server)->stream(watch(), milliseconds(2000), collected.sink(), {});
    EXPECT_FALSE(answer) << "cut at " << at;
    EXPECT_TRUE(std::string("one\ntw\xC3\xA9\n").starts_with(collected.text)) << collected.text;
  }
}

/// The state of the timer of the connection to `port`, as the kernel tells it: "02" is keep-alive.
std::string timer_to(std::uint16_t port) {
  std::ifstream table("/proc/net/tcp");
  std::string line;
  const auto remote = fmt::format("0100007F:{:04X} 01 ", port);
  while (std::getline(table, line)) {
    const auto at = line.find(remote);
    // "rem_address st tx_queue:rx_queue tr:tm->when": the first remote address is the peer's.
    if (at != std::string::npos && at > 15) return line.substr(at + remote.size() + 18, 2);
  }
  return {};
}

TEST(HttpTransportStream, ProbesASilentConnection) {
  std::promise<std::string> timer;
  RawServer* self = nullptr;
  RawServer server([&](RawConnection& connection) {
    connection.read_request();
    connection.write(test::chunked_head);
    connection.wait_for_close(milliseconds(300));
    timer.set_value(timer_to(self->port()));
    connection.write("0\r\n\r\n");
  });
  self = &server;
  Collected collected;
  EXPECT_TRUE(connect_to(server)->stream(watch(), milliseconds(2000), collected.sink(), {}));
  EXPECT_EQ(timer.get_future().get(), "02");
}

TEST(HttpTransportStream, AnEndWithoutATerminatorIsNoEnd) {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\n\r\nwhole\n");
  });
  Collected collected;
  EXPECT_FALSE(connect_to(server)->stream(watch(), milliseconds(2000), collected.sink(), {}));
}

TEST(HttpTransportStream, EndsWhenNothingIsHeard) {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write(std::string(test::chunked_head) + chunk("one\n"));
    connection.wait_for_close(milliseconds(10'000));
  });
  Collected collected;
  const auto answer = connect_to(server)->stream(watch(milliseconds(10'000)), milliseconds(300),
                                                 collected.sink(), {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::Unavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("nothing was heard for 0.3 s"));
  EXPECT_EQ(collected.text, "one\n");
}

TEST(HttpTransportStream, EndsWhenNotEvenAHeadIsHeard) {
  RawServer server([](RawConnection& connection) {
    connection.wait_for_close(milliseconds(10'000));
  });
  Collected collected;
  EXPECT_EQ(connect_to(server)
                ->stream(watch(milliseconds(10'000)), milliseconds(300), collected.sink(), {})
                .error()
                .kind,
            ErrorKind::Unavailable);
}

TEST(HttpTransportStream, EndsAtItsDeadlineHoweverLively) {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write(test::chunked_head);
    while (connection.write(chunk("tick\n")) && !connection.wait_for_close(milliseconds(20))) {
    }
  });
  Collected collected;
  EXPECT_EQ(connect_to(server)
                ->stream(watch(milliseconds(400)), milliseconds(200), collected.sink(), {})
                .error()
                .kind,
            ErrorKind::TimedOut);
  EXPECT_GT(collected.pieces, 3);
}

TEST(HttpTransportStream, EndsWhenTheSinkHasHadEnough) {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write(test::chunked_head);
    while (connection.write(chunk("tick\n")) && !connection.wait_for_close(milliseconds(10))) {
    }
  });
  int pieces = 0;
  const auto answer = connect_to(server)->stream(
      watch(), milliseconds(2000), [&](std::string_view) { return ++pieces < 3; }, {});
  EXPECT_TRUE(answer);
  EXPECT_EQ(pieces, 3);
}

TEST(HttpTransportStream, StopsPromptly) {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write(test::chunked_head);
    connection.wait_for_close(milliseconds(10'000));
  });
  const auto transport = connect_to(server);
  std::stop_source stop;
  Collected collected;
  auto answer = std::async(std::launch::async, [&] {
    return transport->stream(watch(), milliseconds(5000), collected.sink(), stop.get_token());
  });
  ASSERT_EQ(answer.wait_for(milliseconds(100)), std::future_status::timeout);
  stop.request_stop();
  ASSERT_EQ(answer.wait_for(milliseconds(500)), std::future_status::ready);
  EXPECT_EQ(answer.get().error().kind, ErrorKind::Cancelled);
}

TEST(HttpTransportStream, HoldsBackAServerThatIsFasterThanTheSink) {
  std::atomic<std::uint64_t> sent{0};
  RawServer server([&](RawConnection& connection) {
    connection.read_request();
    connection.write(test::chunked_head);
    const auto piece = chunk(std::string(60'000, 'x'));
    while (sent < (1u << 30) && connection.write(piece)) sent += piece.size();
  });
  std::uint64_t most_ahead = 0;
  std::uint64_t taken = 0;
  const auto answer = connect_to(server)->stream(
      watch(milliseconds(20'000)), milliseconds(5000),
      [&](std::string_view piece) {
        taken += piece.size();
        std::promise<void>().get_future().wait_for(milliseconds(20));  // a slow reader
        most_ahead = std::max(most_ahead, sent.load() - std::min(sent.load(), taken));
        return taken < (8u << 20);
      },
      {});
  EXPECT_TRUE(answer) << answer.error().message;
  EXPECT_LT(most_ahead, 32u << 20);  // the kernel's buffers on both sides, and ours
}

TEST(HttpTransportStream, RunsLongerThanWhatMayBeHeld) {
  RawServer server([&](RawConnection& connection) {
    connection.read_request();
    connection.write(test::chunked_head);
    const auto piece = chunk(std::string(60'000, 'x'));
    for (int i = 0; i < 200; ++i) connection.write(piece);
    connection.write("0\r\n\r\n");
  });
  std::uint64_t taken = 0;
  const auto answer = connect_to(server)->stream(
      watch(milliseconds(20'000)), milliseconds(5000),
      [&](std::string_view piece) {
        taken += piece.size();
        return true;
      },
      {});
  EXPECT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(taken, 200u * 60'000u);
}

TEST(HttpTransportStream, SurvivesCancelsAtRandomMoments) {
  RawServer server([](RawConnection& connection) {
    while (!connection.read_request().empty()) {
      connection.write(test::chunked_head);
      for (int i = 0; i < 5; ++i)
        if (!connection.write(chunk("tick\n"))) return;
      if (!connection.write("0\r\n\r\n")) return;
    }
  });
  const auto transport = connect_to(server);
  for (int i = 0; i < 200; ++i) {
    std::stop_source stop;
    auto answer = std::async(std::launch::async, [&] {
      return transport->stream(
          watch(), milliseconds(2000), [](std::string_view) { return true; }, stop.get_token());
    });
    std::promise<void>().get_future().wait_for(std::chrono::microseconds(37 * (i % 50)));
    stop.request_stop();
    const auto ended = answer.get();
    EXPECT_TRUE(ended || ended.error().kind == ErrorKind::Cancelled) << ended.error().message;
  }
}

}  // namespace
}  // namespace poolscaler
