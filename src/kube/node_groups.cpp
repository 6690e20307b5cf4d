#include "poolscaler/kube/node_groups.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "field_path.hpp"
#include "poolscaler/base/quantity.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"

namespace poolscaler::kube {
namespace {

using json = nlohmann::json;

constexpr std::int32_t count_max = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t node_names_max = 10'000;

std::string text_of(const BackendRef& backend) {
  return fmt::format("{} {} ({})", escaped(capped(backend.kind, 60)),
                     escaped(capped(ObjectKey{backend.ns, backend.name}.text(), 150)),
                     escaped(capped(backend.api_version, 80)));
}

/// On one line, and short.
std::string shown(const json& value) {
  const auto text = value.is_string()
                        ? value.get<std::string>()
                        : value.dump(-1, ' ', false, json::error_handler_t::replace);
  return escaped(capped(text, 80));
}

tl::unexpected<Error> wrong(const BackendRef& backend, std::string_view what) {
  return fail(ErrorKind::InvalidInput, fmt::format("{}: {}", text_of(backend), what));
}

/// A number, or text with one: annotations are text, and bounds may be quantities ("1k").
std::optional<std::int64_t> whole_number(const json& value) {
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(count_max))
    return std::nullopt;
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) {
    // Definitions that say `number` let a count be written as 2.0.
    const auto number = value.get<double>();
    if (!(number >= 0) || number > count_max || std::floor(number) != number) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (!value.is_string()) return std::nullopt;
  const auto milli = milli_quantity(value.get_ref<const std::string&>());
  if (!milli || *milli % 1000 != 0) return std::nullopt;
  return *milli / 1000;
}

/// One object, as a row of the table reads it.
class GroupReader {
 public:
  GroupReader(const json& object, const NodeGroup& group, const GroupKind& kind)
      : object_(object),
        group_(group),
        kind_(kind),
        zones_(kind.per_zone ? std::max(group.zones, 1) : 1),
        follows_pods_(group.follows_pods || any_holds(kind.follows_pods)) {}

  [[nodiscard]] Result<GroupReading> read() {
    GroupReading reading{.uid = text_at(object_, "metadata", "uid"),
                         .resource_version = text_at(object_, "metadata", "resourceVersion"),
                         .deleting = member(object_, "metadata", "deletionTimestamp") != nullptr,
                         .step = follows_pods_ ? 1 : zones_,
                         .removal = kind_.removal};
    if (reading.uid.empty() || reading.resource_version.empty())
      return wrong(backend(), "has no uid or no resourceVersion, so it is no object of the API");
    if (const auto problem = check_zones(); !problem) return fail(problem.error());
    if (!group_.follows_pods) reading.owned_elsewhere = first_that_holds(kind_.owned_elsewhere);
    // Its autoscaler brings nodes all the same.
    if (!follows_pods_) reading.busy = first_that_holds(kind_.busy);
    reading.trouble = first_that_holds(kind_.trouble);
    if (const auto problem = read_counts(reading); !problem) return fail(problem.error());
    if (const auto problem = read_marks(reading.marks); !problem) return fail(problem.error());
    read_hint(reading.hint);
    return reading;
  }

 private:
  [[nodiscard]] const BackendRef& backend() const { return *group_.backend; }

  [[nodiscard]] Result<void> check_zones() const {
    const auto* list = value_at(object_, kind_.zone_list);
    if (list == nullptr || !list->is_array() || list->empty()) return {};
    if (list->size() == static_cast<std::size_t>(group_.zones)) return {};
    return wrong(backend(), fmt::format("{} has {} zones, but the group says zones: {}, and its "
                                        "count is one per zone: set zones to {}",
                                        kind_.zone_list, list->size(), group_.zones,
                                        list->size()));
  }

  /// Nodes of all zones; nothing where the object does not say.
  [[nodiscard]] Result<std::optional<std::int32_t>> count_at(std::string_view path,
                                                             bool whole = false) const {
    const auto* value = value_at(object_, path);
    if (value == nullptr || value->is_null()) return std::optional<std::int32_t>();
    const auto number = whole_number(*value);
    const std::int64_t factor = whole ? 1 : zones_;
    if (!number || *number < 0 || *number > count_max / factor)
      return wrong(backend(), fmt::format("{} is {}, must be a whole number from 0 to {}: correct "
                                          "it there",
                                          path, shown(*value), count_max / factor));
    return static_cast<std::int32_t>(*number * factor);
  }

