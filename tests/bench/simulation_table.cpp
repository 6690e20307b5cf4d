// Prints the measured tables of docs/SIMULATION.md:
//   simulation_table compare|recommend FOLDER [PART OF A LOAD'S NAME]
// FOLDER holds the traces. On two cores each takes some minutes.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "poolscaler/simulation/replay/families.hpp"
#include "poolscaler/simulation/replay/recommend.hpp"

namespace poolscaler::replay {
namespace {

struct Row {
  std::string_view name;
  std::string_view file;
  std::vector<std::string> columns{};
};

const std::array rows = {
    Row{.name = "Azure code", .file = "requests/azure_llm_2023_code.csv"},
    Row{.name = "Azure conversation", .file = "requests/azure_llm_2023_conv.csv"},
    Row{.name = "Mooncake", .file = "requests/mooncake_conversation.csv"},
    Row{.name = "deepseek-r1, a day", .file = "servegen_deepseek-r1_600s.csv"},
    Row{.name = "five sparse clients of m-small",
        .file = "servegen_m-small_clients_600s.csv",
        .columns = {"c2", "c9", "c22", "c28", "c40"}},
};
constexpr std::array cold_starts = {20, 120};
/// A Monday.
const Instant start{Seconds{1'767'571'200}};

std::vector<Load> loads_of(const std::string& folder, const Row& row) {
  const auto path = fmt::format("{}/{}", folder, row.file);
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  auto loads = read_loads(path, text, {.columns = row.columns});
  if (loads) return std::move(*loads);
  std::cerr << loads.error().message << "\n";
  std::exit(2);
}

Setup setup_of(int cold_start) { return {.cold_start = Micros(Seconds(cold_start))}; }

std::string reached_text(const std::optional<Reached>& reached) {
  if (!reached) return "-";
  const auto hours = reached->hours;
  return hours < 100 ? fmt::format("{:.2f} ({:.1f} s)", hours, reached->wait_p99)
                     : fmt::format("{:.0f} ({:.1f} s)", hours, reached->wait_p99);
}

/// Of the peers' frontiers the cheapest.
std::optional<double> best_peer(const Study& study, double share) {
  std::optional<double> best;
  for (const auto& standing : study.standings)
    if (const auto at = standing.at(share); standing.role == Role::Peer && at)
      best = best ? std::min(*best, at->hours) : at->hours;
  return best;
}

std::string against(double hours, std::optional<double> other) {
  return other ? fmt::format("{:+.1f} %", (hours / *other - 1) * 100) : "alone";
}

void print_standings(const Row& row, int cold_start, const Study& study) {
  const auto bounds = fmt::format("{:.4g} / {:.4g}", study.bounds.work_replica_seconds / 3600,
                                  study.bounds.zero_wait_replica_seconds / 3600);
  for (const auto& standing : study.standings) {
    const bool ours = standing.role == Role::Family;
    std::cout << "| " << (ours ? fmt::format("{}, {} s", row.name, cold_start) : "") << " | "
              << standing.name << " |";
    for (const auto share : compared_shares)
      std::cout << " " << reached_text(standing.at(share)) << " |";
    std::cout << " " << (ours ? bounds : "") << " |\n";
  }
  std::cout << "| | against the best peer |";
  for (const auto share : compared_shares) {
    const auto own = study.standings.front().at(share);
    std::cout << " " << (own ? against(own->hours, best_peer(study, share)) : "-") << " |";
  }
  std::cout << " |\n" << std::flush;
}

/// What peers cost as they come, and our family at the same share.
std::string defaults_of(const Row& row, int cold_start, const Study& study) {
  std::string text;
  for (const auto& standing : study.standings)
    for (const auto& ran : standing.ran) {
      if (!ran.is_default) continue;
      const auto own = study.standings.front().at(ran.total.delayed_share);
      text += fmt::format("| {}, {} s | {} | {:.4g} | {:.2f} % | {} | {} |\n", row.name, cold_start,
                          standing.name, ran.total.replica_hours(), ran.total.delayed_share * 100,
                          own ? fmt::format("{:.4g}", own->hours) : "-",
                          own ? against(own->hours, ran.total.replica_hours()) : "-");
    }
  return text;
}

void compare(const std::string& folder, std::string_view part) {
  std::cout << "| load, cold start | scaler | 1 % | 5 % | 10 % | 20 % | work / nothing waits |\n"
               "|---|---|---|---|---|---|---|\n";
  std::string defaults =
      "\n| load, cold start | default of | hours | delayed | ours at that share | |\n"
      "|---|---|---|---|---|---|\n";
  for (const auto& row : rows) {
    if (row.name.find(part) == std::string_view::npos) continue;
    for (const auto cold_start : cold_starts) {
      const auto setup = setup_of(cold_start);
      std::vector<Contender> contenders{swept_family(setup, start)};
      std::ranges::move(swept_peers(setup), std::back_inserter(contenders));
      auto cases = cases_of(loads_of(folder, row), setup).value();
      const auto result = study(std::move(cases), setup, contenders, {});
      print_standings(row, cold_start, result);
      defaults += defaults_of(row, cold_start, result);
    }
  }
  std::cout << defaults;
}

void print_recommended(const Row& row, int cold_start, double share, const Recommendation& found) {
  const auto& second = found.second_half;
  const auto& best = found.hindsight;
  std::cout << fmt::format(
      "| {}, {} s | {:.0f} % | {:.2f} % | {:.2f} | {:.4g} | {} | {} | {:.4g} at {:.2f} % | {} |\n",
      row.name, cold_start, share * 100, second.delayed_share * 100, second.delayed_share / share,
      second.replica_hours(), best ? fmt::format("{:.4g}", best->hours) : "-",
      best ? fmt::format("{:.2f}", second.replica_hours() / best->hours) : "-",
      found.present_second_half.replica_hours(), found.present_second_half.delayed_share * 100,
      found.knobs.label());
}

void recommend_all(const std::string& folder, std::string_view part) {
  std::cout << "| load, cold start | asked | delayed | times asked | hours | best in hindsight | "
               "times that | what ran before | setting |\n|---|---|---|---|---|---|---|---|---|\n";
  std::vector<Ask> asks;
  for (const auto share : compared_shares) asks.push_back({.max_delayed = share});
  for (const auto& row : rows) {
    if (row.name.find(part) == std::string_view::npos) continue;
    for (const auto cold_start : cold_starts) {
      const auto setup = setup_of(cold_start);
      // What runs now: HPA's defaults on the requests in flight, at 70 % of the slots.
      constexpr std::int32_t most = 1000;
      const Present present{.name = "now",
                            .policy = turned(plain_policy(setup.slots, most), {.min_replicas = 1}),
                            .start = start};
      // The best in hindsight of all settings, however long that takes.
      const Effort effort{.hindsight_seconds = std::numeric_limits<double>::infinity()};
      const auto found = recommend(loads_of(folder, row), setup, present, asks, effort).value();
      for (std::size_t i = 0; i < asks.size(); ++i)
        print_recommended(row, cold_start, asks[i].max_delayed, found[i]);
      std::cout << std::flush;
    }
  }
}

}  // namespace
}  // namespace poolscaler::replay

int main(int count, char** arguments) {
  const std::vector<std::string> said(arguments + 1, arguments + count);
  const std::string part = said.size() > 2 ? said[2] : "";
  if (said.size() >= 2 && said[0] == "compare")
    poolscaler::replay::compare(said[1], part);
  else if (said.size() >= 2 && said[0] == "recommend")
    poolscaler::replay::recommend_all(said[1], part);
  else
    std::fputs("usage: simulation_table compare|recommend FOLDER [PART OF A NAME]\n", stderr);
  return said.size() < 2 ? 2 : 0;
}
