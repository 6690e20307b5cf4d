// The verb `simulate`: lets the simulation room play loads against policies, and prints.

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <ostream>

#include <fmt/format.h>

#include "poolscaler/simulation/replay/families.hpp"
#include "poolscaler/simulation/replay/present.hpp"
#include "simulate_input.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

Result<replay::Contender> contender_of(const NamedPolicy& named,
                                       const std::vector<replay::Case>& cases,
                                       const replay::SaidMeanings& said, Instant start,
                                       std::shared_ptr<const replay::Estate> estate) {
  auto make = scaler_of(named, cases, said, start);
  if (!make) return fail(make.error());
  return replay::Contender{
      .name = named.name,
      .role = replay::Role::Policy,
      .settings = {{.label = "", .make = *std::move(make), .estate = std::move(estate)}}};
}

/// The first half is a trace of its own; the second is measured at the end of the whole.
Result<std::vector<replay::Case>> cases_of(std::vector<replay::Load> loads,
                                           const SimulateOptions& options,
                                           const replay::Setup& setup) {
  if (options.measure == SimulateMeasure::FirstHalf)
    for (auto& load : loads) load = replay::until(load, load.end / 2);
  auto cases = replay::cases_of(std::move(loads), setup);
  if (!cases || options.measure != SimulateMeasure::SecondHalf) return cases;
  for (auto& one : *cases) {
    one.measured.begin = std::max(one.measured.begin, one.load.end / 2);
    one.bounds = replay::bounds_of(one.load, setup, one.measured);
  }
  return cases;
}

struct Plan {
  replay::Setup setup;
  std::vector<replay::Case> cases;
  std::vector<replay::Contender> contenders{};
};

Result<Plan> plan_of(const SimulateOptions& options, const std::vector<NamedPolicy>& policies) {
  const auto meanings = meanings_of(options, policies);
  if (!meanings) return fail(meanings.error());
  if (policies.empty() && !options.compare)
    return fail(ErrorKind::InvalidInput,
                "there is nothing to play: give the file of a ScalingPolicy, or --compare");
  const auto given = estate_of(options);
  if (!given) return fail(given.error());
  auto loads = loads_of(options);
  if (!loads) return fail(loads.error());
  const auto setup = setup_of(options);
  auto cases = cases_of(std::move(*loads), options, setup);
  if (!cases) return fail(cases.error());
  const auto start = start_of(options);
  Plan plan{.setup = setup, .cases = std::move(*cases)};
  for (const auto& named : policies) {
    std::shared_ptr<const replay::Estate> estate;
    if (*given && !options.compare) {
      auto made = estate_for(**given, named);
      if (!made) return fail(made.error());
      estate = *std::move(made);
    }
    auto contender = contender_of(named, plan.cases, *meanings, start, std::move(estate));
    if (!contender) return fail(contender.error());
    plan.contenders.push_back(std::move(*contender));
  }
  if (!options.compare) return plan;
  if (*given) {
    const auto price = replica_price_of(**given, policies);
    if (!price) return fail(price.error());
    plan.setup.replica_price = *price;
  }
  std::int64_t peak = 1;
  for (const auto& one : plan.cases) {
    if (one.load.is_metric())
      return fail(ErrorKind::InvalidInput,
                  fmt::format("{}: --compare needs requests, and a metric trace has none",
                              one.load.name));
    peak = std::max(peak, one.bounds.peak);
  }
  plan.contenders.push_back(replay::swept_family(setup, start));
  std::ranges::move(replay::swept_peers(setup), std::back_inserter(plan.contenders));
  plan.contenders.push_back(
      replay::swept_static(static_cast<std::int32_t>(std::min<std::int64_t>(peak, 1000))));
  return plan;
}

/// The runs that are worth a chart: those of the policies, or else of our family where it delays
/// about one request in twenty.
std::vector<replay::Timeline> timelines_of(const Plan& plan, const replay::Study& study) {
  constexpr double charted_share = 0.05;
  constexpr std::size_t charts_max = 12;
  std::vector<replay::Timeline> timelines;
  const auto add = [&](const std::string& name, const replay::Setting& setting) {
    for (const auto& one : study.cases)
      if (timelines.size() < charts_max)
        timelines.push_back(replay::timeline_of(name, setting, one, plan.setup));
  };
  for (const auto& contender : plan.contenders)
    if (contender.role == replay::Role::Policy) add(contender.name, contender.settings.front());
  if (!timelines.empty()) return timelines;
  for (std::size_t i = 0; i < plan.contenders.size(); ++i) {
    const auto& contender = plan.contenders[i];
    if (contender.role != replay::Role::Family) continue;
    const auto reached = study.standings[i].at(charted_share);
    const auto& frontier = study.standings[i].frontier;
    if (frontier.empty()) continue;
    const auto& setting = contender.settings[reached ? reached->nearest : frontier.front()];
    add(contender.name + " " + setting.label, setting);
  }
  return timelines;
}

Result<std::string> simulated(const SimulateOptions& options) {
  const auto policies = policies_of(options);
  if (!policies) return fail(policies.error());
  const auto own_loads = policy_loads_of(options, *policies);
  if (!own_loads) return fail(own_loads.error());
  if (!own_loads->empty()) return simulated_together(options, *policies, *own_loads);
  if (options.recommend) return recommended(options, *policies);
  auto plan = plan_of(options, *policies);
  if (!plan) return fail(plan.error());
  ProgressBar bar;
  const auto study = replay::study(
      std::move(plan->cases), plan->setup, plan->contenders,
      {.threads = options.threads,
       .progress = [&](std::size_t done, std::size_t total) { bar.show(done, total); }});
  if (!options.report.empty()) {
    const auto page = replay::as_html(study, timelines_of(*plan, study));
    if (auto written = write_report(options.report, page); !written) return fail(written.error());
  }
  return options.output == OutputFormat::Json ? replay::as_json(study) : replay::as_text(study);
}

}  // namespace

Result<void> write_report(const std::string& path, const std::string& page) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << page;
  file.close();
  if (file) return {};
  return fail(ErrorKind::Unavailable,
              fmt::format("--report: '{}' cannot be written; check the folder", path));
}

int simulate(const SimulateOptions& options, std::ostream& out) {
  const auto text = simulated(options);
  if (!text) {
    std::cerr << "poolscaler: " << text.error().message << "\n";
    return text.error().kind == ErrorKind::Internal ? 1 : 2;
  }
  out << *text;
  return out.good() ? 0 : 1;
}

}  // namespace poolscaler::app
