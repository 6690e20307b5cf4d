// A study as one HTML page.

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "page.hpp"
#include "poolscaler/simulation/replay/present.hpp"
#include "spending_text.hpp"
#include "svg.hpp"
#include "table.hpp"

namespace poolscaler::replay {
namespace {

constexpr std::array<std::string_view, 7> colours = {"a", "b", "c", "d", "e", "f", "g"};
constexpr std::string_view rest_colour = "h";

std::string figure(const std::string& heading, const Chart& chart, const std::string& legend) {
  return fmt::format("<figure><h3>{}</h3>{}{}</figure>\n", html_escaped(heading), chart.svg(),
                     legend);
}

Axis time_axis(const Timeline& timeline) {
  return {.least = seconds_of(timeline.measured.begin),
          .most = seconds_of(timeline.measured.end),
          .unit = "time"};
}

double time_at(const Timeline& timeline, std::size_t slice) {
  return seconds_of(timeline.measured.begin) +
         static_cast<double>(slice) * timeline.seconds_per_slice();
}

/// One value for each slice, as points of steps.
template <class Value>
Chart::Points points_of(const Timeline& timeline, Value value) {
  Chart::Points points;
  for (std::size_t i = 0; i < timeline.slices.size(); ++i)
    points.emplace_back(time_at(timeline, i), value(timeline.slices[i]));
  if (!points.empty())
    points.emplace_back(time_at(timeline, timeline.slices.size()), points.back().second);
  return points;
}

std::string replicas_chart(const Timeline& timeline) {
  double most = 1;
  for (const auto& slice : timeline.slices)
    most = std::max({most, slice.starting + slice.ready + slice.draining, slice.demand});
  Chart chart("replicas over time", time_axis(timeline), {.least = 0, .most = most * 1.05});
  const auto zero = points_of(timeline, [](const Slice&) { return 0.0; });
  const auto ready = points_of(timeline, [](const Slice& s) { return s.ready; });
  const auto draining = points_of(timeline, [](const Slice& s) { return s.ready + s.draining; });
  const auto all =
      points_of(timeline, [](const Slice& s) { return s.ready + s.draining + s.starting; });
  chart.area(ready, zero, "f");
  chart.area(draining, ready, "d");
  chart.area(all, draining, "b");
  std::vector<LegendEntry> legend = {{"f", "ready"}, {"b", "starting"}, {"d", "draining"}};
  if (!timeline.is_metric) {
    chart.line(points_of(timeline, [](const Slice& s) { return s.demand; }), "ink");
    legend.push_back({"ink", "demand: replicas full of requests if nothing waited"});
  }
  return figure(timeline.is_metric ? "Replicas" : "Replicas against demand", chart,
                legend_of(legend));
}

std::string value_chart(const Timeline& timeline) {
  double least = 0;
  double most = 0;
  for (const auto& slice : timeline.slices) {
    least = std::min(least, slice.value);
    most = std::max(most, slice.value);
  }
  Chart chart("value over time", time_axis(timeline), {.least = least, .most = most * 1.05});
  chart.line(points_of(timeline, [](const Slice& s) { return s.value; }), "a");
  return figure("The value of the trace", chart, legend_of({{"a", "value"}}));
}

std::string delay_chart(const Timeline& timeline) {
  double most = 1;
  for (const auto& slice : timeline.slices) most = std::max(most, slice.wait_max);
  Chart chart("wait over time", time_axis(timeline),
              {.least = 0, .most = most * 1.05, .unit = " s"});
  const auto zero = points_of(timeline, [](const Slice&) { return 0.0; });
  chart.area(points_of(timeline, [](const Slice& s) { return s.wait_max; }), zero, "e");
  chart.line(points_of(timeline,
                       [](const Slice& s) {
                         return s.requests > 0 ? s.wait_sum / static_cast<double>(s.requests) : 0;
                       }),
             "a");
  return figure("How long requests waited", chart,
                legend_of({{"e", "longest wait"}, {"a", "mean wait"}}));
}

/// The reasons that occur, the most frequent first.
std::vector<Reason> frequent_reasons(const Timeline& timeline) {
  ReasonCounts counts{};
  for (const auto& slice : timeline.slices)
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += slice.reasons[i];
  std::vector<Reason> reasons;
  for (const auto reason : all_reasons)
    if (counts[static_cast<std::size_t>(reason)] > 0) reasons.push_back(reason);
  std::ranges::stable_sort(reasons, std::ranges::greater{}, [&](Reason reason) {
    return counts[static_cast<std::size_t>(reason)];
  });
  return reasons;
}

std::string reasons_chart(const Timeline& timeline) {
  const auto reasons = frequent_reasons(timeline);
  if (reasons.empty()) return "";
  Chart chart("reasons over time", time_axis(timeline), {.least = 0, .most = 100, .unit = " %"});
  for (std::size_t i = 0; i < timeline.slices.size(); ++i) {
    const auto& slice = timeline.slices[i];
    std::int64_t total = 0;
    for (const auto count : slice.reasons) total += count;
    if (total == 0) continue;
    double sum = 0;
    const auto pile = [&](double count, std::string_view colour) {
      const double next = sum + count * 100 / static_cast<double>(total);
      chart.bar(time_at(timeline, i), time_at(timeline, i + 1), {sum, next}, colour);
      sum = next;
    };
    double rest = static_cast<double>(total);
    for (std::size_t r = 0; r < std::min(reasons.size(), colours.size()); ++r) {
      const auto count = static_cast<double>(slice.reasons[static_cast<std::size_t>(reasons[r])]);
      pile(count, colours[r]);
      rest -= count;
    }
    pile(rest, rest_colour);
  }
  std::vector<LegendEntry> legend;
  for (std::size_t r = 0; r < std::min(reasons.size(), colours.size()); ++r)
    legend.push_back({std::string(colours[r]), std::string(poolscaler::name_of(reasons[r]))});
  if (reasons.size() > colours.size())
    legend.push_back({std::string(rest_colour), fmt::format("{} more", reasons.size() -
                                                                           colours.size())});
  return figure("Why: the reasons of the decisions", chart, legend_of(legend));
}

std::string nodes_chart(const Timeline& timeline) {
  double most = 1;
  for (const auto& slice : timeline.slices) most = std::max(most, slice.nodes);
  Chart chart("nodes over time", time_axis(timeline), {.least = 0, .most = most * 1.05});
  chart.area(points_of(timeline, [](const Slice& s) { return s.nodes; }),
             points_of(timeline, [](const Slice&) { return 0.0; }), "c");
  return figure("Nodes, those that boot included", chart, legend_of({{"c", "nodes"}}));
}

std::string hourly_chart(const Timeline& timeline) {
  double most = 0.01;
  for (const auto& slice : timeline.slices) most = std::max(most, slice.hourly);
  Chart chart("cost an hour over time", time_axis(timeline), {.least = 0, .most = most * 1.05});
  chart.line(points_of(timeline, [](const Slice& s) { return s.hourly; }), "e");
  return figure("What the nodes cost an hour", chart, legend_of({{"e", "an hour"}}));
}

std::string timeline_html(const Timeline& timeline) {
  if (timeline.is_pool)
    return fmt::format("<h2>Pool {}</h2>\n", html_escaped(timeline.scaler)) +
           nodes_chart(timeline) + hourly_chart(timeline);
  auto text = fmt::format("<h2>{} on {}</h2>\n", html_escaped(timeline.scaler),
                          html_escaped(timeline.load));
  text += replicas_chart(timeline);
  text += timeline.is_metric ? value_chart(timeline) : delay_chart(timeline);
  if (timeline.has_nodes) text += nodes_chart(timeline) + hourly_chart(timeline);
  return text + reasons_chart(timeline);
}

std::string title_of(const Standing& standing, const Ran& ran) {
  return ran.label.empty() ? standing.name : standing.name + ", " + ran.label;
}

std::vector<std::string> figures_row(const std::string& title, const Figures& f) {
  std::vector<std::string> row = {title, hours_text(f.replica_hours())};
  std::ranges::move(wait_cells(f), std::back_inserter(row));
  for (const auto count : {f.cold_starts, f.starts_from_zero, std::int64_t{f.most_replicas}})
    row.push_back(std::to_string(count));
  return row;
}

std::string figures_html(const Study& study) {
  std::vector<std::vector<std::string>> rows = {
      {"", "replica-hours", "delayed", "mean wait", "p50", "p95", "p99", "max", "cold starts",
       "from zero", "most replicas"}};
  for (const auto& standing : study.standings)
    for (const auto& ran : standing.ran) {
      if (standing.ran.size() > 1 && !ran.is_default) continue;
      for (std::size_t i = 0; i < ran.by_load.size(); ++i)
        rows.push_back(figures_row(title_of(standing, ran) + " on " + study.cases[i].load.name,
                                   ran.by_load[i]));
      rows.push_back(figures_row(title_of(standing, ran) + (ran.is_default ? " (default)" : ""),
                                 ran.total));
    }
  rows.push_back({"bound: work alone", bound_text(study, study.bounds.work_replica_seconds), "", "",
                  "", "", "", "", "", "", ""});
  rows.push_back({"bound: nothing waits",
                  bound_text(study, study.bounds.zero_wait_replica_seconds), "", "", "", "", "", "",
                  "", "", ""});
  return "<h2>Figures</h2>\n" + html_table(rows);
}

std::string cuts_html(const std::string& policy, const ReasonCounts& capped) {
  std::string text;
  for (const auto& line : capped_lines(capped))
    text += fmt::format("<p>{}: cut by {}</p>\n", html_escaped(policy), line);
  return text;
}

std::string limits_html(const Spending& spending) {
  std::string text;
  for (const auto& line : limit_lines(spending))
    text += fmt::format("<p class=\"soft\">{}</p>\n", html_escaped(line));
  return text;
}

std::string spending_html(const Study& study) {
  if (!has_spending(study)) return {};
  auto text = "<h2>Nodes and money</h2>\n" + html_table(spending_rows(study));
  for (const auto& standing : study.standings)
    for (const auto& ran : standing.ran) {
      if (!ran.total.spending) continue;
      text += cuts_html(standing.name, ran.total.spending->capped);
      text += limits_html(*ran.total.spending);
    }
  if (!study.pool) return text;
  text += fmt::format("<h3>Who had pool {}</h3>\n", html_escaped(study.pool->pool)) +
          html_table(share_rows(*study.pool));
  for (const auto& share : study.pool->shares) text += cuts_html(share.policy, share.capped);
  return text + limits_html(study.pool->spending);
}

std::string shares_html(const Study& study) {
  std::vector<std::vector<std::string>> rows = {{"replica-hours (p99 wait) at"}};
  for (const auto share : compared_shares) rows[0].push_back(share_text(share) + " delayed");
  for (const auto& standing : study.standings) {
    if (standing.ran.size() < 2) continue;
    auto& row = rows.emplace_back(std::vector<std::string>{
        standing.role == Role::Oracle ? standing.name + " (oracle)" : standing.name});
    for (const auto share : compared_shares) {
      const auto reached = standing.at(share);
      const auto& price = study.setup.replica_price;
      row.push_back(reached ? fmt::format("{} ({}{})", hours_text(reached->hours),
                                          price ? cost_text(reached->hours, *price) + ", " : "",
                                          seconds_text(reached->wait_p99))
                            : "not reached");
    }
  }
  return html_table(rows);
}

std::string frontier_chart(const Study& study) {
  double most_share = 0.01;
  double most_hours = study.bounds.zero_wait_replica_seconds / 3600;
  for (const auto& standing : study.standings)
    for (const auto index : standing.frontier) {
      most_share = std::max(most_share, std::min(standing.points[index].share, 0.3));
      most_hours = std::max(most_hours, standing.points[index].hours);
    }
  Chart chart("hours against delayed share",
              {.least = 0, .most = most_share * 105, .unit = " %"},
              {.least = 0, .most = most_hours * 1.1});
  std::vector<LegendEntry> legend;
  std::size_t next = 0;
  for (const auto& standing : study.standings) {
    const std::string colour(colours[next++ % colours.size()]);
    Chart::Points line;
    for (std::size_t i = 0; i < standing.points.size(); ++i) {
      const auto& point = standing.points[i];
      if (point.share <= most_share * 1.05 && point.hours <= most_hours * 1.1)
        chart.dot(point.share * 100, point.hours, colour, title_of(standing, standing.ran[i]));
    }
    for (const auto index : standing.frontier)
      if (standing.points[index].share <= most_share * 1.05)
        line.emplace_back(standing.points[index].share * 100, standing.points[index].hours);
    if (standing.points.size() > 1) chart.line(line, colour);
    legend.push_back({colour, standing.role == Role::Oracle ? standing.name + " (oracle)"
                                                            : standing.name});
  }
  chart.level(study.bounds.zero_wait_replica_seconds / 3600, "bound: nothing waits");
  // A policy that was given is one point, and the one that its reader looks for.
  for (std::size_t s = 0; s < study.standings.size(); ++s)
    if (const auto& standing = study.standings[s]; standing.points.size() == 1)
      chart.mark(std::min(standing.points[0].share, most_share * 1.05) * 100,
                 standing.points[0].hours, colours[s % colours.size()], standing.name);
  return figure("Replica-hours against the share of delayed requests; each dot is one setting",
                chart, legend_of(legend));
}

std::string loads_html(const Study& study) {
  std::string text;
  for (std::size_t i = 0; i < study.cases.size(); ++i) {
    const auto& one = study.cases[i];
    const auto policy = study.pool ? study.standings[i].name + " on " : "";
    text += fmt::format(
        "<p>{}{}: {}, measured from {} to {}{}</p>\n", html_escaped(policy),
        html_escaped(one.load.name),
        one.load.is_metric() ? fmt::format("{} samples", one.load.samples.size())
                             : fmt::format("{} requests", one.load.requests.size()),
        time_tick(seconds_of(one.measured.begin), seconds_of(one.load.end)),
        time_tick(seconds_of(one.measured.end), seconds_of(one.load.end)),
        one.load.skipped_lines > 0
            ? fmt::format(", {} bad lines skipped", one.load.skipped_lines)
            : "");
  }
  return text + fmt::format("<p class=\"soft\">{} slots per replica, cold start {}, {}; a request "
                            "is delayed when it waits longer than {}.</p>\n",
                            study.setup.slots, seconds_text(seconds_of(study.setup.cold_start)),
                            study.setup.start == Start::Warm ? "warm start" : "start at the floor",
                            seconds_text(seconds_of(study.setup.delayed_above)));
}

}  // namespace

std::string as_html(const Study& study, const std::vector<Timeline>& timelines) {
  auto body = "<h1>Simulation of scaling policies</h1>\n" + loads_html(study);
  const bool swept = std::ranges::any_of(
      study.standings, [](const Standing& standing) { return standing.ran.size() > 1; });
  if (swept) body += "<h2>Comparison</h2>\n" + shares_html(study) + frontier_chart(study);
  body += figures_html(study) + spending_html(study);
  for (const auto& timeline : timelines) body += timeline_html(timeline);
  return page_of("Simulation of scaling policies", body);
}

}  // namespace poolscaler::replay
