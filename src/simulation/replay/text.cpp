// A study as text.

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/simulation/replay/present.hpp"
#include "spending_text.hpp"
#include "table.hpp"

namespace poolscaler::replay {
namespace {

std::string loads_text(const Study& study) {
  std::string text;
  for (std::size_t i = 0; i < study.cases.size(); ++i) {
    const auto& one = study.cases[i];
    const auto& load = one.load;
    if (study.pool) text += study.standings[i].name + " on ";
    text += load.is_metric()
                ? fmt::format("{}: {} samples", load.name, load.samples.size())
                : fmt::format("{}: {} requests, at most {} replicas needed at once", load.name,
                              load.requests.size(), one.bounds.peak);
    text += fmt::format(", measured from {} s to {} s", brief(seconds_of(one.measured.begin)),
                        brief(seconds_of(one.measured.end)));
    if (load.skipped_lines > 0) text += fmt::format(", {} bad lines skipped", load.skipped_lines);
    text += "\n";
  }
  text += fmt::format("{} slots per replica, cold start {}, {}\n", study.setup.slots,
                      seconds_text(seconds_of(study.setup.cold_start)),
                      study.setup.start == Start::Warm ? "warm start" : "start at the floor");
  if (const auto& price = study.setup.replica_price)
    text += fmt::format("a replica costs {} an hour, counted without the rest of its node\n",
                        exact_text(*price));
  return text + "\n";
}

std::string title_of(const Standing& standing, const Ran& ran) {
  return ran.label.empty() ? standing.name : standing.name + " " + ran.label;
}

void add_figures(Table& table, const std::string& title, const Figures& f) {
  std::vector<std::string> row = {title, hours_text(f.replica_hours())};
  std::ranges::move(wait_cells(f), std::back_inserter(row));
  for (const auto count : {f.cold_starts, f.starts_from_zero, std::int64_t{f.most_replicas}})
    row.push_back(std::to_string(count));
  table.row(std::move(row));
}

std::string figures_text(const Study& study) {
  Table table({"", "replica-h", "delayed", "mean wait", "p50", "p95", "p99", "max", "cold starts",
               "from zero", "most"});
  for (const auto& standing : study.standings)
    for (const auto& ran : standing.ran) {
      const auto title = title_of(standing, ran);
      if (!ran.by_load.empty())
        for (std::size_t i = 0; i < ran.by_load.size(); ++i)
          add_figures(table, fmt::format("{}, {}", title, study.cases[i].load.name),
                      ran.by_load[i]);
      add_figures(table, ran.by_load.empty() ? title : title + ", all", ran.total);
    }
  const auto& bounds = study.bounds;
  table.row({"bound: work alone", bound_text(study, bounds.work_replica_seconds)});
  table.row({"bound: nothing waits", bound_text(study, bounds.zero_wait_replica_seconds)});
  return table.text();
}

std::string reasons_text(const Study& study) {
  std::string text;
  for (const auto& standing : study.standings)
    for (const auto& ran : standing.ran) {
      if (ran.total.unserved > 0)
        text += fmt::format("\n{}: {} requests were never served within {} h after the trace\n",
                            title_of(standing, ran), ran.total.unserved,
                            grace_after_end / std::chrono::hours(1));
      if (standing.role != Role::Policy) continue;
      text += fmt::format("\n{} decisions of {}\n", ran.total.decisions, title_of(standing, ran));
      Table table({});
      for (const auto reason : all_reasons) {
        const auto count = ran.total.reasons[static_cast<std::size_t>(reason)];
        if (count > 0)
          table.row({fmt::format("  {}", poolscaler::name_of(reason)), std::to_string(count)});
      }
      text += table.text().substr(1);
    }
  return text;
}

std::string reached_text(const std::optional<Reached>& reached,
                         const std::optional<HourlyRate>& price) {
  if (!reached) return "not reached";
  const auto hours = hours_text(reached->hours);
  const auto wait = seconds_text(reached->wait_p99);
  if (!price) return fmt::format("{} ({})", hours, wait);
  return fmt::format("{} ({}, {})", hours, cost_text(reached->hours, *price), wait);
}

bool is_swept(const Study& study) {
  for (const auto& standing : study.standings)
    if (standing.ran.size() > 1) return true;
  return false;
}

std::string frontiers_text(const Study& study) {
  const auto& price = study.setup.replica_price;
  std::string text =
      fmt::format("replica-hours ({}p99 wait) at an equal share of delayed requests\n",
                  price ? "cost, " : "");
  std::vector<std::string> head = {""};
  for (const auto share : compared_shares) head.push_back(share_text(share));
  head.emplace_back("settings");
  Table table(head);
  for (const auto& standing : study.standings) {
    if (standing.ran.size() < 2) continue;
    std::vector<std::string> row = {
        standing.role == Role::Oracle ? standing.name + " (oracle)" : standing.name};
    for (const auto share : compared_shares) row.push_back(reached_text(standing.at(share), price));
    row.push_back(std::to_string(standing.ran.size()));
    table.row(std::move(row));
  }
  text += table.text();
  text += fmt::format("bounds: work alone {}, nothing waits {}\n",
                      hours_text(study.bounds.work_replica_seconds / 3600),
                      hours_text(study.bounds.zero_wait_replica_seconds / 3600));
  text += "\nas given, and the defaults of others\n";
  std::vector<std::string> given_head = {"", "replica-h", "delayed", "p99"};
  if (price) given_head.emplace_back("cost");
  Table given(std::move(given_head));
  for (const auto& standing : study.standings)
    for (const auto& ran : standing.ran) {
      if (standing.role != Role::Policy && !ran.is_default) continue;
      std::vector<std::string> row = {title_of(standing, ran),
                                      hours_text(ran.total.replica_hours()),
                                      share_text(ran.total.delayed_share),
                                      seconds_text(ran.total.wait_p99)};
      if (price) row.push_back(cost_text(ran.total.replica_hours(), *price));
      given.row(std::move(row));
    }
  return text + given.text();
}

}  // namespace

std::string as_text(const Study& study) {
  auto text = loads_text(study);
  if (is_swept(study)) return text + frontiers_text(study);
  return text + figures_text(study) + reasons_text(study) + spending_text(study);
}

}  // namespace poolscaler::replay
