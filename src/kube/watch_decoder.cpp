#include "watch_decoder.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"
#include "poolscaler/kube/client.hpp"

namespace poolscaler::kube {
namespace {

bool is_decimal(std::string_view text) {
  return !text.empty() && text.front() != '0' &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool belongs_to(const nlohmann::json& object, const Resource& resource) {
  return text_at(object, "kind") == resource.kind &&
         text_at(object, "apiVersion") == resource.api_version();
}

}  // namespace

Result<WatchEvent> decode_event(std::string_view line, const Resource& resource) {
  auto event = parse_bounded(line);
  if (!event)
    return fail(event.error().context(
        fmt::format("reading the event '{}'", escaped(capped(line, 80)))));
  const auto type = text_at(*event, "type");
  const auto found = event->find("object");
  if (found == event->end() || !found->is_object()) return Skipped{};
  auto& object = *found;
  if (type == "ERROR") return Ended{error_of_status(object, 500)};
  auto version = text_at(object, "metadata", "resourceVersion");
  if (version.empty() || !belongs_to(object, resource)) return Skipped{};
  if (type == "BOOKMARK") return Bookmark{std::move(version)};
  if (text_at(object, "metadata", "name").empty()) return Skipped{};
  if (type == "ADDED" || type == "MODIFIED") return Upserted{std::move(object), std::move(version)};
  if (type == "DELETED") return Removed{std::move(object), std::move(version)};
  return Skipped{};
}

bool is_later_version(std::string_view candidate, std::string_view current) {
  if (!is_decimal(candidate) || !is_decimal(current)) return candidate != current;
  if (candidate.size() != current.size()) return candidate.size() > current.size();
  return candidate > current;
}

}  // namespace poolscaler::kube
