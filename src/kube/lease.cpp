#include "poolscaler/kube/lease.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/check.hpp"
#include "poolscaler/base/guarded.hpp"
#include "poolscaler/base/random.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"

namespace poolscaler::kube {
namespace {

constexpr Millis release_deadline{1'000};
constexpr int release_attempts = 2;
/// A foreign Lease cannot keep us out for longer than this without being renewed.
constexpr std::int64_t foreign_duration_max = 600;

/// What of a Lease matters. Times are not read: they were written by other clocks.
struct Seen {
  nlohmann::json object;
  std::string holder;
  Seconds duration{1};
  std::int64_t transitions = 0;
  /// Changes with every renewal, whoever made it.
  std::string print;
};

Seen read_lease(nlohmann::json object) {
  Seen seen;
  seen.object = std::move(object);
  seen.holder = text_at(seen.object, "spec", "holderIdentity");
  seen.duration = Seconds(std::clamp<std::int64_t>(
      integer_at(seen.object, "spec", "leaseDurationSeconds").value_or(1), 1,
      foreign_duration_max));
  seen.transitions = std::clamp<std::int64_t>(
      integer_at(seen.object, "spec", "leaseTransitions").value_or(0), 0, 1'000'000'000);
  seen.print = fmt::format("{}|{}|{}", text_at(seen.object, "metadata", "uid"), seen.holder,
                           text_at(seen.object, "spec", "renewTime"));
  return seen;
}

}  // namespace

class LeaseElector::Election {
 public:
  Election(const Client& client, const Clock& clock, LeaseOptions options)
      : client_(client),
        clock_(clock),
        options_(std::move(options)),
        request_deadline_(std::max<Millis>(Seconds(1), Millis(options_.renew_deadline) / 2)),
        random_(options_.seed) {}

  LeaseEnd run(std::stop_token stop);
  bool may_write() const {
    return leading_ && (clock_.monotonic() + options_.write_margin).count() < valid_until_;
  }
  bool is_leader() const { return leading_; }
  std::string holder() const {
    return shared_.with([](const Shared& shared) { return shared.holder; });
  }
  std::string error() const {
    return shared_.with([](const Shared& shared) { return shared.error; });
  }
  std::optional<Error> trouble() const {
    return shared_.with([](const Shared& shared) { return shared.trouble; });
  }

 private:
  struct Shared {
    std::string holder{};
    std::string error{};
    std::optional<Error> trouble{};
  };

  bool try_once(std::stop_token stop);
  bool read_then_take(std::stop_token stop);
  bool is_free(const Seen& seen);
  bool create(std::stop_token stop);
  bool renew(std::stop_token stop);
  bool take(const Seen& seen, std::stop_token stop);
  bool written(const Result<nlohmann::json>& answer, Millis sent);
  void tell_trouble(bool ours);
  std::optional<LeaseEnd> judge(bool ours);
  void note(Seen seen);
  void note_error(const Error& error);
  void release();
  Millis deadline() const;
  Millis pause();
  std::string body(const Seen* before, std::string_view holder, Seconds duration) const;

  const Client& client_;
  const Clock& clock_;
  const LeaseOptions options_;
  const Millis request_deadline_;
  Random random_;
  Guarded<Shared> shared_;
  std::atomic<bool> leading_{false};
  std::atomic<std::int64_t> valid_until_{0};  // monotonic milliseconds
  std::optional<Seen> seen_;                  // the Lease as it was last read or written
  Millis changed_{0};                         // when its print was last seen to change
  bool theirs_ = false;                       // somebody else holds what was ours
  std::optional<Error> failure_;              // of the last request of this attempt
};

LeaseEnd LeaseElector::Election::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const bool ours = try_once(stop);
    if (stop.stop_requested()) break;
    tell_trouble(ours);
    if (const auto end = judge(ours)) return *end;
    clock_.sleep_for(pause(), stop);
  }
  if (leading_.exchange(false)) release();
  return LeaseEnd::Stopped;
}

namespace {

/// One outage has many words, and they differ from attempt to attempt.
bool is_passing(ErrorKind kind) {
  return kind == ErrorKind::Unavailable || kind == ErrorKind::TimedOut ||
         kind == ErrorKind::Throttled || kind == ErrorKind::Internal;
}

bool is_same_trouble(const std::optional<Error>& a, const std::optional<Error>& b) {
  if (!a || !b) return !a && !b;
  return (is_passing(a->kind) && is_passing(b->kind)) || *a == *b;
}

}  // namespace

void LeaseElector::Election::tell_trouble(bool ours) {
  auto trouble = ours ? std::nullopt : failure_;
  // Somebody was quicker: that is how an election goes.
  if (trouble && trouble->kind == ErrorKind::Conflict) trouble.reset();
  const auto before =
      shared_.with([&](Shared& shared) { return std::exchange(shared.trouble, trouble); });
  if (is_same_trouble(before, trouble) || !options_.on_trouble) return;
  options_.on_trouble(trouble ? &*trouble : nullptr);
}

/// What one attempt means for our leadership.
std::optional<LeaseEnd> LeaseElector::Election::judge(bool ours) {
  if (ours && !leading_) {
    leading_ = true;
    if (options_.on_acquired) options_.on_acquired();
    return std::nullopt;
  }
  const bool late = clock_.monotonic().count() >= valid_until_;
  if (!leading_ || (!late && !theirs_)) return std::nullopt;
  leading_ = false;
  const auto why = theirs_ ? fmt::format("'{}' holds it now", escaped(capped(holder(), 100)))
                           : fmt::format("it could not be renewed for {} s: {}",
                                         options_.renew_deadline.count(), error());
  if (options_.on_lost)
    options_.on_lost({.kind = ErrorKind::Conflict,
                      .message = fmt::format("lost the lease {}: {}", options_.lease.text(), why)});
  return LeaseEnd::Lost;
}

bool LeaseElector::Election::try_once(std::stop_token stop) {
  theirs_ = false;
  failure_.reset();
  if (leading_ && seen_ && renew(stop)) return true;
  if (stop.stop_requested()) return false;
  if (leading_ && clock_.monotonic().count() >= valid_until_) return false;
  return read_then_take(stop);
}

bool LeaseElector::Election::read_then_take(std::stop_token stop) {
  auto answer =
      client_.call_once(get_request(leases(), options_.lease), deadline(), stop);
  if (!answer) {
    if (answer.error().kind == ErrorKind::NotFound) return create(stop);
    note_error(answer.error().context("reading the lease"));
    return false;
  }
  failure_.reset();
  auto seen = read_lease(*std::move(answer));
  const bool free = is_free(seen);
  theirs_ = leading_ && seen.holder != options_.identity;
  note(seen);
  return free && !theirs_ && take(seen, stop);
}

/// Free, ours, or not renewed for its whole duration while we looked on.
bool LeaseElector::Election::is_free(const Seen& seen) {
  const auto now = clock_.monotonic();
  if (!seen_ || seen_->print != seen.print) changed_ = now;
  if (seen.holder.empty() || seen.holder == options_.identity) return true;
  return now >= changed_ + seen.duration;
}

bool LeaseElector::Election::create(std::stop_token stop) {
  const auto sent = clock_.monotonic();
  return written(client_.call_once(create_request(leases(), options_.lease.ns,
                                                  body(nullptr, options_.identity,
                                                       options_.duration)),
                                   deadline(), stop),
                 sent);
}

/// Writes over what we wrote last, without reading first; another's write makes it a conflict.
bool LeaseElector::Election::renew(std::stop_token stop) {
  return seen_->holder == options_.identity && take(*seen_, stop);
}

bool LeaseElector::Election::take(const Seen& seen, std::stop_token stop) {
  const auto request = update_request(leases(), options_.lease,
                                      body(&seen, options_.identity, options_.duration));
  // Stamped before it is sent: our validity must never outlast what others grant us.
  const auto sent = clock_.monotonic();
  return written(client_.call_once(request, deadline(), stop), sent);
}

bool LeaseElector::Election::written(const Result<nlohmann::json>& answer, Millis sent) {
  if (!answer) {
    seen_.reset();  // what the Lease holds now is unknown: read it next time
    note_error(answer.error().context("writing the lease"));
    return false;
  }
  valid_until_ = (sent + options_.renew_deadline).count();
  note(read_lease(*answer));
  return true;
}

void LeaseElector::Election::note(Seen seen) {
  shared_.with([&](Shared& shared) {
    shared.holder = seen.holder;
    shared.error.clear();
  });
  if (!seen_ || seen_->print != seen.print) changed_ = clock_.monotonic();
  seen_ = std::move(seen);
}

void LeaseElector::Election::note_error(const Error& error) {
  if (error.kind == ErrorKind::Cancelled) return;
  failure_ = error;
  shared_.with([&](Shared& shared) { shared.error = error.message; });
}

void LeaseElector::Election::release() {
  // The stop was asked for already; these last requests have a short deadline of their own.
  for (int attempt = 0; attempt < release_attempts; ++attempt) {
    if (!seen_) {
      auto answer =
          client_.call_once(get_request(leases(), options_.lease), release_deadline, {});
      if (!answer) return;
      note(read_lease(*std::move(answer)));
    }
    if (seen_->holder != options_.identity) return;
    const auto request =
        update_request(leases(), options_.lease, body(&*seen_, "", Seconds(1)));
    const auto answer = client_.call_once(request, release_deadline, {});
    if (answer || answer.error().kind != ErrorKind::Conflict) return;
    seen_.reset();
  }
}

Millis LeaseElector::Election::deadline() const {
  if (!leading_) return request_deadline_;
  const auto left = Millis(valid_until_.load()) - clock_.monotonic();
  return std::clamp(left, Millis(1), request_deadline_);
}

/// Between attempts; never beyond the end of our validity, so that the loss is noticed at once.
Millis LeaseElector::Election::pause() {
  const auto retry = static_cast<double>(Millis(options_.retry).count());
  if (!leading_)
    return Millis(static_cast<std::int64_t>(retry * (1.0 + 0.2 * random_.fraction())));
  const auto left = Millis(valid_until_.load()) - clock_.monotonic();
  return std::clamp(left, Millis(1), Millis(options_.retry));
}

std::string LeaseElector::Election::body(const Seen* before, std::string_view holder,
                                         Seconds duration) const {
  const auto now = to_rfc3339_micro(clock_.now());
  // Labels and owners that others gave the Lease stay.
  auto object = before ? before->object : nlohmann::json::object();
  object["apiVersion"] = leases().api_version();
  object["kind"] = leases().kind;
  auto& metadata = object["metadata"];
  metadata["name"] = options_.lease.name;
  metadata["namespace"] = options_.lease.ns;
  metadata.erase("managedFields");
  const bool same = before && before->holder == holder;
  const auto acquired = before ? text_at(before->object, "spec", "acquireTime") : std::string();
  object["spec"] = {{"holderIdentity", holder},
                    {"leaseDurationSeconds", duration.count()},
                    {"acquireTime", same && !acquired.empty() ? acquired : now},
                    {"renewTime", now},
                    {"leaseTransitions", before ? before->transitions + (same ? 0 : 1) : 0}};
  return object.dump();
}

LeaseElector::LeaseElector(const Client& client, const Clock& clock, LeaseOptions options) {
  CHECK(options.duration > options.renew_deadline, "a lease must outlast its renewals");
  CHECK(options.renew_deadline * 10 > options.retry * 12, "there must be time to retry a renewal");
  CHECK(!options.identity.empty(), "a holder has a name");
  election_ = std::make_unique<Election>(client, clock, std::move(options));
}
LeaseElector::~LeaseElector() = default;
LeaseEnd LeaseElector::run(std::stop_token stop) { return election_->run(stop); }
bool LeaseElector::may_write() const { return election_->may_write(); }
bool LeaseElector::is_leader() const { return election_->is_leader(); }
std::string LeaseElector::holder() const { return election_->holder(); }
std::string LeaseElector::error() const { return election_->error(); }
std::optional<Error> LeaseElector::trouble() const { return election_->trouble(); }

}  // namespace poolscaler::kube
