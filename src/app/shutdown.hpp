// How the process is told to end: the first SIGTERM or SIGINT asks for a clean stop, a second one
// exits at once. One instance per process, made before any thread starts.
#pragma once

#include <memory>
#include <stop_token>

namespace poolscaler::app {

class Shutdown {
 public:
  /// Blocks SIGTERM and SIGINT in this thread and its later children, ignores SIGPIPE, and waits
  /// for the signals on a thread of its own.
  Shutdown();
  Shutdown(const Shutdown&) = delete;
  Shutdown& operator=(const Shutdown&) = delete;
  ~Shutdown();

  [[nodiscard]] std::stop_token token() const;
  /// As if the first signal had come.
  void request();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace poolscaler::app