  [[nodiscard]] Result<std::optional<std::int32_t>> bound_at(
      const std::array<GroupBound, 2>& bounds, std::string& at) const {
    for (const auto& bound : bounds) {
      const auto count = count_at(bound.path, bound.whole);
      if (count && *count) at = bound.path;
      if (!count || *count) return count;
    }
    return std::optional<std::int32_t>();
  }

  [[nodiscard]] Result<void> read_counts(GroupReading& reading) const {
    const auto desired = count_at(kind_.desired);
    const auto min = bound_at(kind_.min, reading.min_at);
    const auto max = bound_at(kind_.max, reading.max_at);
    for (const auto* bound : {&desired, &min, &max})
      if (!*bound) return fail(bound->error());
    reading.has_count = !follows_pods_ && desired->has_value();
    reading.desired = reading.has_count ? **desired : 0;
    reading.min = *min;
    reading.max = *max;
    if (const auto limits = read_limits(reading.limits); !limits) return fail(limits.error());
    // Who else owns the count may well keep it elsewhere.
    const bool may_lack = kind_.may_lack_desired || follows_pods_;
    if (!reading.has_count && !may_lack && reading.owned_elsewhere.empty())
      return wrong(backend(), fmt::format("{} is not set, so it is not known how many nodes are "
                                          "asked for: set it there once",
                                          kind_.desired));
    if (*min && *max && **min > **max)
      return wrong(backend(),
                   fmt::format("its smallest count is {} and its largest {}: no count is allowed, "
                               "so correct one of them there",
                               **min, **max));
    // Only what decides is refused: a status that cannot be read is not told.
    if (const auto observed = count_at(kind_.observed)) reading.observed = *observed;
    if (const auto ready = count_at(kind_.ready)) reading.ready = *ready;
    return {};
  }

  [[nodiscard]] Result<void> read_limits(std::vector<ResourceLimit>& limits) const {
    const auto* list = value_at(object_, kind_.limits);
    if (list == nullptr || !list->is_object()) return {};
    for (const auto& [resource, value] : list->items()) {
      if (resource.find('/') == std::string::npos) continue;
      const auto count = whole_number(value);
      if (!count || *count < 0)
        return wrong(backend(), fmt::format("{}[{}] is {}, must be a whole number of at most {}: "
                                            "correct it there",
                                            kind_.limits, escaped(capped(resource, 80)),
                                            shown(value), count_max));
      limits.push_back({.resource = resource, .count = *count});
    }
    return {};
  }

  [[nodiscard]] Result<void> read_marks(NodeMarks& marks) const {
    marks.labels = group_.node_selector;
    if (!marks.labels.empty()) return {};
    for (const auto path : kind_.label_value) {
      const auto* value = value_at(object_, path);
      if (value == nullptr || !value->is_string() || value->get_ref<const std::string&>().empty())
        continue;
      marks.labels.push_back({.key = std::string(kind_.label), .value = value->get<std::string>()});
      return {};
    }
    if (kind_.machine_owner.empty())
      return wrong(backend(), fmt::format("the nodes of group '{}' cannot be told from others: "
                                          "give the group a nodeSelector",
                                          escaped(capped(group_.name, 60))));
    marks.ns = backend().ns;
    marks.owner_kind = kind_.machine_owner;
    marks.owner = backend().name;
    const auto* names = value_at(object_, kind_.node_names);
    if (names != nullptr && names->is_array())
      for (const auto& entry : *names) {
        if (marks.names.size() >= node_names_max) break;
        if (auto name = text_at(entry, "name"); !name.empty())
          marks.names.push_back(std::move(name));
      }
    std::ranges::sort(marks.names);
    return {};
  }

  void read_hint(AcceleratorHint& hint) const {
    const auto* resource = value_at(object_, kind_.hint_resource);
    const auto* count = value_at(object_, kind_.hint_count);
    if (count == nullptr) return;
    const auto number = whole_number(*count);
    if (!number || *number < 1 || *number > 1024) return;
    hint.per_node = static_cast<std::int32_t>(*number);
    if (resource != nullptr && resource->is_string()) hint.resource = resource->get<std::string>();
  }

  [[nodiscard]] static bool is_one_of(std::string_view values, std::string_view value) {
    while (!values.empty()) {
      const auto end = std::min(values.find('|'), values.size());
      if (values.substr(0, end) == value) return true;
      values.remove_prefix(std::min(end + 1, values.size()));
    }
    return false;
  }

