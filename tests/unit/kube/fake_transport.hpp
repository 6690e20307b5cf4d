// A transport whose answers a test makes up; everything that was sent is kept.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "poolscaler/ports/http_transport.hpp"

namespace poolscaler::kube {

inline HttpResponse json_answer(const nlohmann::json& body, int status = 200) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = body.dump()};
}

inline HttpResponse status_answer(int code, const std::string& reason, const std::string& message) {
  return json_answer({{"kind", "Status"},
                      {"apiVersion", "v1"},
                      {"status", "Failure"},
                      {"message", message},
                      {"reason", reason},
                      {"code", code}},
                     code);
}

/// Thread-safe.
class FakeTransport final : public HttpTransport {
 public:
  using Answer = Result<HttpResponse>;
  using Handler = std::function<Answer(const HttpRequest&)>;
  /// What a stream says, piece by piece, and how it ends.
  struct Stream {
    std::vector<std::string> pieces{};
    Answer end = HttpResponse{.status = 200};
    std::function<void()> before_end{};
  };
  using StreamHandler = std::function<Stream(const HttpRequest&)>;

  Handler on_send = [](const HttpRequest&) { return status_answer(404, "NotFound", "not found"); };
  StreamHandler on_stream = [](const HttpRequest&) { return Stream{}; };

  Answer send(const HttpRequest& request, std::stop_token) override {
    keep(request);
    return on_send(request);
  }

  Answer stream(const HttpRequest& request, std::chrono::milliseconds, const ChunkSink& sink,
                std::stop_token stop) override {
    keep(request);
    const auto said = on_stream(request);
    for (const auto& piece : said.pieces)
      if (!sink(piece)) return HttpResponse{.status = 200};
    if (said.before_end) said.before_end();
    if (stop.stop_requested()) return fail(ErrorKind::Cancelled, "stopped");
    return said.end;
  }

  [[nodiscard]] std::vector<HttpRequest> sent() const {
    const std::scoped_lock lock(mutex_);
    return sent_;
  }

 private:
  void keep(const HttpRequest& request) {
    const std::scoped_lock lock(mutex_);
    sent_.push_back(request);
  }

  mutable std::mutex mutex_;
  std::vector<HttpRequest> sent_;
};

inline std::string header_of(const HttpRequest& request, std::string_view name) {
  for (const auto& header : request.headers)
    if (header.name == name) return header.value;
  return {};
}

}  // namespace poolscaler::kube
