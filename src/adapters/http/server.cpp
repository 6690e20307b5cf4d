#include "poolscaler/adapters/http/server.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <ctime>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "poolscaler/base/text.hpp"
#include "response_pipe.hpp"

namespace poolscaler::adapters {
namespace {

constexpr std::size_t piece_bytes = 64u << 10;
constexpr std::size_t request_head_bytes_max = 64u << 10;
constexpr std::chrono::milliseconds stop_grace{500};

std::int64_t monotonic_ms() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000;
}

/// One connection. `waiting_since` is when we began to wait for the peer (for its request, or for
/// it to take what it was sent); 0 while the peer waits for us.
struct Connection {
  int socket;
  std::atomic<std::int64_t> waiting_since{monotonic_ms()};

  void peer_owes() { waiting_since = monotonic_ms(); }
  void we_owe() { waiting_since = 0; }
};

/// One request while it is being received.
struct Exchange {
  std::string uri;
  bool begun = false;
  bool too_large = false;
  std::string body{};
};

struct OutgoingBody {
  Connection& connection;
  std::string text{};                     // either a whole body ...
  std::unique_ptr<ResponsePipe> pipe{};   // ... or one without end
};

ssize_t pull_body(void* context, std::uint64_t position, char* out, std::size_t bytes_max) {
  auto& body = *static_cast<OutgoingBody*>(context);
  body.connection.we_owe();
  ssize_t result = MHD_CONTENT_READER_END_WITH_ERROR;
  if (body.pipe) {
    const auto pulled = body.pipe->pull(out, bytes_max);
    if (pulled.end == ResponsePipe::End::None) result = static_cast<ssize_t>(pulled.bytes);
    if (pulled.end == ResponsePipe::End::Proper) result = MHD_CONTENT_READER_END_OF_STREAM;
  } else if (position < body.text.size()) {
    const auto bytes = std::min<std::size_t>(bytes_max, body.text.size() - position);
    std::copy_n(body.text.data() + position, bytes, out);
    result = static_cast<ssize_t>(bytes);
  }
  body.connection.peer_owes();
  return result;
}

void free_body(void* context) {
  const std::unique_ptr<OutgoingBody> body(static_cast<OutgoingBody*>(context));
}

MHD_Result collect_header(void* context, MHD_ValueKind, const char* name, const char* value) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  auto& headers = *static_cast<std::map<std::string, std::string>*>(context);
  headers.insert_or_assign(std::move(lower), value == nullptr ? "" : value);
  return MHD_YES;
}

