#include "poolscaler/kube/watcher.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "backoff.hpp"
#include "line_splitter.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"
#include "watch_decoder.hpp"

namespace poolscaler::kube {
namespace {

/// A watch from the same version is tried this often in a row before the collection is listed
/// again.
constexpr int watch_failures_max = 3;
constexpr int pages_max = 10'000;
constexpr Millis very_short{1'000};
/// What the transport allows a watch beyond the time that the server was asked for.
constexpr Millis watch_margin{30'000};

}  // namespace

class Watcher::Machine {
 public:
  Machine(const Client& client, const Clock& clock, ChangeSink& sink, WatchOptions options)
      : client_(client),
        clock_(clock),
        sink_(sink),
        options_(std::move(options)),
        random_(options_.seed) {}

  void run(std::stop_token stop);
  WatchHealth health() const {
    return health_.with([](const WatchHealth& health) { return health; });
  }

 private:
  enum class State {
    Listing,   // what the sink holds is unknown or too old: list, then watch from there
    Watching,  // the sink equals the collection at version_; follow it
  };
  /// How one watch came to its end.
  struct WatchEnd {
    std::optional<Error> error{};  // nothing: the server's orderly end
    bool must_list = false;
    bool heard = false;  // an event or a bookmark came
  };

  State list(std::stop_token stop);
  Result<std::string> list_pages(std::int64_t page_size, std::stop_token stop);
  Result<nlohmann::json> list_page(const ListPage& page, std::stop_token stop);
  [[nodiscard]] bool deliver(const nlohmann::json& item);
  State watch(std::stop_token stop);
  WatchEnd watch_once(Seconds timeout, std::stop_token stop);
  bool take_line(std::string_view line, WatchEnd& end);
  State after(const WatchEnd& end, Millis lasted, std::stop_token stop);
  void pause(const Error* error, std::stop_token stop);
  void advance(const std::string& version);
  void set_failing(const Error* error);
  Seconds watch_timeout();
  bool must_relist() const { return relist_at_ && clock_.monotonic() >= *relist_at_; }

  const Client& client_;
  const Clock& clock_;
  ChangeSink& sink_;
  const WatchOptions options_;
  Random random_;
  Backoff backoff_;
  std::string version_;
  int watch_failures_ = 0;
  std::optional<Millis> relist_at_;
  std::optional<Error> failing_;
  Guarded<WatchHealth> health_;
};

void Watcher::Machine::run(std::stop_token stop) {
  auto state = State::Listing;
  while (!stop.stop_requested()) {
    switch (state) {
      case State::Listing: state = list(stop); break;
      case State::Watching: state = watch(stop); break;
    }
  }
}

Watcher::Machine::State Watcher::Machine::list(std::stop_token stop) {
  auto version = list_pages(options_.page_size, stop);
  // The token of a later page outlived the history of the server: all in one piece then. What the
  // server offers instead (an inconsistent continuation) must never become a cache.
  if (!version && version.error().kind == ErrorKind::Expired) version = list_pages(0, stop);
  if (!version) {
    if (version.error().kind == ErrorKind::Cancelled) return State::Listing;
    set_failing(&version.error());
    pause(&version.error(), stop);
    return State::Listing;
  }
  version_ = *std::move(version);
  watch_failures_ = 0;
  if (options_.relist_period.count() > 0) {
    const auto period = static_cast<double>(Millis(options_.relist_period).count());
    relist_at_ = clock_.monotonic() +
                 Millis(static_cast<std::int64_t>(period * (0.8 + 0.4 * random_.fraction())));
  }
  health_.with([&](WatchHealth& health) {
    health.synced = true;
    health.heard = clock_.now();
    health.resource_version = version_;
    ++health.lists;
  });
  set_failing(nullptr);
  return State::Watching;
}

/// The version of the list, which has been delivered completely. Every list asks for the most
/// recent state: a cached one could lie before what this process has seen already.
Result<std::string> Watcher::Machine::list_pages(std::int64_t page_size, std::stop_token stop) {
  sink_.replace_begin();
  ListPage page{.limit = page_size};
  std::string version;
  for (int count = 0; count < pages_max; ++count) {
    const auto answer = list_page(page, stop);
    if (!answer) return fail(answer.error());
    const auto page_version = text_at(*answer, "metadata", "resourceVersion");
    if (version.empty()) version = page_version;
    if (page_version != version)
      return fail(ErrorKind::Internal,
                  fmt::format("listing {}: the version changed between pages",
                              options_.resource.text()));
    page.continue_token = text_at(*answer, "metadata", "continue");
    if (page.continue_token.empty()) {
      sink_.replace_end();
      return version;
    }
  }
  return fail(ErrorKind::Internal,
              fmt::format("listing {}: more than {} pages", options_.resource.text(), pages_max));
}

Result<nlohmann::json> Watcher::Machine::list_page(const ListPage& page,
                                                   std::stop_token stop) {
  std::uint64_t skipped = 0;
  const auto where = fmt::format("listing {}", options_.resource.text());
  auto answer = client_.list(
      list_request(options_.resource, options_.ns, options_.selection, page),
      [&](const nlohmann::json& item) { if (!deliver(item)) ++skipped; }, stop);
  if (!answer) return fail(answer.error().context(where));
  const auto* items = member(*answer, "items");
  if (!text_at(*answer, "kind").ends_with("List") ||
      text_at(*answer, "apiVersion") != options_.resource.api_version() ||
      (items && !items->is_array() && !items->is_null()) ||
      text_at(*answer, "metadata", "resourceVersion").empty())
    return fail(ErrorKind::Internal,
                fmt::format("{}: the answer is no list of {}", where, options_.resource.kind));
  if (items != nullptr) skipped += items->size();  // what is left there are no objects
  health_.with([&](WatchHealth& health) { health.skipped += skipped; });
  return answer;
}

/// False for what is no object of the collection.
bool Watcher::Machine::deliver(const nlohmann::json& item) {
  // Lists of built-in kinds leave the kind out of their items.
  const auto kind = text_at(item, "kind");
  if (text_at(item, "metadata", "name").empty() ||
      (!kind.empty() && kind != options_.resource.kind))
    return false;
  sink_.replace_item(item);
  return true;
}

Watcher::Machine::State Watcher::Machine::watch(std::stop_token stop) {
  if (must_relist()) return State::Listing;
  const auto began = clock_.monotonic();
  const auto end = watch_once(watch_timeout(), stop);
  if (stop.stop_requested()) return State::Watching;
  health_.with([](WatchHealth& health) { ++health.watches; });
  return after(end, clock_.monotonic() - began, stop);
}

Watcher::Machine::WatchEnd Watcher::Machine::watch_once(Seconds timeout, std::stop_token stop) {
  WatchEnd end;
  LineSplitter lines(options_.event_bytes_max);
  const auto sink = [&](std::string_view piece) {
    const auto fed =
        lines.feed(piece, [&](std::string_view line) { return take_line(line, end); });
    if (fed == Fed::TooLong)
      end.error = Error{.kind = ErrorKind::Internal,
                        .message = fmt::format("an event is larger than {} bytes",
                                               options_.event_bytes_max)};
    return fed == Fed::MoreWanted;
  };
  const auto request = watch_request(options_.resource, options_.ns, options_.selection, version_,
                                     timeout);
  const auto ended =
      client_.stream(request, Millis(timeout) + watch_margin, options_.idle_limit, sink, stop);
  if (end.error || end.must_list) return end;
  if (!ended) {
    end.error = ended.error();
  } else if (lines.has_rest()) {
    end.error = Error{.kind = ErrorKind::Unavailable, .message = "the last event was cut"};
  }
  return end;
}

/// False when the watch is to be left, for the reason in `end`.
bool Watcher::Machine::take_line(std::string_view line, WatchEnd& end) {
  auto event = decode_event(line, options_.resource);
  if (!event) {
    end.error = event.error();
    return false;
  }
  const auto now = clock_.now();
  const bool skipped = std::holds_alternative<Skipped>(*event);
  const bool bookmark = std::holds_alternative<Bookmark>(*event);
  const bool ended = std::holds_alternative<Ended>(*event);
  health_.with([&](WatchHealth& health) {
    health.heard = now;
    health.skipped += skipped ? 1 : 0;
    health.events += skipped || bookmark || ended ? 0 : 1;
  });
  end.heard = end.heard || !ended;
  return std::visit(Overloaded{[&](const Upserted& upserted) {
                                 sink_.upsert(upserted.object);
                                 advance(upserted.resource_version);
                                 return true;
                               },
                               [&](const Removed& removed) {
                                 sink_.remove(removed.last_known);
                                 advance(removed.resource_version);
                                 return true;
                               },
                               [&](const Bookmark& mark) {
                                 advance(mark.resource_version);
                                 return true;
                               },
                               [&](const Ended& over) {
                                 end.error = over.error;
                                 // Whatever the server could not do with this version: a list
                                 // helps.
                                 end.must_list = over.error.kind != ErrorKind::Throttled &&
                                                 over.error.kind != ErrorKind::TimedOut;
                                 return false;
                               },
                               [](const Skipped&) { return true; }},
                    *event);
}

Watcher::Machine::State Watcher::Machine::after(const WatchEnd& end, Millis lasted,
                                                std::stop_token stop) {
  if (end.heard) watch_failures_ = 0;
  if (!end.error && (end.heard || lasted >= very_short)) return State::Watching;
  if (end.error && end.error->kind == ErrorKind::Expired) {
    // Paused too, so that a server that forgets at once is not asked for lists without end.
    pause(&*end.error, stop);
    return State::Listing;
  }
  // A watch from a version that the server has not reached yet (restored from a backup) is silent
  // for ever: not even bookmarks come. A list tells the version that holds now. It is no failure
  // to report: some servers send no bookmarks of an empty collection; the list tells the two apart.
  if (end.error && !end.heard && lasted >= options_.idle_limit) return State::Listing;
  ++watch_failures_;
  pause(end.error ? &*end.error : nullptr, stop);
  // The collection itself has gone: a list says so to the sink.
  if (end.error && end.error->kind == ErrorKind::NotFound) return State::Listing;
  return end.must_list || watch_failures_ >= watch_failures_max ? State::Listing : State::Watching;
}

void Watcher::Machine::pause(const Error* error, std::stop_token stop) {
  auto pause = backoff_.next(clock_.monotonic(), random_);
  if (error) pause = std::max<Millis>(pause, Seconds(std::min(error->retry_after_seconds, 60)));
  health_.with([&](WatchHealth& health) {
    if (error) health.error = *error;
  });
  clock_.sleep_for(pause, stop);
}

void Watcher::Machine::advance(const std::string& version) {
  if (!is_later_version(version, version_)) return;
  version_ = version;
  health_.with([&](WatchHealth& health) {
    health.resource_version = version;
    if (!failing_) health.error.reset();
  });
}

void Watcher::Machine::set_failing(const Error* error) {
  const bool same = error ? failing_ && *failing_ == *error : !failing_;
  failing_ = error ? std::optional(*error) : std::nullopt;
  health_.with([&](WatchHealth& health) { health.error = failing_; });
  if (!same) sink_.failing(error);
}

Seconds Watcher::Machine::watch_timeout() {
  const auto shortest = static_cast<double>(options_.watch_timeout_min.count());
  return Seconds(static_cast<std::int64_t>(shortest * (1.0 + random_.fraction())));
}

Watcher::Watcher(const Client& client, const Clock& clock, ChangeSink& sink, WatchOptions options)
    : machine_(std::make_unique<Machine>(client, clock, sink, std::move(options))) {}
Watcher::~Watcher() = default;
void Watcher::run(std::stop_token stop) { machine_->run(stop); }
WatchHealth Watcher::health() const { return machine_->health(); }

}  // namespace poolscaler::kube
