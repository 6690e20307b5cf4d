// LeaseElector: at most one operator writes. A Lease is taken when nobody has renewed it for its
// whole duration, as seen by our own clock; times written by others are never compared.
//
// Flow: read the Lease every `retry`; take it when free or expired; renew it every `retry`; give up
// when no renewal has succeeded for `renew_deadline`.
// Guarantees: may_write() is true only within renew_deadline - write_margin after the moment before
// the last successful renewal was *sent*, on a clock that runs while the machine sleeps. So a
// process that was paused finds it false, even before it has noticed anything.
// Caveats: a Lease is no fence. A write that was sent just in time may arrive late; every write is
// therefore conditional too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/domain/names.hpp"
#include "poolscaler/kube/client.hpp"

namespace poolscaler::kube {

struct LeaseOptions {
  ObjectKey lease;       // where it lies
  std::string identity;  // unique per process
  Seconds duration{15};
  Seconds renew_deadline{10};
  Seconds retry{2};
  Millis write_margin{2'000};  // a write must reach the server before a successor can start
  std::uint64_t seed = 1;
  std::function<void()> on_acquired{};           // on the elector's thread; must not block
  std::function<void(const Error&)> on_lost{};   // may_write() is false already
  /// The requests about the Lease fail, once per change of why; null: they go well again.
  std::function<void(const Error*)> on_trouble{};
};

enum class LeaseEnd {
  Stopped,  // asked to; the Lease was released if it was ours
  Lost,     // it was ours and could not be renewed: the process should end
};

class LeaseElector {
 public:
  /// REQUIRES: duration > renew_deadline > 1.2 * retry. `client` should have a transport of its
  /// own, so that the Lease is renewed however busy the others are.
  LeaseElector(const Client& client, const Clock& clock, LeaseOptions options);
  ~LeaseElector();
  LeaseElector(const LeaseElector&) = delete;
  LeaseElector& operator=(const LeaseElector&) = delete;

  /// Blocks until `stop` or until the Lease is lost; on a thread of its own. On `stop` the Lease is
  /// released, so ask for it only when nothing writes any more. Call once.
  [[nodiscard]] LeaseEnd run(std::stop_token stop);

  /// To be asked immediately before each write. Thread-safe.
  [[nodiscard]] bool may_write() const;
  /// We are the leader, as far as we know. Thread-safe.
  [[nodiscard]] bool is_leader() const;
  /// Identity of whoever held the Lease when it was last read; empty when nobody. Thread-safe.
  [[nodiscard]] std::string holder() const;
  /// Why the last request about the Lease failed; empty when it went well. Thread-safe.
  [[nodiscard]] std::string error() const;
  /// Why the last attempt to take or renew it failed; nothing when it went well, or when another
  /// holds it or was quicker. Thread-safe.
  [[nodiscard]] std::optional<Error> trouble() const;

 private:
  class Election;
  std::unique_ptr<Election> election_;
};

}  // namespace poolscaler::kube