/// The socket address that `options` ask for, or what is wrong with them.
Result<sockaddr_storage> socket_address(const HttpServerOptions& options) {
  sockaddr_storage storage{};
  sockaddr_in v4{};
  if (inet_pton(AF_INET, options.address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(options.port);
    std::memcpy(&storage, &v4, sizeof v4);
    return storage;
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, options.address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(options.port);
    std::memcpy(&storage, &v6, sizeof v6);
    return storage;
  }
  return fail(ErrorKind::InvalidInput,
              fmt::format("listening on '{}': must be an IP address such as 127.0.0.1 or ::",
                          escaped(capped(options.address, 64))));
}

class MicrohttpdServer final : public HttpServer {
 public:
  MicrohttpdServer(HttpServerOptions options, HttpHandler handler)
      : options_(std::move(options)), handler_(std::move(handler)) {}

  ~MicrohttpdServer() override {
    if (daemon_ == nullptr) return;
    reaper_ = std::jthread();  // stops and joins
    const auto listening = MHD_quiesce_daemon(daemon_);
    if (listening != MHD_INVALID_SOCKET) close(listening);
    stopping_ = true;
    {
      std::unique_lock lock(mutex_);
      for (const auto* connection : connections_) shutdown(connection->socket, SHUT_RD);
      gone_.wait_for(lock, stop_grace, [&] { return connections_.empty(); });
    }
    MHD_stop_daemon(daemon_);
  }

  Result<void> start();
  [[nodiscard]] std::uint16_t port() const override { return port_; }

 private:
  static void note_connection(void* self, MHD_Connection* connection, void** context,
                              MHD_ConnectionNotificationCode code);
  static void* begin_exchange(void*, const char* uri, MHD_Connection*) {
    return new Exchange{.uri = uri};
  }
  static MHD_Result serve(void* self, MHD_Connection* connection, const char*, const char* method,
                          const char*, const char* upload, std::size_t* upload_bytes,
                          void** context);
  static void end_exchange(void*, MHD_Connection* connection, void** context,
                           MHD_RequestTerminationCode);

  static Connection& connection_of(MHD_Connection* connection) {
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return *static_cast<Connection*>(info->socket_context);
  }

  [[nodiscard]] MHD_Result begin(MHD_Connection* connection, Exchange& exchange) const;
  [[nodiscard]] MHD_Result take_body(Exchange& exchange, std::string_view piece) const;
  [[nodiscard]] ServerResponse answer(MHD_Connection* connection, const char* method,
                                      Exchange& exchange) const;
  static MHD_Result send(MHD_Connection* connection, ServerResponse response);
  void reap(const std::stop_token& stop);

  const HttpServerOptions options_;
  const HttpHandler handler_;
  MHD_Daemon* daemon_ = nullptr;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable_any gone_;
  std::set<Connection*> connections_;
  std::jthread reaper_;
};

Result<void> MicrohttpdServer::start() {
  auto address = socket_address(options_);
  if (!address) return fail(address.error());
  unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ITC;
  if (address->ss_family == AF_INET6) flags |= MHD_USE_DUAL_STACK;
  const MHD_NotifyConnectionCallback on_connection = &note_connection;
  const MHD_RequestCompletedCallback on_end = &end_exchange;
  errno = 0;
  daemon_ = MHD_start_daemon(
      flags, options_.port, nullptr, nullptr, &serve, this,                              //
      MHD_OPTION_SOCK_ADDR, &*address,                                                   //
      MHD_OPTION_CONNECTION_LIMIT, options_.connections_max,                             //
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, options_.connections_per_peer_max,             //
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, request_head_bytes_max,                                //
      MHD_OPTION_NOTIFY_CONNECTION, on_connection, this,                                 //
      MHD_OPTION_NOTIFY_COMPLETED, on_end, this,                                         //
      MHD_OPTION_URI_LOG_CALLBACK, &begin_exchange, nullptr, MHD_OPTION_END);
  if (daemon_ == nullptr) {
    return fail(ErrorKind::Unavailable,
                fmt::format("listening on {} port {}: {}", options_.address, options_.port,
                            errno != 0 ? std::strerror(errno) : "the server library refused"));
  }
  const auto* info = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT);
  port_ = info != nullptr ? info->port : options_.port;
  reaper_ = std::jthread([this](const std::stop_token& stop) { reap(stop); });
  return {};
}

void MicrohttpdServer::note_connection(void* self, MHD_Connection* connection, void** context,
                                       MHD_ConnectionNotificationCode code) {
  auto& server = *static_cast<MicrohttpdServer*>(self);
  const std::scoped_lock lock(server.mutex_);
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    auto* made = new Connection{.socket = info->connect_fd};
    server.connections_.insert(made);
    *context = made;
    return;
  }
  const std::unique_ptr<Connection> gone(static_cast<Connection*>(*context));
  server.connections_.erase(gone.get());
  server.gone_.notify_all();
}

void MicrohttpdServer::end_exchange(void*, MHD_Connection* connection, void** context,
                                    MHD_RequestTerminationCode) {
  const std::unique_ptr<Exchange> exchange(static_cast<Exchange*>(*context));
  *context = nullptr;
  connection_of(connection).peer_owes();
}

MHD_Result MicrohttpdServer::serve(void* self, MHD_Connection* connection, const char*,
                                   const char* method, const char*, const char* upload,
                                   std::size_t* upload_bytes, void** context) {
  const auto& server = *static_cast<MicrohttpdServer*>(self);
  auto& exchange = *static_cast<Exchange*>(*context);
  if (!exchange.begun) return server.begin(connection, exchange);
  if (*upload_bytes != 0) {
    const std::string_view piece(upload, *upload_bytes);
    *upload_bytes = 0;
    return server.take_body(exchange, piece);
  }
  connection_of(connection).we_owe();
  return send(connection, server.answer(connection, method, exchange));
}

