#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reads.hpp"
#include "selectors.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

/// How often a quiet watch looks whether its peer is still there and its time is up.
constexpr Millis look_around{200};
constexpr Seconds default_timeout{1800};

struct WatchOptions {
  std::string ns;
  LabelSelector labels;
  FieldSelector fields;
  std::optional<std::uint64_t> from{};  // unset: what there is now, then its changes
  bool bookmarks = false;
  bool initial_events = false;  // sendInitialEvents: ends them with a bookmark
  Millis timeout = default_timeout;
};

Outcome<WatchOptions> read_options(const ApiRequest& request, const Kind& kind) {
  WatchOptions options{.ns = kind.namespaced ? request.ns : "",
                       .labels = {},
                       .fields = {},
                       .bookmarks = request.flag("allowWatchBookmarks"),
                       .initial_events = request.flag("sendInitialEvents")};
  auto labels = LabelSelector::parse(request.parameter("labelSelector"));
  if (!labels) return refuse(labels.error());
  options.labels = std::move(*labels);
  auto fields = FieldSelector::parse(request.parameter("fieldSelector"), kind);
  if (!fields) return refuse(fields.error());
  options.fields = std::move(*fields);
  const auto match = request.parameter("resourceVersionMatch");
  if (options.initial_events ? match != "NotOlderThan" : !match.empty()) {
    const auto cause = forbidden_value(
        "resourceVersionMatch",
        options.initial_events
            ? "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            : "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    return refuse(invalid_list_options(cause));
  }
  const auto version = request.parameter("resourceVersion");
  std::uint64_t number = 0;
  const auto [end, problem] =
      std::from_chars(version.data(), version.data() + version.size(), number);
  const bool malformed = problem != std::errc() || end != version.data() + version.size();
  if (!version.empty() && malformed)
    return refuse({.code = 500,
                   .reason = "",
                   .message = fmt::format("strconv.ParseUint: parsing {}: invalid syntax",
                                          json(std::string(version)).dump())});
  if (!version.empty() && number > 0 && !options.initial_events) options.from = number;
  const std::string seconds(request.parameter("timeoutSeconds"));
  if (!seconds.empty() && std::atoll(seconds.c_str()) > 0)
    options.timeout = Seconds(std::min(std::atoll(seconds.c_str()), 86'400LL));
  return options;
}

std::string_view name_of(ChangeType type) {
  switch (type) {
    case ChangeType::Added: return "ADDED";
    case ChangeType::Modified: return "MODIFIED";
    case ChangeType::Deleted: return "DELETED";
  }
  return "MODIFIED";
}

/// One open watch. run() is its whole life, on a thread of its connection.
class WatchSession {
 public:
  WatchSession(WorldParts& world, KindRef kind, ApiRequest request, WatchOptions options)
      : world_(world),
        kind_(std::move(kind)),
        request_(std::move(request)),
        options_(std::move(options)) {
    request_.body = {};
  }

  /// What has to be known at the moment of the request, under the lock.
  void open() {
    epoch_ = world_.watch_epoch;
    opened_ = bookmarked_ = world_.clock.monotonic();
    revision_ = options_.from.value_or(world_.store.revision());
    refused_ = options_.initial_events && !world_.options.watch_lists;
    if (options_.from || refused_) return;
    for (const auto& [key, object] : world_.store.all(kind_->storage()))
      if (mine(key, *object)) pending_ += line("ADDED", *object);
    if (options_.initial_events) pending_ += bookmark(true);
  }

  void run(ResponseStream& out) {
    if (refused_) {
      (void)out.write(error_line(
          internal_error("a streaming list needs a newer etcd than this one")));
      return;
    }
    while (true) {
      const bool ends = collect();
      if (!pending_.empty() && !out.write(pending_)) return;
      pending_.clear();
      if (ends || !out.wait(Millis(0))) return;
    }
  }

 private:
  [[nodiscard]] bool mine(const std::string& key, const json& object) const {
    if (!options_.ns.empty() && !key.starts_with(options_.ns + "/")) return false;
    return options_.labels.matches_object(object) && options_.fields.matches(object);
  }

  [[nodiscard]] std::string line(std::string_view type, const json& object) const {
    const json event = {{"type", type},
                        {"object", shown(*kind_, request_, object, world_.clock.now())}};
    return event.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  }

  [[nodiscard]] static std::string error_line(const ApiError& error) {
    return json{{"type", "ERROR"}, {"object", status_of(error)}}.dump() + "\n";
  }

  [[nodiscard]] std::string bookmark(bool initial_events_end) const {
    json metadata = {{"resourceVersion", std::to_string(revision_)},
                     {"creationTimestamp", nullptr}};
    if (initial_events_end) metadata["annotations"]["k8s.io/initial-events-end"] = "true";
    const json event = {{"type", "BOOKMARK"},
                        {"object",
                         {{"kind", kind_->kind},
                          {"apiVersion", kind_->api_version()},
                          {"metadata", std::move(metadata)}}}};
    return event.dump() + "\n";
  }

  /// An object that begins or ceases to match is added or deleted for this watch.
  void append(const Change& change) {
    const bool was = change.previous && mine(change.key, *change.previous);
    const bool is = change.type != ChangeType::Deleted && mine(change.key, *change.object);
    if (was && is) pending_ += line(name_of(change.type), *change.object);
    if (!was && is) pending_ += line("ADDED", *change.object);
    if (!was || is) return;
    json last = *change.previous;
    last["metadata"]["resourceVersion"] = std::to_string(change.revision);
    pending_ += line("DELETED", change.type == ChangeType::Deleted ? *change.object : last);
  }

  /// Waits for something to say and puts it into pending_; true when the watch ends after it.
  bool collect() {
    std::unique_lock lock(world_.mutex);
    const auto news = [&] {
      return world_.watch_epoch != epoch_ || world_.store.revision() > revision_;
    };
    if (pending_.empty()) world_.changed.wait_for(lock, look_around, news);
    if (world_.watch_epoch != epoch_) {
      if (!world_.watches_end_properly) throw std::runtime_error("cut on purpose");
      return true;
    }
    const auto& store = world_.store;
    // From the future: silence, as from a server that has not caught up.
    if (revision_ <= store.revision()) {
      if (revision_ < store.oldest_known(kind_->storage())) {
        pending_ += error_line(expired(fmt::format("too old resource version: {} ({})", revision_,
                                                   store.oldest_known(kind_->storage()))));
        return true;
      }
      for (const auto& change : store.since(kind_->storage(), revision_)) append(change);
      revision_ = store.revision();
    }
    const auto now = world_.clock.monotonic();
    if (options_.bookmarks && now - bookmarked_ >= world_.options.bookmark_period) {
      bookmarked_ = now;
      pending_ += bookmark(false);
    }
    return now - opened_ >= options_.timeout;
  }

  WorldParts& world_;
  const KindRef kind_;
  ApiRequest request_;
  const WatchOptions options_;
  std::uint64_t revision_ = 0;
  std::uint64_t epoch_ = 0;
  Millis opened_{0};
  Millis bookmarked_{0};
  bool refused_ = false;
  std::string pending_;
};

}  // namespace

Outcome<ServerResponse> watch_objects(WorldParts& world, const KindRef& kind,
                                      const ApiRequest& request) {
  auto options = read_options(request, *kind);
  if (!options) return refuse(options.error());
  const auto session =
      std::make_shared<WatchSession>(world, kind, request, std::move(*options));
  {
    const std::scoped_lock lock(world.mutex);
    session->open();
  }
  return ServerResponse{.stream = [session](ResponseStream& out) { session->run(out); }};
}

}  // namespace poolscaler::simulation
