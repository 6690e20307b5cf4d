// What a policy knows about its own writes to the target: that the cache must show them before the
// next decision, and that something else keeps undoing them. Pure; monotonic time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/time.hpp"

namespace poolscaler::controllers {

/// True when `seen` is the version `wanted` or a later one: both decimal numbers of any length, as
/// the API defines them; otherwise only when equal.
[[nodiscard]] bool is_at_least(std::string_view seen, std::string_view wanted);

/// What the cache shows of a target.
struct TargetSeen {
  std::string_view uid;
  std::string_view resource_version;
  std::int32_t replicas;
};

/// No decision is taken on a cache that is older than the last write. Time-boxed, since a write of
/// which the answer was lost may never have happened; every write is conditional anyway.
class Settlement {
 public:
  static constexpr Millis patience{30'000};

  /// The API server confirmed `resource_version`.
  void wrote(std::string uid, std::string resource_version, std::int32_t replicas, Millis now);
  /// The API server knows a version other than `stale_version`, or has one by now.
  void refused(std::string uid, std::string stale_version, Millis now);
  /// Whether the cache shows the write now; once it does, or patience ends, nothing is awaited.
  [[nodiscard]] bool settled(const TargetSeen& seen, Millis now);
  [[nodiscard]] bool pending() const { return awaited_.has_value(); }
  /// The replicas of a write that the cache does not show yet.
  [[nodiscard]] std::optional<std::int32_t> written() const {
    return awaited_ && awaited_->written ? std::optional(awaited_->replicas) : std::nullopt;
  }
  void forget() { awaited_.reset(); }

 private:
  struct Awaited {
    std::string uid;
    std::string version;
    bool written;  // else: any version but this one
    std::int32_t replicas;
    Millis until;
  };
  std::optional<Awaited> awaited_;
};

/// The writes of a status that holds what must not be lost: by compare-and-set, one at a time.
/// Whoever loses one takes up what the winner has written before it writes again.
class StoredStatus {
 public:
  /// What the cache shows of the object; true: what its status holds is to be taken up.
  [[nodiscard]] bool saw(const std::string& version);
  [[nodiscard]] bool may_write() const { return !writing_ && refused_.empty(); }
  /// The last write did not arrive.
  [[nodiscard]] bool unsaid() const { return unsaid_; }
  /// A write begins; it is bound to this version.
  [[nodiscard]] const std::string& begin();
  void wrote(const std::string& version);
  void failed(bool conflict);

 private:
  std::string version_;  // the newest that we know of
  std::string bound_;    // of the write that is on its way
  std::string refused_;  // another has written since
  bool writing_ = false;
  bool unsaid_ = false;
};

/// Finds out that something keeps undoing what we write, and says for how long not to chase it.
class FightDetector {
 public:
  static constexpr std::size_t resets_max = 3;
  static constexpr Millis window{600'000};
  static constexpr Millis first_truce{300'000};
  static constexpr Millis longest_truce{3'600'000};

  /// We wrote this, and the API server confirmed it as that version.
  void wrote(const std::string& uid, const std::string& resource_version, std::int32_t replicas);
  /// A write may have happened or not: until the next one, no difference is held against anybody.
  void unsure();
  /// What the cache shows; true when this is one more reset of our write. A cache that is older
  /// than the write, since its watch is down for longer than anybody waits, shows nothing of it.
  [[nodiscard]] bool saw(const TargetSeen& seen, Millis now);
  [[nodiscard]] bool truce(Millis now) const { return now < truce_until_; }
  [[nodiscard]] Millis truce_left(Millis now) const { return truce_until_ - now; }

 private:
  std::string uid_;
  std::string version_;
  std::optional<std::int32_t> ours_;
  std::vector<Millis> resets_;
  Millis truce_until_{0};
  Millis last_truce_{0};
};

}  // namespace poolscaler::controllers
