#include "poolscaler/kube/pod_metrics.hpp"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "poolscaler/base/quantity.hpp"
#include "poolscaler/json/members.hpp"

namespace poolscaler::kube {
namespace {

// A server that pages serves 500 at a time; the one of metrics-server does not, and is bounded by
// the bytes of an answer.
constexpr std::int64_t page_items = 500;
constexpr int pages_max = 100;

Resource pod_metrics() {
  return {.group = "metrics.k8s.io", .version = "v1beta1", .plural = "pods", .kind = "PodMetrics"};
}

std::optional<std::int64_t> quantity_at(const nlohmann::json& usage, std::string_view resource) {
  const auto* found = member(usage, resource);
  if (found == nullptr) return std::nullopt;
  if (found->is_string()) return milli_quantity(found->get_ref<const std::string&>());
  return found->is_number() ? milli_quantity(found->dump()) : std::nullopt;
}

/// "1m0.5s", "30s", "1h2m3.004s", in whole milliseconds; zero when it is none.
Millis duration_of(std::string_view text) {
  double total = 0;
  while (!text.empty()) {
    std::size_t length = 0;
    while (length < text.size() && ((text[length] >= '0' && text[length] <= '9') ||
                                    text[length] == '.'))
      ++length;
    double value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + length, value);
    if (failure != std::errc{} || end != text.data() + length) return Millis{0};
    text.remove_prefix(length);
    const auto unit = text.starts_with("ms") ? 1.0
                      : text.starts_with('h') ? 3'600'000.0
                      : text.starts_with('m') ? 60'000.0
                      : text.starts_with('s') ? 1'000.0
                                              : 0.0;
    text.remove_prefix(text.starts_with("ms") ? 2 : text.empty() ? 0 : 1);
    if (unit == 0.0) return Millis{0};
    total += value * unit;
  }
  constexpr double day = 86'400'000;
  return Millis(static_cast<std::int64_t>(std::min(total, day)));
}

Error explained(Error error) {
  if (error.kind == ErrorKind::NotFound)
    return {.kind = error.kind,
            .message = "the cluster does not serve metrics.k8s.io: install metrics-server, or use "
                       "a signal that a MetricSource answers"};
  if (error.kind == ErrorKind::Forbidden)
    error.message += "; the operator needs get and list of pods.metrics.k8s.io";
  return error.context("listing pods.metrics.k8s.io");
}

}  // namespace

std::optional<PodUsage> read_pod_usage(const nlohmann::json& item) {
  PodUsage usage{.pod = text_at(item, "metadata", "name")};
  const auto measured = parse_rfc3339(text_at(item, "timestamp"));
  if (usage.pod.empty() || !measured) return std::nullopt;
  usage.measured = *measured;
  usage.window = duration_of(text_at(item, "window"));
  const auto* containers = member(item, "containers");
  if (containers == nullptr || !containers->is_array()) return usage;
  for (const auto& container : *containers) {
    const auto* used = member(container, "usage");
    if (used == nullptr) continue;
    usage.containers.push_back({.name = text_at(container, "name"),
                                .cpu_milli = quantity_at(*used, "cpu"),
                                .memory_milli = quantity_at(*used, "memory")});
  }
  return usage;
}

Result<std::vector<PodUsage>> PodMetrics::usage(const std::string& ns, const std::string& selector,
                                                Millis deadline, std::stop_token stop) {
  const auto until = clock_.monotonic() + deadline;
  std::vector<PodUsage> out;
  ListPage page{.limit = page_items};
  for (int i = 0; i < pages_max; ++i) {
    const auto left = until - clock_.monotonic();
    if (left <= Millis{0})
      return fail(ErrorKind::TimedOut, "listing pods.metrics.k8s.io takes longer than the round");
    const auto list = client_.call_once(
        list_request(pod_metrics(), ns, {.label_selector = selector}, page), left, stop);
    if (!list) return fail(explained(list.error()));
    const auto* items = member(*list, "items");
    if (items == nullptr || !items->is_array())
      return fail(ErrorKind::Internal, "the answer for pods.metrics.k8s.io is no list");
    for (const auto& item : *items)
      if (auto usage = read_pod_usage(item)) out.push_back(*std::move(usage));
    page.continue_token = text_at(*list, "metadata", "continue");
    if (page.continue_token.empty()) return out;
  }
  return fail(ErrorKind::Internal, "pods.metrics.k8s.io has no end");
}

}  // namespace poolscaler::kube
