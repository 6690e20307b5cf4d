#include "pool_series.hpp"

#include <fmt/format.h>
#include <iterator>

#include "policy_series.hpp"

namespace poolscaler::telemetry {
namespace {

std::string of_group(const std::string& pool, const PoolGroupSample& group) {
  return fmt::format("pool=\"{}\",group=\"{}\",capacity_type=\"{}\"", label_escaped(pool),
                     label_escaped(group.name), group.capacity_type);
}

/// A family, where it has lines.
void print_lines(std::string& out, std::string_view name, const std::string& lines) {
  if (lines.empty()) return;
  print_head(out, name);
  out += lines;
}

}  // namespace

void PoolSeries::print(std::string& out) const {
  if (rows_.empty()) return;
  constexpr std::string_view ready = "poolscaler_pool_ready";
  print_head(out, ready);
  for (const auto& [pool, sample] : rows_)
    fmt::format_to(std::back_inserter(out), "{}{{pool=\"{}\"}} {}\n", ready, label_escaped(pool),
                   sample.ready ? 1 : 0);
  print_accelerators(out);
  print_nodes(out);
  print_groups(out);
}

void PoolSeries::print_accelerators(std::string& out) const {
  constexpr std::string_view name = "poolscaler_pool_accelerators";
  std::string lines;
  for (const auto& [pool, sample] : rows_)
    for (const auto& [state, count] : {std::pair("allocated", sample.allocated),
                                       std::pair("free", sample.accelerators - sample.allocated),
                                       std::pair("pending", sample.pending)})
      fmt::format_to(std::back_inserter(lines), "{}{{pool=\"{}\",state=\"{}\"}} {}\n", name,
                     label_escaped(pool), state, count);
  print_lines(out, name, lines);
}

void PoolSeries::print_nodes(std::string& out) const {
  constexpr std::string_view name = "poolscaler_pool_nodes";
  std::string lines;
  for (const auto& [pool, sample] : rows_)
    for (const auto& group : sample.groups)
      for (const auto& [state, count] : group.nodes)
        fmt::format_to(std::back_inserter(lines), "{}{{{},state=\"{}\"}} {}\n", name,
                       of_group(pool, group), state, count);
  print_lines(out, name, lines);
}

void PoolSeries::print_groups(std::string& out) const {
  std::string desired;
  std::string cost;
  std::string unpriced;
  for (const auto& [pool, sample] : rows_)
    for (const auto& group : sample.groups) {
      const auto labels = of_group(pool, group);
      if (group.desired)
        fmt::format_to(std::back_inserter(desired), "poolscaler_pool_desired_nodes{{{}}} {}\n",
                       labels, *group.desired);
      fmt::format_to(std::back_inserter(cost), "poolscaler_pool_hourly_cost{{{}}} {}\n", labels,
                     exact_text(group.rate));
      fmt::format_to(std::back_inserter(unpriced), "poolscaler_pool_unpriced_nodes{{{}}} {}\n",
                     labels, group.unpriced);
    }
  print_lines(out, "poolscaler_pool_desired_nodes", desired);
  print_lines(out, "poolscaler_pool_hourly_cost", cost);
  print_lines(out, "poolscaler_pool_unpriced_nodes", unpriced);
}

}  // namespace poolscaler::telemetry
