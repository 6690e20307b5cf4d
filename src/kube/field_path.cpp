#include "field_path.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/check.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"

namespace poolscaler::kube {
namespace {

constexpr std::size_t steps_max = 16;

tl::unexpected<Error> malformed(std::string_view text, std::string_view why) {
  return fail(ErrorKind::InvalidInput,
              fmt::format("'{}' is no path ({}): write it like spec.scaling.desiredSize or "
                          "spec.pools[0].count",
                          escaped(capped(text, 100)), why));
}

}  // namespace

Result<FieldPath::Part> FieldPath::bracketed(std::string_view inner) {
  const bool number = !inner.empty() && std::ranges::all_of(inner, [](char c) {
    return c >= '0' && c <= '9';
  });
  if (number) {
    Part part{.step = Step::Entry};
    const auto [end, problem] =
        std::from_chars(inner.data(), inner.data() + inner.size(), part.index);
    if (problem != std::errc() || part.index > 1000)
      return malformed(inner, "a list has no more than 1000 entries");
    return part;
  }
  const auto equals = inner.find('=');
  if (equals == std::string_view::npos)
    return Part{.step = Step::Member, .name = std::string(inner)};
  return Part{.step = Step::EntryWith,
              .name = std::string(inner.substr(0, equals)),
              .value = std::string(inner.substr(equals + 1))};
}

Result<FieldPath> FieldPath::parse(std::string_view text) {
  FieldPath path;
  path.text_ = text;
  for (auto rest = text; !rest.empty() || path.parts_.empty();) {
    if (path.parts_.size() >= steps_max)
      return malformed(text, fmt::format("more than {} steps", steps_max));
    if (rest.starts_with('[')) {
      const auto close = rest.find(']');
      if (close == std::string_view::npos) return malformed(text, "a bracket without its end");
      const auto inner = rest.substr(1, close - 1);
      if (inner.empty() || path.parts_.empty()) return malformed(text, "an empty step");
      auto part = bracketed(inner);
      if (!part) return fail(part.error());
      path.parts_.push_back(*std::move(part));
      rest.remove_prefix(close + 1);
      if (rest.starts_with('.') && rest.size() > 1) rest.remove_prefix(1);
      continue;
    }
    const auto end = std::min(rest.find_first_of(".["), rest.size());
    if (end == 0) return malformed(text, "an empty step");
    path.parts_.push_back({.step = Step::Member, .name = std::string(rest.substr(0, end))});
    rest.remove_prefix(end);
    if (rest.starts_with('.')) {
      rest.remove_prefix(1);
      if (rest.empty()) return malformed(text, "an empty step");
    }
  }
  return path;
}

const nlohmann::json* FieldPath::find(const nlohmann::json& object) const {
  const nlohmann::json* at = &object;
  for (const auto& part : parts_) {
    switch (part.step) {
      case Step::Member: at = member(*at, part.name); break;
      case Step::Entry:
        at = at->is_array() && part.index < at->size() ? &(*at)[part.index] : nullptr;
        break;
      case Step::EntryWith: {
        if (!at->is_array()) return nullptr;
        const auto found = std::ranges::find_if(*at, [&part](const nlohmann::json& entry) {
          const auto* value = member(entry, part.name);
          return value != nullptr && (value->is_string() ? *value == part.value
                                                         : value->dump() == part.value);
        });
        at = found == at->end() ? nullptr : &*found;
        break;
      }
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

Result<std::string> FieldPath::pointer() const {
  std::string pointer;
  for (const auto& part : parts_) {
    if (part.step == Step::EntryWith)
      return malformed(text_, "what is written must be named by members and numbers alone");
    pointer += '/';
    if (part.step == Step::Entry) {
      pointer += std::to_string(part.index);
      continue;
    }
    for (const char c : part.name) {
      if (c == '~' || c == '/')
        pointer += c == '~' ? "~0" : "~1";
      else
        pointer += c;
    }
  }
  return pointer;
}

const nlohmann::json* value_at(const nlohmann::json& object, std::string_view path) {
  if (path.empty()) return nullptr;
  const auto parsed = FieldPath::parse(path);
  CHECK(parsed, "a path of ours is well-formed");
  return parsed->find(object);
}

}  // namespace poolscaler::kube
