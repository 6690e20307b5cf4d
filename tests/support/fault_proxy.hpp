// FaultProxy: stands before a real server (the API server or Prometheus), speaks plain HTTP to the
// client and HTTP or HTTPS to the server, and does to each request what the test's rule says. The
// rule sees every request before it is forwarded, so a test can stand between any two writes.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "support/sockets.hpp"

namespace poolscaler::rig {

struct ProxiedRequest {
  std::string method;
  std::string target;
  std::string body;
  /// Not GET.
  [[nodiscard]] bool writes() const { return method != "GET"; }
  [[nodiscard]] bool watches() const { return target.find("watch=") != std::string::npos; }
};

struct Verdict {
  enum class Kind {
    Forward,
    Answer,          // `status` and `text` as JSON, without asking the server
    Raw,             // the bytes of `text`, then the end of the connection
    Cut,             // the end of the connection, not forwarded
    ForwardThenCut,  // the server does it, the client never hears of it
    ForwardThenHold,  // the same, but the connection stays open
    Hold,            // nothing, until the client gives up or the connection is cut
  };
  Kind kind = Kind::Forward;
  Ms delay{0};  // before anything else
  int status = 503;
  std::string text{};
  /// Becomes true when the server has answered (the Forward kinds).
  std::shared_ptr<std::atomic<bool>> executed{};
};

class FaultProxy {
 public:
  using Rule = std::function<Verdict(const ProxiedRequest&)>;  // called on many threads

  explicit FaultProxy(Endpoint upstream);
  [[nodiscard]] std::string url() const;
  [[nodiscard]] Endpoint endpoint() const { return {.port = listener_.port()}; }
  /// Requests from now on are treated so; nullptr forwards everything.
  void set_rule(Rule rule);
  /// Ends all connections, watches among them.
  void cut_all(bool reset = false) { listener_.cut_all(reset); }
  /// The client's packets are lost from now on, on all connections that there are.
  void vanish_all() { listener_.vanish_all(); }
  /// Every request that arrived so far, in order.
  [[nodiscard]] std::vector<ProxiedRequest> requests() const;
  void forget_requests();

 private:
  void serve(Stream& client);
  bool treat(Stream& client, std::unique_ptr<Stream>& server, const ProxiedRequest& request,
             const std::string& raw);
  bool relay(Stream& client, Stream& server, const Verdict& verdict);
  bool hold(const Stream& client) const;
  bool wait_unless_gone(const Stream& client, Ms duration) const;

  Endpoint upstream_;
  mutable std::mutex mutex_;
  Rule rule_;
  std::vector<ProxiedRequest> requests_;
  Listener listener_;  // last: its threads use the members above
};

}  // namespace poolscaler::rig
