// An HttpTransport over the rig's own HTTP, so that what a source answers is judged without any
// client library in between.
#pragma once

#include <map>

#include "poolscaler/ports/http_transport.hpp"
#include "support/raw_http.hpp"

namespace poolscaler::rig {

class LoopbackTransport final : public HttpTransport {
 public:
  explicit LoopbackTransport(Endpoint server) : server_(server) {}

  Result<HttpResponse> send(const HttpRequest& request, std::stop_token stop) override {
    if (stop.stop_requested()) return fail(ErrorKind::Cancelled, "stopped");
    RawRequest raw{.method = std::string(name_of(request.method)),
                   .target = request.target,
                   .body = request.body};
    for (const auto& header : request.headers) raw.headers[header.name] = header.value;
    const auto started = monotonic();
    const auto answer = exchange(server_, raw, request.deadline);
    if (!answer.complete) {
      if (monotonic() - started + Ms{20} >= request.deadline)
        return fail(ErrorKind::TimedOut, "no answer");
      return fail(ErrorKind::Unavailable, "no connection, or it was cut");
    }
    if (answer.body.size() > request.response_bytes_max)
      return fail(ErrorKind::InvalidInput, "answer too large");
    HttpResponse response{.status = answer.status, .headers = {}, .body = answer.body};
    for (const auto& [name, value] : answer.headers) response.headers.push_back({name, value});
    return response;
  }

  Result<HttpResponse> stream(const HttpRequest&, std::chrono::milliseconds, const ChunkSink&,
                              std::stop_token) override {
    return fail(ErrorKind::Internal, "nothing streams here");
  }

 private:
  Endpoint server_;
};

}  // namespace poolscaler::rig
