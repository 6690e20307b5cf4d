// Otherwise the library defines a macro named U, which breaks fmt.
#define _TURN_OFF_PLATFORM_STRING

#include "lane.hpp"

#include <mutex>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <cpprest/http_client.h>
#include <fmt/format.h>
#include <pplx/threadpool.h>

#include "body_sink.hpp"

namespace poolscaler::adapters {
namespace {

namespace http = web::http;
using Tcp = boost::asio::ip::tcp;
using TlsStream = boost::asio::ssl::stream<Tcp::socket&>;

constexpr std::size_t library_threads = 6;
constexpr std::size_t headers_max = 128;
constexpr std::size_t header_bytes_max = 8192;

std::string method_name(HttpMethod method) { return std::string(name_of(method)); }

HttpResponse head_of(const http::http_response& response) {
  HttpResponse head;
  head.status = response.status_code();
  for (const auto& [name, value] : response.headers()) {
    if (head.headers.size() == headers_max) break;
    head.headers.push_back(
        {.name = name.substr(0, header_bytes_max), .value = value.substr(0, header_bytes_max)});
  }
  return head;
}

std::string said(std::string text) { return text.empty() ? "unknown failure" : text; }

/// What the task came to; nothing when it failed, which the exchange is told then. Every task of
/// the library must end here: an exception that nobody takes out of it would end the program.
std::optional<http::http_response> result_of(const pplx::task<http::http_response>& task,
                                             Exchange& exchange) {
  try {
    return task.get();
  } catch (const http::http_exception& error) {
    // The library reports a refused connection as an unreachable host.
    const bool unreachable =
        error.error_code().value() == static_cast<int>(std::errc::host_unreachable);
    exchange.ended(unreachable ? "could not connect: refused or unreachable" : said(error.what()));
  } catch (const std::exception& error) {
    exchange.ended(said(error.what()));
  } catch (...) {
    exchange.ended(said({}));
  }
  return std::nullopt;
}

}  // namespace

void start_library_threads() {
  static std::once_flag once;
  std::call_once(once, [] {
    try {
      crossplat::threadpool::initialize_with_threads(library_threads);
    } catch (const std::exception&) {
      // Somebody was quicker: any size will do.
    }
  });
}

/// What the library's callbacks need; outlives the lane where a task of the library does.
struct Lane::Inside {
  std::mutex mutex;
  std::weak_ptr<Exchange> current{};  // guarded by mutex
  bool secure = false;
  bool ipv6 = false;
  std::string host_header{};
  std::shared_ptr<const TlsMaterial> tls{};
  std::unique_ptr<http::client::http_client> client{};

  std::shared_ptr<Exchange> exchange() {
    const std::scoped_lock lock(mutex);
    return current.lock();
  }

  void use_socket(http::client::native_handle handle);
  static void prepare_tls(const std::shared_ptr<Inside>& inside,
                          boost::asio::ssl::context& context);
  static void note_handshake(const SSL* ssl, int where, int result);
  static int index();
  static void forget(void*, void* weak, CRYPTO_EX_DATA*, int, long, void*);
};

/// Called before each connection is made or used again. Throwing refuses the request.
void Lane::Inside::use_socket(http::client::native_handle handle) {
  auto& socket = secure ? static_cast<TlsStream*>(handle)->next_layer()
                        : *static_cast<Tcp::socket*>(handle);
  const bool reused = socket.is_open();
  if (!reused) {
    socket.open(ipv6 ? Tcp::v6() : Tcp::v4());
    set_liveness_options(socket.native_handle());
  }
  const auto asked = exchange();
  if (!asked || !asked->use_socket(SocketGuard(socket.native_handle()), reused))
    throw std::runtime_error("the request is not sent a second time");
}

void Lane::Inside::forget(void*, void* weak, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<std::weak_ptr<Inside>*>(weak);
}

int Lane::Inside::index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, forget);
  return index;
}

void Lane::Inside::prepare_tls(const std::shared_ptr<Inside>& inside,
                               boost::asio::ssl::context& context) {
  inside->tls->apply(context.native_handle());
  // Owned by the context from here on, which outlives the lane where a task of the library does.
  auto weak = std::make_unique<std::weak_ptr<Inside>>(inside);
  if (SSL_CTX_set_ex_data(context.native_handle(), index(), weak.get()) != 1) return;
  (void)weak.release();
  SSL_CTX_set_info_callback(context.native_handle(), note_handshake);
}

