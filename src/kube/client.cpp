#include "poolscaler/kube/client.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"

namespace poolscaler::kube {
namespace {

constexpr int depth_max = 64;
constexpr std::size_t message_bytes_max = 500;
constexpr Millis get_pause{250};  // doubled with each attempt

class NoToken final : public TokenSource {
 public:
  std::string token() override { return {}; }
  void refused(std::string_view) override {}
};

ErrorKind kind_of_status(int status) {
  switch (status) {
    case 400:
    case 405:
    case 406:
    case 413:
    case 415:
    case 422: return ErrorKind::InvalidInput;
    case 401: return ErrorKind::Unauthorised;
    case 403: return ErrorKind::Forbidden;
    case 404: return ErrorKind::NotFound;
    case 409: return ErrorKind::Conflict;
    case 410: return ErrorKind::Expired;
    case 429: return ErrorKind::Throttled;
    case 408:
    case 504: return ErrorKind::TimedOut;
    default: return status >= 500 ? ErrorKind::Unavailable : ErrorKind::Internal;
  }
}

std::string_view verb_of(const Request& request) {
  switch (request.method) {
    case HttpMethod::Get: break;
    case HttpMethod::Post: return "create";
    case HttpMethod::Put: return "update";
    case HttpMethod::Patch: return "patch";
    case HttpMethod::Delete: return "delete";
  }
  for (const auto& [name, value] : request.query) {
    if (name == "watch") return "watch";
    if (name == "limit" || name == "continue" || name == "resourceVersionMatch") return "list";
  }
  return "get";
}

/// The resource's plural in a path; "" where there is none (discovery).
std::string_view plural_of(std::string_view path) {
  std::size_t parts_before = path.starts_with("/apis/") ? 3 : 2;
  const auto drop = [&path] {
    path.remove_prefix(1);
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
    return part;
  };
  for (; parts_before > 0 && !path.empty(); --parts_before) drop();
  if (path.empty()) return {};
  const auto part = drop();
  if (part != "namespaces" || path.empty()) return part;
  drop();
  return path.empty() ? std::string_view("namespaces") : drop();
}

/// One line that quotes the server.
std::string cited(std::string_view text) { return escaped(capped(text, message_bytes_max)); }

Error error_of_answer(const HttpResponse& answer) {
  auto object = parse_bounded(answer.body);
  auto error = object && text_at(*object, "kind") == "Status"
                   ? error_of_status(*object, answer.status)
                   : Error{.kind = kind_of_status(answer.status),
                           .message = fmt::format("the server answered {}: {}", answer.status,
                                                  cited(std::string_view(answer.body)
                                                             .substr(0, 200)))};
  if (error.kind == ErrorKind::Unauthorised)
    error.message += ": the server does not accept our token or client certificate; it may have "
                     "expired, or belong to another cluster";
  if (const int wait = retry_after_seconds(answer.header("retry-after")); wait > 0)
    error.retry_after_seconds = wait;
  return error;
}

/// Parses with a limit on depth. Members of the array `items` of the object go to `sink`, if there
/// is one, and are left out.
Result<nlohmann::json> parse_items(std::string_view text, const Client::ItemSink* sink) {
  using Event = nlohmann::json::parse_event_t;
  bool too_deep = false;
  bool in_items = false;
  const auto guard = [&](int depth, Event event, nlohmann::json& parsed) {
    if (depth > depth_max) too_deep = true;
    if (too_deep) return false;
    if (event == Event::key && depth == 1) in_items = parsed == "items";
    const bool is_item = sink != nullptr && in_items && depth == 2 && event == Event::object_end;
    if (is_item) (*sink)(parsed);
    return !is_item;
  };
  // Strings that are no UTF-8 must not reach dump(), which would throw: the parser refuses them.
  auto value = nlohmann::json::parse(text, guard, false);
  if (too_deep)
    return fail(ErrorKind::Internal, fmt::format("the JSON is deeper than {} levels", depth_max));
  if (value.is_discarded()) return fail(ErrorKind::Internal, "what came is not JSON");
  if (!value.is_object()) return fail(ErrorKind::Internal, "the JSON is not an object");
  return value;
}

Result<nlohmann::json> json_of(const HttpResponse& answer, const Client::ItemSink* sink = nullptr) {
  const auto type = answer.header("content-type");
  if (!type.starts_with("application/json"))
    return fail(ErrorKind::Internal,
                fmt::format("the answer is of type '{}', must be application/json",
                            escaped(capped(type, 60))));
  auto object = parse_items(answer.body, sink);
  if (!object) return object;
  const auto kind = text_at(*object, "kind");
  // The list of the core group's resources comes without an apiVersion.
  const bool dated = !text_at(*object, "apiVersion").empty() || kind == "APIResourceList";
  if (kind.empty() || kind == "Table" || !dated)
    return fail(ErrorKind::Internal,
                fmt::format("the answer is of kind '{}', which is no object of Kubernetes",
                            escaped(capped(kind, 60))));
  return object;
}

Result<nlohmann::json> parsed(const Result<HttpResponse>& answer, const Client::ItemSink* sink) {
  if (!answer) return fail(answer.error());
  if (answer->status < 200 || answer->status > 299) return fail(error_of_answer(*answer));
  return json_of(*answer, sink);
}

}  // namespace

std::unique_ptr<TokenSource> no_token() { return std::make_unique<NoToken>(); }

Result<nlohmann::json> parse_bounded(std::string_view text) { return parse_items(text, nullptr); }

int retry_after_seconds(std::string_view header) {
  if (header.empty()) return 0;
  int seconds = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (error == std::errc::result_out_of_range) return 3600;
  if (error != std::errc() || end != header.data() + header.size() || seconds < 0) return 1;
  return std::min(seconds, 3600);
}

Error error_of_status(const nlohmann::json& status, int http_status) {
  const auto code = static_cast<int>(
      std::clamp<std::int64_t>(integer_at(status, "code").value_or(http_status), 0, 999));
  const auto reason = text_at(status, "reason");
  const auto message = text_at(status, "message");
  Error error{.kind = kind_of_status(code),
              .message = cited(message.empty() ? fmt::format("status {} {}", code, reason)
                                                : message)};
  // Old servers say 500 with this reason for a version that is gone.
  if (reason == "Expired" || reason == "Gone") error.kind = ErrorKind::Expired;
  // A failed test of a JSON patch is said in these words alone, without naming an object.
  if (code == 422 && text_at(status, "details", "name").empty() &&
      !member(status, "details", "causes")) {
    error.kind = ErrorKind::Conflict;
    error.message = "a test of the patch failed, so it is another object: " + error.message;
  }
  // An eviction is refused in general words; which budget, and why, is told in a cause.
  const auto* causes = member(status, "details", "causes");
  if (causes != nullptr && causes->is_array())
    for (const auto& cause : *causes)
      if (text_at(cause, "reason") == "DisruptionBudget")
        error.message += " " + cited(text_at(cause, "message"));
  const auto wait = integer_at(status, "details", "retryAfterSeconds").value_or(0);
  error.retry_after_seconds = static_cast<int>(std::clamp<std::int64_t>(wait, 0, 3600));
  return error;
}

Client::Client(HttpTransport& transport, TokenSource& tokens, const Clock& clock,
               ClientOptions options)
    : transport_(transport), tokens_(tokens), clock_(clock), options_(std::move(options)) {}

HttpRequest Client::dressed(const Request& request, std::string_view token,
                            Millis deadline) const {
  HttpRequest out{.method = request.method,
                  .target = request.target(),
                  .body = request.body,
                  .deadline = deadline,
                  .response_bytes_max = options_.response_bytes_max};
  out.headers = {{"Accept", "application/json"}, {"User-Agent", options_.user_agent}};
  if (!request.content_type.empty())
    out.headers.push_back({"Content-Type", request.content_type});
  if (!token.empty()) out.headers.push_back({"Authorization", fmt::format("Bearer {}", token)});
  return out;
}

void Client::observe(const Request& request, const Result<HttpResponse>& answer,
                     Millis began) const {
  if (!options_.observe) return;
  options_.observe({.verb = verb_of(request),
                    .plural = plural_of(request.path),
                    .status = answer ? answer->status : 0,
                    .took = clock_.monotonic() - began});
}

Result<HttpResponse> Client::exchange(const Request& request, Millis deadline,
                                      std::stop_token stop, const SendGate& may_send) const {
  const auto until = clock_.monotonic() + deadline;
  for (bool again = true;; again = false) {
    const auto token = tokens_.token();
    const auto began = clock_.monotonic();
    if (may_send && !may_send())
      return fail(ErrorKind::Cancelled, "not sent: the lease is not ours");
    auto answer =
        transport_.send(dressed(request, token, std::max(until - began, Millis(1))), stop);
    observe(request, answer, began);
    if (!answer || answer->status != 401) return answer;
    tokens_.refused(token);
    // Sent again only with another token, since nothing else would change the answer.
    if (!again || tokens_.token() == token) return answer;
  }
}

Result<nlohmann::json> Client::call_once(const Request& request, Millis deadline,
                                         std::stop_token stop, const SendGate& may_send) const {
  return parsed(exchange(request, deadline, stop, may_send), nullptr);
}

Result<nlohmann::json> Client::call(const Request& request, std::stop_token stop) const {
  return call_parsed(request, stop, nullptr);
}

Result<nlohmann::json> Client::list(const Request& request, const ItemSink& sink,
                                    std::stop_token stop) const {
  return call_parsed(request, stop, &sink);
}

/// What is sent again has not been parsed, so no item comes twice.
Result<nlohmann::json> Client::call_parsed(const Request& request, std::stop_token stop,
                                           const ItemSink* sink) const {
  const auto until = clock_.monotonic() + options_.deadline;
  auto pause = get_pause;
  for (int attempt = 1;; ++attempt) {
    const auto left = std::max(until - clock_.monotonic(), Millis(1));
    auto answer = exchange(request, left, stop, {});
    auto result = parsed(answer, sink);
    if (result || request.method != HttpMethod::Get || attempt >= options_.get_attempts)
      return result;
    const auto& error = result.error();
    if (error.kind != ErrorKind::Unavailable && error.kind != ErrorKind::Throttled) return result;
    const auto wait = std::max<Millis>(pause, Seconds(error.retry_after_seconds));
    if (wait > options_.retry_after_max || clock_.monotonic() + wait >= until) return result;
    if (!clock_.sleep_for(wait, stop)) return fail(ErrorKind::Cancelled, "stopped");
    pause *= 2;
  }
}

Result<void> Client::stream(const Request& request, Millis deadline, Millis idle_limit,
                            const HttpTransport::ChunkSink& sink, std::stop_token stop) const {
  for (bool again = true;; again = false) {
    const auto token = tokens_.token();
    const auto began = clock_.monotonic();
    auto answer = transport_.stream(dressed(request, token, deadline), idle_limit, sink, stop);
    observe(request, answer, began);
    if (!answer) return fail(answer.error());
    if (answer->status == 200) return {};
    if (answer->status == 401) {
      tokens_.refused(token);
      if (again && tokens_.token() != token) continue;
    }
    return fail(error_of_answer(*answer));
  }
}

}  // namespace poolscaler::kube
