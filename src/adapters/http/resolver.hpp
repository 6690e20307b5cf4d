// Names to addresses, with a deadline. The library's own resolver can neither be given one nor tell
// the address family before it connects, which the socket options need.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "poolscaler/base/result.hpp"

namespace poolscaler::adapters {

struct Address {
  std::string text;
  bool ipv6 = false;
};

/// Thread-safe. At most one look-up is under way, however long the name server takes.
class Resolver {
 public:
  using Time = std::chrono::steady_clock::time_point;
  Resolver(std::string host, std::string port);

  /// The address to connect to now; IPv4 before IPv6. Errors: Unavailable, TimedOut, Cancelled.
  [[nodiscard]] Result<Address> address(Time deadline, std::stop_token stop);
  /// A connection failed: the next call takes the next address, and asks again when all were tried.
  void failed();

 private:
  struct Lookup {
    std::mutex mutex;
    std::condition_variable_any done;
    bool running = false;
    std::vector<Address> found{};
    std::string error{};
    Time at{};
  };
  static void look_up(const std::shared_ptr<Lookup>& lookup, const std::string& host);

  std::string host_;
  std::string port_;
  std::shared_ptr<Lookup> lookup_ = std::make_shared<Lookup>();
  std::size_t next_ = 0;  // guarded by the lookup's mutex
};

}  // namespace poolscaler::adapters
