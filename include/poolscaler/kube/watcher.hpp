// Watcher: keeps a ChangeSink equal to one collection of the API server, for ever.
//
// Flow: list in pages -> replace the sink's content at once -> watch from the list's version ->
// resume from the last version seen when the watch ends -> list again when that version is gone
// (410), when the stream cannot be understood, or after `relist_period`.
// Guarantees: a partial list is never seen as deletions; nothing incomplete reaches the sink;
// against a dead server the request rate falls to one in 30 s; a half-open connection is noticed.
// Refuses: objects of another kind, events of unknown type (skipped and counted).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/base/guarded.hpp"
#include "poolscaler/kube/client.hpp"
#include "poolscaler/kube/request.hpp"
#include "poolscaler/ports/change_sink.hpp"

namespace poolscaler::kube {

struct WatchOptions {
  Resource resource;
  std::string ns{};  // empty: all namespaces
  Selection selection{};
  std::int64_t page_size = 500;
  Seconds relist_period{3600};     // a belt: full list and diff, jittered by 20 %; 0: never
  Seconds watch_timeout_min{300};  // asked of the server, between this and twice this
  Millis idle_limit{150'000};      // bookmarks come each minute; silence this long is a dead stream
  std::size_t event_bytes_max = 4u << 20;
  std::uint64_t seed = 1;
};

struct WatchHealth {
  bool synced = false;               // a list has been delivered once
  std::optional<Error> error{};      // why it does not follow the collection now
  std::optional<Instant> heard{};    // last list, event or bookmark
  std::string resource_version{};
  std::uint64_t lists = 0;
  std::uint64_t watches = 0;
  std::uint64_t events = 0;
  std::uint64_t skipped = 0;  // unknown types and wrong kinds
};

class Watcher {
 public:
  /// What is borrowed must outlive the watcher. A client (and transport) should not be shared
  /// between watches and writes.
  Watcher(const Client& client, const Clock& clock, ChangeSink& sink, WatchOptions options);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// Blocks until `stop`; on a thread of its own. Call once.
  void run(std::stop_token stop);
  /// Thread-safe.
  [[nodiscard]] WatchHealth health() const;

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace poolscaler::kube
