#include "raw_server.hpp"

#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>
#include <openssl/pem.h>

namespace poolscaler::test {
namespace {

X509* certificate_of(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return certificate;
}

std::shared_ptr<SSL_CTX> context_of(const ServerTls& tls) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (tls.version_max != 0) {
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_max_proto_version(context.get(), tls.version_max);
  }
  X509* certificate = certificate_of(tls.certificate_pem);
  SSL_CTX_use_certificate(context.get(), certificate);
  X509_free(certificate);
  BIO* bio = BIO_new_mem_buf(tls.key_pem.data(), static_cast<int>(tls.key_pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  SSL_CTX_use_PrivateKey(context.get(), key);
  EVP_PKEY_free(key);
  if (!tls.client_ca_pem.empty()) {
    X509* authority = certificate_of(tls.client_ca_pem);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority);
    X509_free(authority);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

}  // namespace

void RawConnection::vanish() {
  sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program{.len = 1, .filter = &drop};
  setsockopt(socket_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

int RawConnection::read_some() {
  std::array<char, 4096> piece{};
  const int got = tls_ ? SSL_read(tls_, piece.data(), static_cast<int>(piece.size()))
                       : static_cast<int>(recv(socket_, piece.data(), piece.size(), 0));
  if (got > 0) buffer_.append(piece.data(), static_cast<std::size_t>(got));
  return got;
}

std::string RawConnection::read_request() {
  std::size_t head = 0;
  while ((head = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (read_some() <= 0) return {};
  std::size_t length = 0;
  if (const auto at = buffer_.find("Content-Length:"); at < head)
    length = std::stoul(buffer_.substr(at + 15));
  while (buffer_.size() < head + 4 + length)
    if (read_some() <= 0) return {};
  auto request = buffer_.substr(0, head + 4 + length);
  buffer_.erase(0, head + 4 + length);
  return request;
}

bool RawConnection::write(std::string_view text) {
  while (!text.empty()) {
    const auto sent = tls_ ? SSL_write(tls_, text.data(), static_cast<int>(text.size()))
                           : send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawConnection::wait_for_close(std::chrono::milliseconds limit) {
  pollfd entry{.fd = socket_, .events = POLLRDHUP, .revents = 0};
  return poll(&entry, 1, static_cast<int>(limit.count())) == 1;
}

void RawConnection::cut() {
  // A reset, not an orderly end.
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

RawServer::RawServer(Serve serve, ServerTls tls) : serve_(std::move(serve)) {
  std::signal(SIGPIPE, SIG_IGN);
  secure_ = !tls.certificate_pem.empty();
  if (secure_) context_ = context_of(tls);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
  listen(listener_, 64);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

RawServer::~RawServer() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  {
    const std::scoped_lock lock(mutex_);
    for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
  }
  for (auto& handler : handlers_) handler.join();
  for (const int socket : sockets_)
    if (socket >= 0) close(socket);
}

std::string RawServer::origin(std::string_view host) const {
  return fmt::format("{}://{}:{}", secure_ ? "https" : "http", host, port_);
}

void RawServer::accept_all() {
  while (true) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    ++connections_;
    const std::scoped_lock lock(mutex_);
    sockets_.push_back(socket);
    handlers_.emplace_back([this, socket] { handle(socket); });
  }
}

void RawServer::handle(int socket) {
  SSL* tls = nullptr;
  bool ready = true;
  if (secure_) {
    tls = SSL_new(context_.get());
    SSL_set_fd(tls, socket);
    ready = SSL_accept(tls) == 1;
  }
  if (ready) {
    RawConnection connection(socket, tls);
    serve_(connection);
  }
  if (tls) SSL_free(tls);
  const std::scoped_lock lock(mutex_);
  std::erase(sockets_, socket);
  close(socket);
}

std::string answer(std::string_view body, int status) {
  return fmt::format(
      "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", status,
      body.size(), body);
}

std::string chunk(std::string_view text) {
  return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

}  // namespace poolscaler::test