  [[nodiscard]] bool holds(const GroupRule& rule) const {
    const auto* value = value_at(object_, rule.path);
    if (value == nullptr || value->is_null()) return false;
    if (!rule.also.empty() && value_at(object_, rule.also) == nullptr) return false;
    const auto text = value->is_string() ? value->get<std::string>() : value->dump();
    switch (rule.test) {
      case GroupTest::Is: return is_one_of(rule.values, text);
      case GroupTest::IsNot: return !is_one_of(rule.values, text);
      case GroupTest::Exists: return !value->empty();
      case GroupTest::HasNone:
        return value->is_array() && std::ranges::none_of(*value, [&rule](const json& entry) {
                 return entry.is_string() &&
                        is_one_of(rule.values, entry.get_ref<const std::string&>());
               });
    }
    return false;
  }

  template <std::size_t N>
  [[nodiscard]] bool any_holds(const std::array<GroupRule, N>& rules) const {
    return std::ranges::any_of(rules, [this](const GroupRule& rule) {
      return !rule.path.empty() && holds(rule);
    });
  }

  template <std::size_t N>
  [[nodiscard]] std::string first_that_holds(const std::array<GroupRule, N>& rules) const {
    for (const auto& rule : rules)
      if (!rule.path.empty() && holds(rule))
        return fmt::format("{}: {} is {}: {}; {}", text_of(backend()), rule.path,
                           shown(*value_at(object_, rule.path)), rule.words, rule.remedy);
    return {};
  }

  const json& object_;
  const NodeGroup& group_;
  const GroupKind& kind_;
  std::int32_t zones_;
  bool follows_pods_;
};

/// A row for a kind that only the pool describes. Its strings are the group's.
Result<GroupKind> described_kind(const NodeGroup& group) {
  const auto& paths = *group.paths;
  for (const auto& [name, path] : {std::pair("desired", &paths.desired), {"min", &paths.min},
                                   {"max", &paths.max}, {"observed", &paths.observed}}) {
    if (path->empty() && std::string_view(name) != "desired") continue;
    const auto parsed = FieldPath::parse(*path);
    if (!parsed) return fail(parsed.error().context(fmt::format("paths.{}", name)));
    if (const auto pointer = parsed->pointer(); !pointer && std::string_view(name) == "desired")
      return fail(pointer.error().context("paths.desired"));
  }
  return GroupKind{.called = "as the pool describes it",
                   .group = "",
                   .kind = group.backend->kind,
                   .desired = paths.desired,
                   .per_zone = true,
                   .min = {{{.path = paths.min}}},
                   .max = {{{.path = paths.max}}},
                   .observed = paths.observed};
}

/// What the table, or else the pool, says of a backend. The result's strings are the arguments'.
Result<GroupKind> kind_for(const NodeGroup& group) {
  if (group.paths) return described_kind(group);
  if (const auto* known = group_kind_of(group.backend->api_version, group.backend->kind))
    return *known;
  return wrong(*group.backend,
               "is of no kind that is known as a node group: give the group the paths of its "
               "count (paths.desired), or no backendRef");
}

/// As much of a group as its row needs.
NodeGroup group_of(const GroupWrite& write) {
  return {.name = {}, .backend = write.backend, .paths = write.paths, .zones = write.zones,
          .max_nodes = write.nodes};
}

std::string_view without_last_part(std::string_view name) {
  const auto dash = name.rfind('-');
  return dash == std::string_view::npos ? std::string_view() : name.substr(0, dash);
}

}  // namespace

NodeOrigin read_origin(const json& node) {
  constexpr std::string_view prefix = "cluster.x-k8s.io/";
  const auto annotation = [&](std::string_view name) {
    return text_at(node, "metadata", "annotations", fmt::format("{}{}", prefix, name));
  };
  return {.machine_ns = annotation("cluster-namespace"),
          .machine = annotation("machine"),
          .owner_kind = annotation("owner-kind"),
          .owner = annotation("owner-name")};
}

bool belongs(const NodeMarks& marks, std::string_view node, const LabelOf& labels,
             const NodeOrigin& origin) {
  if (!marks.labels.empty())
    return std::ranges::all_of(marks.labels, [&labels](const LabelValue& wanted) {
      const auto* value = labels(wanted.key);
      return value != nullptr && *value == wanted.value;
    });
  if (std::ranges::binary_search(marks.names, node)) return true;
  if (marks.owner.empty() || origin.owner.empty() || origin.machine_ns != marks.ns) return false;
  // A MachineDeployment's MachineSets are called like it, and one more part, which has no dash.
  if (marks.owner_kind == "MachineDeployment")
    return origin.owner_kind == "MachineSet" && without_last_part(origin.owner) == marks.owner;
  return origin.owner_kind == marks.owner_kind && origin.owner == marks.owner;
}