void Lane::Inside::note_handshake(const SSL* ssl, int where, int result) {
  const auto* weak = static_cast<std::weak_ptr<Inside>*>(
      SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), index()));
  const auto inside = weak ? weak->lock() : nullptr;
  if (!inside) return;
  const bool failed = (where & SSL_CB_EXIT) != 0 && result <= 0;
  const bool refused = (where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT &&
                       (result >> 8) == SSL3_AL_FATAL;
  if (!failed && !refused) return;
  const auto asked = inside->exchange();
  if (!asked) return;
  if (refused) {
    asked->tls_failed(fmt::format("the server refused us: {}", SSL_alert_desc_string_long(result)));
  } else if (const auto verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK) {
    asked->tls_failed(fmt::format("the server's certificate is not trusted: {}",
                                  X509_verify_cert_error_string(verdict)));
  }
}

Lane::Lane(const LaneOptions& options) : inside_(std::make_shared<Inside>()) {
  inside_->secure = options.origin.secure;
  inside_->ipv6 = options.address.ipv6;
  inside_->tls = options.tls;
  // Over https the library verifies the certificate against the whole Host header, so no port
  // there.
  inside_->host_header = options.origin.secure
                             ? options.server_name
                             : fmt::format("{}:{}", options.origin.host, options.origin.port);
  http::client::http_client_config config;
  config.set_max_redirects(0);
  config.set_timeout(std::chrono::hours(24));  // per read; our own limits are shorter
  config.set_validate_certificates(!options.insecure);
  config.set_tlsext_sni_enabled(!is_ipv4_literal(options.server_name));
  // Not owning: the client keeps these callbacks, and Inside keeps the client.
  const std::weak_ptr<Inside> weak = inside_;
  config.set_nativehandle_options([weak](http::client::native_handle handle) {
    const auto inside = weak.lock();
    if (!inside) throw std::runtime_error("the transport has gone");
    inside->use_socket(handle);
  });
  if (options.tls)
    config.set_ssl_context_callback([weak](boost::asio::ssl::context& context) {
      const auto inside = weak.lock();
      if (!inside) throw std::runtime_error("the transport has gone");
      Inside::prepare_tls(inside, context);
    });
  // An IPv6 address cannot be written into the library's URI, but a name that leads to it can.
  const auto host = options.address.ipv6 ? options.origin.host : options.address.text;
  inside_->client = std::make_unique<http::client::http_client>(
      web::uri(fmt::format("{}://{}:{}", options.origin.secure ? "https" : "http", host,
                           options.origin.port)),
      config);
}

Lane::~Lane() = default;

bool Lane::is_fit() const { return fit_ && guard_.holds() && !guard_.is_stale(); }

Result<HttpResponse> Lane::run(const HttpRequest& request,
                               const std::shared_ptr<Exchange>& exchange, std::stop_token stop) {
  fit_ = false;
  guard_ = SocketGuard();
  const auto inside = inside_;
  {
    const std::scoped_lock lock(inside->mutex);
    inside->current = exchange;
  }
  pplx::cancellation_token_source cancel;
  try {
    http::http_request asked(method_name(request.method));
    asked.set_request_uri(web::uri(request.target));
    std::string content_type = "application/octet-stream";
    for (const auto& header : request.headers)
      if (header.name == "Content-Type") content_type = header.value;
    if (!request.body.empty()) asked.set_body(request.body, content_type);
    for (const auto& header : request.headers)
      if (header.name != "Content-Type") asked.headers().add(header.name, header.value);
    asked.headers().add("Host", inside->host_header);
    asked.set_response_stream(concurrency::streams::streambuf<std::uint8_t>(
                                  std::make_shared<BodySink>(exchange))
                                  .create_ostream());
    inside->client->request(asked, cancel.get_token())
        .then([exchange, inside](const pplx::task<http::http_response>& task) {
          const auto head = result_of(task, *exchange);
          if (!head) return;
          exchange->head_arrived(head_of(*head));
          head->content_ready().then(
              [exchange, inside](const pplx::task<http::http_response>& body) {
                if (result_of(body, *exchange)) exchange->ended({});
              });
        });
  } catch (const std::exception& error) {
    return fail(ErrorKind::InvalidInput, fmt::format("cannot send the request: {}", error.what()));
  }
  auto answer = exchange->wait(stop);
  if (!answer || !exchange->is_over()) {
    exchange->abandon();
    cancel.cancel();
    return answer;
  }
  guard_ = exchange->take_guard();
  fit_ = true;
  return answer;
}

}  // namespace poolscaler::adapters