MHD_Result MicrohttpdServer::begin(MHD_Connection* connection, Exchange& exchange) const {
  exchange.begun = true;
  connection_of(connection).peer_owes();
  const char* length =
      MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
  if (length == nullptr || std::strtoull(length, nullptr, 10) <= options_.body_bytes_max)
    return MHD_YES;
  return send(connection, ServerResponse{.status = MHD_HTTP_CONTENT_TOO_LARGE,
                                         .content_type = "text/plain",
                                         .body = "the request body is too large\n",
                                         .headers = {{"Connection", "close"}}});
}

MHD_Result MicrohttpdServer::take_body(Exchange& exchange, std::string_view piece) const {
  if (!exchange.too_large && piece.size() <= options_.body_bytes_max - exchange.body.size()) {
    exchange.body.append(piece);
    return MHD_YES;
  }
  // A chunked body that outgrew the limit: it is read to its end for the 413 to be seen, within
  // the time that a body may take.
  exchange.too_large = true;
  exchange.body.clear();
  return MHD_YES;
}

ServerResponse MicrohttpdServer::answer(MHD_Connection* connection, const char* method,
                                        Exchange& exchange) const {
  if (exchange.too_large) {
    return {.status = MHD_HTTP_CONTENT_TOO_LARGE,
            .content_type = "text/plain",
            .body = "the request body is too large\n",
            .headers = {{"Connection", "close"}}};
  }
  ServerRequest request{.method = method, .path = {}};
  const std::string_view uri(exchange.uri);
  const auto mark = uri.find('?');
  request.path = percent_decoded(uri.substr(0, mark));
  if (mark != std::string_view::npos) request.query = uri.substr(mark + 1);
  MHD_get_connection_values(connection, MHD_HEADER_KIND, &collect_header, &request.headers);
  request.body = std::move(exchange.body);
  try {
    return handler_(request);
  } catch (const std::exception& problem) {
    return {.status = MHD_HTTP_INTERNAL_SERVER_ERROR,
            .content_type = "text/plain",
            .body = fmt::format("internal error: {}\n", escaped(capped(problem.what(), 512)))};
  }
}

MHD_Result MicrohttpdServer::send(MHD_Connection* connection, ServerResponse response) {
  auto& peer = connection_of(connection);
  auto body = std::make_unique<OutgoingBody>(OutgoingBody{.connection = peer});
  std::uint64_t bytes = MHD_SIZE_UNKNOWN;
  if (response.stream) {
    body->pipe = std::make_unique<ResponsePipe>(peer.socket, std::move(response.stream));
  } else {
    body->text = std::move(response.body);
    bytes = body->text.size();
  }
  MHD_Response* made =
      MHD_create_response_from_callback(bytes, piece_bytes, &pull_body, body.get(), &free_body);
  if (made == nullptr) return MHD_NO;
  [[maybe_unused]] const auto* owned_by_response = body.release();
  MHD_add_response_header(made, MHD_HTTP_HEADER_CONTENT_TYPE, response.content_type.c_str());
  for (const auto& [name, value] : response.headers)
    MHD_add_response_header(made, name.c_str(), value.c_str());
  peer.peer_owes();
  const auto queued = MHD_queue_response(connection, static_cast<unsigned>(response.status), made);
  MHD_destroy_response(made);
  return queued;
}

void MicrohttpdServer::reap(const std::stop_token& stop) {
  const std::chrono::milliseconds limit = options_.idle_limit;
  const auto pause = std::clamp(limit / 4, std::chrono::milliseconds(50),
                                std::chrono::milliseconds(1000));
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    gone_.wait_for(lock, stop, pause, [] { return false; });
    const auto now = monotonic_ms();
    for (const auto* connection : connections_) {
      const auto since = connection->waiting_since.load();
      if (since != 0 && now - since > limit.count()) shutdown(connection->socket, SHUT_RDWR);
    }
  }
}

}  // namespace

Result<std::unique_ptr<HttpServer>> start_http_server(HttpServerOptions options,
                                                      HttpHandler handler) {
  auto server = std::make_unique<MicrohttpdServer>(std::move(options), std::move(handler));
  if (auto started = server->start(); !started) return fail(started.error());
  return server;
}

}  // namespace poolscaler::adapters