Result<GroupReading> read_group(const json& object, const NodeGroup& group) {
  if (!group.backend)
    return fail(ErrorKind::InvalidInput,
                fmt::format("group '{}' has no backendRef", escaped(capped(group.name, 60))));
  const auto kind = kind_for(group);
  if (!kind) return fail(kind.error());
  if (text_at(object, "kind") != group.backend->kind)
    return wrong(*group.backend, "what came is an object of another kind");
  return GroupReader(object, group, *kind).read();
}

Result<GroupWrite> group_write(const NodeGroup& group, const GroupReading& reading,
                               std::int32_t nodes) {
  const auto& backend = *group.backend;
  if (!reading.owned_elsewhere.empty())
    return fail(ErrorKind::InvalidInput, reading.owned_elsewhere);
  if (!reading.has_count)
    return wrong(backend, "takes no count: its nodes follow from the pods that are pending");
  if (nodes < 0 || nodes % reading.step != 0)
    return wrong(backend, fmt::format("{} nodes cannot be asked for: with the same count in each "
                                      "of {} zones it must be a multiple of {}",
                                      nodes, reading.step, reading.step));
  if (reading.min && nodes < *reading.min)
    return wrong(backend, fmt::format("{} nodes cannot be asked for: its own smallest count is {}; "
                                      "lower that, or raise minNodes of the group",
                                      nodes, *reading.min));
  if (reading.max && nodes > *reading.max)
    return wrong(backend, fmt::format("{} nodes cannot be asked for: its own largest count is {}; "
                                      "raise that, or lower maxNodes of the group",
                                      nodes, *reading.max));
  if (reading.deleting)
    return fail(ErrorKind::Unavailable, fmt::format("{} is being deleted", text_of(backend)));
  if (!reading.busy.empty()) return fail(ErrorKind::Unavailable, reading.busy);
  return GroupWrite{.backend = backend,
                    .paths = group.paths,
                    .zones = reading.step,
                    .uid = reading.uid,
                    .resource_version = reading.resource_version,
                    .nodes = nodes};
}

Result<Request> group_request(const Resource& resource, const GroupWrite& write) {
  const auto group = group_of(write);
  const auto kind = kind_for(group);
  if (!kind) return fail(kind.error());
  if (write.nodes < 0 || write.zones < 1 || write.nodes % write.zones != 0)
    return wrong(write.backend,
                 fmt::format("{} nodes in {} zones is no count", write.nodes, write.zones));
  const ObjectKey key{write.backend.ns, write.backend.name};
  const auto count = write.nodes / write.zones;
  // Not the merge patch of other scales: the server heeds no uid in it where the kind is a custom
  // one.
  if (kind->by_scale)
    return count_patch_request(resource, key,
                               {.uid = write.uid,
                                .resource_version = write.resource_version,
                                .pointer = "/spec/replicas",
                                .count = count,
                                .subresource = "scale"});
  const auto path = FieldPath::parse(kind->desired);
  if (!path) return fail(path.error());
  const auto pointer = path->pointer();
  if (!pointer) return fail(pointer.error());
  return count_patch_request(resource, key,
                             {.uid = write.uid,
                              .resource_version = write.resource_version,
                              .pointer = *pointer,
                              .count = count});
}

Result<GroupWritten> read_group_answer(const json& answer, const GroupWrite& write) {
  const auto group = group_of(write);
  const auto kind = kind_for(group);
  if (!kind) return fail(kind.error());
  const auto path = kind->by_scale ? std::string_view("spec.replicas") : kind->desired;
  const auto* value = value_at(answer, path);
  // A Scale leaves a zero out.
  const auto count = value != nullptr  ? whole_number(*value)
                     : kind->by_scale ? std::optional<std::int64_t>(0)
                                      : std::nullopt;
  if (!count || *count < 0 || *count > count_max / write.zones)
    return fail(ErrorKind::Internal,
                fmt::format("{}: the answer says no count at {}", text_of(write.backend), path));
  return GroupWritten{.nodes = static_cast<std::int32_t>(*count * write.zones),
                      .resource_version = text_at(answer, "metadata", "resourceVersion")};
}

}  // namespace poolscaler::kube
