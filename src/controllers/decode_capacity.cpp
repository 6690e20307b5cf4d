#include "decode_capacity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "poolscaler/api/price_catalogs.hpp"
#include "poolscaler/base/quantity.hpp"
#include "poolscaler/json/members.hpp"
#include "poolscaler/kube/node_groups.hpp"
#include "poolscaler/ports/cluster_writer.hpp"

namespace poolscaler::controllers {
namespace {

using json = nlohmann::json;

/// Labels by the dozen that no group and no price goes by.
constexpr std::array<std::string_view, 2> unkept_labels = {"feature.node.kubernetes.io/",
                                                           "nfd.node.kubernetes.io/"};

std::int64_t whole_quantity(const json& value) {
  if (value.is_number_integer()) return std::max<std::int64_t>(value.get<std::int64_t>(), 0);
  if (!value.is_string()) return 0;
  return milli_quantity(value.get_ref<const std::string&>()).value_or(0) / 1000;
}

capacity::Resources extended_resources(const json& list) {
  capacity::Resources resources;
  if (!list.is_object()) return resources;
  for (const auto& [name, quantity] : list.items())
    if (capacity::is_extended(name))
      capacity::add(resources, name, whole_quantity(quantity));
  return resources;
}

money::Labels labels_of(const json& list) {
  money::Labels labels;
  if (!list.is_object()) return labels;
  for (const auto& [key, value] : list.items()) {
    const bool kept = std::ranges::none_of(
        unkept_labels, [&key](std::string_view prefix) { return key.starts_with(prefix); });
    if (kept && value.is_string()) labels.emplace(key, value.get<std::string>());
  }
  return labels;
}

/// Texts of a list of objects by two names.
std::vector<std::pair<std::string, std::string>> pairs_of(const json& list, const char* key,
                                                          const char* value) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!list.is_array()) return pairs;
  for (const auto& one : list)
    if (auto text = text_at(one, key); !text.empty())
      pairs.emplace_back(std::move(text), text_at(one, value));
  return pairs;
}

std::vector<capacity::Mark> marks_of(
    const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<capacity::Mark> marks;
  for (const auto& [key, value] : pairs) marks.push_back({key, value});
  return marks;
}

void add_up(capacity::Resources& sum, const capacity::Resources& more) {
  for (const auto& one : more) capacity::add(sum, one.resource, one.count);
}

/// An extended resource cannot be overcommitted: request and limit are one number, and either says
/// it.
capacity::Resources resources_of(const json& container) {
  const auto& resources = at_path(container, {"resources"});
  auto requested = extended_resources(at_path(resources, {"requests"}));
  for (const auto& limit : extended_resources(at_path(resources, {"limits"})))
    if (capacity::count_of(requested, limit.resource) == 0)
      capacity::add(requested, limit.resource, limit.count);
  return requested;
}

template <class Record>
void fill(Record& record, const ObjectMeta& meta) {
  record.name = meta.key.name;
  record.uid = meta.uid;
  record.resource_version = meta.resource_version;
  record.generation = meta.generation;
}

template <class Record>
bool take_known(Record& record, const Record* known) {
  if (known == nullptr || known->uid != record.uid || known->generation != record.generation)
    return false;
  record.spec = known->spec;
  record.errors = known->errors;
  return true;
}

template <class Record, class Spec>
void take_spec(Record& record, api::Checked<Spec>&& spec) {
  if (spec)
    record.spec = std::make_shared<const Spec>(*std::move(spec));
  else
    record.errors = api::summary(spec.error());
}

}  // namespace

