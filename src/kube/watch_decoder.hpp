// One line of a watch as an event. What cannot be an event of the collection is said to be skipped;
// what is no JSON at all is an Error, since then the stream cannot be trusted any more.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "poolscaler/base/result.hpp"
#include "poolscaler/kube/request.hpp"

namespace poolscaler::kube {

struct Upserted {
  nlohmann::json object;
  std::string resource_version;
};
struct Removed {
  nlohmann::json last_known;
  std::string resource_version;
};
struct Bookmark {
  std::string resource_version;
};
/// The server ends the watch for this reason.
struct Ended {
  Error error;
};
/// Of unknown type, of another kind, or without name or version.
struct Skipped {};
using WatchEvent = std::variant<Upserted, Removed, Bookmark, Ended, Skipped>;

[[nodiscard]] Result<WatchEvent> decode_event(std::string_view line, const Resource& resource);

/// Whether `candidate` is a later version than `current`. Versions are decimal numbers of any
/// length; of others nothing can be said, and the candidate wins.
[[nodiscard]] bool is_later_version(std::string_view candidate, std::string_view current);

}  // namespace poolscaler::kube
