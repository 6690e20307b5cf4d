// A transport that a test answers for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "poolscaler/base/text.hpp"
#include "poolscaler/ports/http_transport.hpp"

namespace poolscaler::adapters::testing {

using Answering = std::function<Result<HttpResponse>(const HttpRequest&, std::stop_token)>;

class FakeTransport final : public HttpTransport {
 public:
  explicit FakeTransport(Answering answering) : answering_(std::move(answering)) {}
  Result<HttpResponse> send(const HttpRequest& request, std::stop_token stop) override {
    return answering_(request, std::move(stop));
  }
  Result<HttpResponse> stream(const HttpRequest&, std::chrono::milliseconds, const ChunkSink&,
                              std::stop_token) override {
    return fail(ErrorKind::Internal, "nothing streams here");
  }

 private:
  Answering answering_;
};

/// The value of a member of a form, decoded.
inline std::string form_member(const HttpRequest& request, const std::string& name) {
  const std::string body = "&" + request.body;
  const auto start = body.find("&" + name + "=");
  if (start == std::string::npos) return {};
  const auto from = start + name.size() + 2;
  return percent_decoded(std::string_view(body).substr(from, body.find('&', from) - from));
}

/// Whether it asks for values and ages at once.
inline bool is_joint(const HttpRequest& request) {
  return form_member(request, "query").starts_with("label_replace(");
}

}  // namespace poolscaler::adapters::testing