std::shared_ptr<const capacity::Node> decode_node(const json& object, const ObjectMeta& meta) {
  auto node = std::make_shared<capacity::Node>();
  const auto& spec = at_path(object, {"spec"});
  const auto& status = at_path(object, {"status"});
  node->name = meta.key.name;
  node->uid = meta.uid;
  node->provider_id = text_at(spec, "providerID");
  node->labels = labels_of(at_path(object, {"metadata", "labels"}));
  auto origin = kube::read_origin(object);
  node->owner = {.ns = std::move(origin.machine_ns),
                 .kind = std::move(origin.owner_kind),
                 .name = std::move(origin.owner),
                 .machine = std::move(origin.machine)};
  node->created = meta.created;
  node->deleting = meta.deleting;
  node->cordoned = at_path(spec, {"unschedulable"}) == true;
  const auto& notes = at_path(object, {"metadata", "annotations"});
  const auto note = [&notes](std::string_view name) {
    return text_at(notes, name);
  };
  node->cordoned_by_us = node->cordoned && !note(draining_for).empty();
  if (node->cordoned_by_us)
    if (const auto since = parse_rfc3339(note(draining_since))) node->cordoned_since = *since;
  const auto conditions = pairs_of(at_path(status, {"conditions"}), "type", "status");
  node->ready = std::ranges::find(conditions, std::pair<std::string, std::string>(
                                                  "Ready", "True")) != conditions.end();
  const auto taints = pairs_of(at_path(spec, {"taints"}), "key", "value");
  const auto taint_marks = marks_of(taints);
  const auto condition_marks = marks_of(conditions);
  node->interruption = capacity::interruption_of(
      {.taints = taint_marks, .conditions = condition_marks, .labels = node->labels});
  node->capacity = extended_resources(at_path(status, {"capacity"}));
  node->allocatable = extended_resources(at_path(status, {"allocatable"}));
  return node;
}

/// Init containers run one after the other before the others, but for those that go on beside them.
std::shared_ptr<const capacity::Resources> read_accelerators(const json& pod_spec) {
  capacity::Resources sum;
  capacity::Resources beside;
  capacity::Resources first;
  if (const auto& list = at_path(pod_spec, {"containers"}); list.is_array())
    for (const auto& container : list) add_up(sum, resources_of(container));
  if (const auto& list = at_path(pod_spec, {"initContainers"}); list.is_array())
    for (const auto& container : list) {
      const auto resources = resources_of(container);
      if (text_at(container, "restartPolicy") == "Always") {
        add_up(beside, resources);
        continue;
      }
      auto then = beside;
      add_up(then, resources);
      for (const auto& one : then)
        if (const auto had = capacity::count_of(first, one.resource); had < one.count)
          capacity::add(first, one.resource, one.count - had);
    }
  add_up(sum, beside);
  for (const auto& one : first)
    if (const auto had = capacity::count_of(sum, one.resource); had < one.count)
      capacity::add(sum, one.resource, one.count - had);
  std::erase_if(sum, [](const auto& one) { return one.count == 0; });
  if (sum.empty()) return nullptr;
  return std::make_shared<const capacity::Resources>(std::move(sum));
}

PoolRecord decode_pool(const json& object, const ObjectMeta& meta, const PoolRecord* known) {
  PoolRecord record;
  fill(record, meta);
  if (!take_known(record, known)) take_spec(record, api::read_accelerator_pool(object));
  record.status = std::make_shared<const api::PoolStatus>(api::read_pool_status(object));
  return record;
}

BudgetRecord decode_budget(const json& object, const ObjectMeta& meta,
                           const BudgetRecord* known) {
  BudgetRecord record;
  fill(record, meta);
  if (!take_known(record, known)) take_spec(record, api::read_cost_budget(object));
  record.status = std::make_shared<const api::BudgetStatus>(api::read_budget_status(object));
  return record;
}

CatalogRecord decode_catalog(const json& object, const ObjectMeta& meta) {
  CatalogRecord record;
  fill(record, meta);
  take_spec(record, api::read_price_catalog(object));
  return record;
}

std::shared_ptr<const json> trimmed_group(const json& object) {
  auto trimmed = object;
  if (trimmed.is_object() && trimmed.contains("metadata") && trimmed["metadata"].is_object())
    trimmed["metadata"].erase("managedFields");
  if (trimmed.is_object() && trimmed.contains("spec") && trimmed["spec"].is_object())
    trimmed["spec"].erase("template");
  return std::make_shared<const json>(std::move(trimmed));
}

}  // namespace poolscaler::controllers
