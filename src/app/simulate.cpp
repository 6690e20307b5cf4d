// The verb `simulate`: reads policies and traces, lets the simulation room play them, and prints.

#include <unistd.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/simulation/replay/families.hpp"
#include "poolscaler/simulation/replay/policy_scaler.hpp"
#include "poolscaler/simulation/replay/present.hpp"
#include "poolscaler/simulation/replay/study.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

using nlohmann::json;

/// A Monday, so that hours of the week count from 0.
constexpr std::string_view usual_start_time = "2026-01-05T00:00:00Z";

Result<std::string> contents_of(const std::string& path, std::size_t bytes_max) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file)
      return fail(ErrorKind::NotFound, fmt::format("'{}' cannot be opened; check the path", path));
  }
  std::istream& in = path == "-" ? std::cin : file;
  std::string text;
  std::string block(std::size_t{1} << 20U, '\0');
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    text.append(block, 0, static_cast<std::size_t>(in.gcount()));
    if (text.size() > bytes_max)
      return fail(ErrorKind::InvalidInput,
                  fmt::format("'{}' is larger than {} KiB", path, bytes_max >> 10U));
  }
  if (in.bad())
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' cannot be read; it must be a file", path));
  return text;
}

/// FILE, or FILE:COLUMN[,COLUMN...] where no file has that whole name.
struct LoadName {
  std::string path;
  std::vector<std::string> columns{};
};

LoadName load_name_of(const std::string& said) {
  const auto colon = said.rfind(':');
  if (colon == std::string::npos || colon == 0 || std::ifstream(said)) return {.path = said};
  LoadName name{.path = said.substr(0, colon)};
  for (std::size_t from = colon + 1; from <= said.size();) {
    const auto comma = std::min(said.find(',', from), said.size());
    name.columns.push_back(said.substr(from, comma - from));
    from = comma + 1;
  }
  return name;
}

Result<std::vector<replay::Load>> loads_of(const SimulateOptions& options) {
  if (options.loads.empty())
    return fail(ErrorKind::InvalidInput, "--load is missing: give a trace, such as --load day.csv");
  std::vector<replay::Load> loads;
  for (const auto& said : options.loads) {
    const auto name = load_name_of(said);
    const auto text = contents_of(name.path, replay::trace_bytes_max);
    if (!text) return fail(text.error().context("--load"));
    const auto& model = options.service_model;
    auto read = replay::read_loads(name.path, *text,
                                   {.service = {.base = model[0],
                                                .per_input = model[1],
                                                .per_output = model[2],
                                                .constant = options.service_seconds},
                                    .seed = options.seed,
                                    .skip_bad_lines = options.skip_bad_lines,
                                    .columns = name.columns});
    if (!read) return fail(read.error());
    std::ranges::move(*read, std::back_inserter(loads));
  }
  return loads;
}

struct NamedPolicy {
  std::string name;
  ScalingPolicy policy;
  json object;
};

std::string name_of_object(const json& object) {
  const auto text = [&](const char* field) {
    const auto& metadata = object.contains("metadata") ? object["metadata"] : json::object();
    return metadata.is_object() && metadata.contains(field) && metadata[field].is_string()
               ? capped(escaped(metadata[field].get<std::string>()), 253)
               : std::string();
  };
  const auto ns = text("namespace");
  return ns.empty() ? text("name") : ns + "/" + text("name");
}

Result<std::vector<NamedPolicy>> policies_of(const SimulateOptions& options) {
  std::vector<NamedPolicy> policies;
  for (const auto& path : options.files) {
    const auto objects = contents_of(path, api::yaml_bytes_max).and_then([](const auto& text) {
      return api::read_yaml(text);
    });
    if (!objects) return fail(objects.error().context(path));
    for (const auto& object : *objects) {
      if (!object.is_object() || object.value("kind", json()) != "ScalingPolicy") continue;
      auto policy = api::read_scaling_policy(object, api::UnknownFields::Report);
      if (!policy)
        return fail(ErrorKind::InvalidInput, fmt::format("{}: ScalingPolicy '{}': {}", path,
                                                         name_of_object(object),
                                                         api::summary(policy.error())));
      policies.push_back({name_of_object(object), std::move(*policy), object});
    }
  }
  if (policies.empty() && !options.files.empty())
    return fail(ErrorKind::InvalidInput, "no ScalingPolicy is in the files that were given");
  return policies;
}

Result<replay::SaidMeanings> meanings_of(const SimulateOptions& options) {
  replay::SaidMeanings meanings;
  for (const auto& [signal, word] : options.meanings) {
    const auto meaning = replay::meaning_of(word);
    if (!meaning)
      return fail(ErrorKind::InvalidInput,
                  fmt::format("--map {}={}: '{}' must be queue, running, inflight, utilization, "
                              "rate or value",
                              signal, word, word));
    meanings[signal] = *meaning;
  }
  return meanings;
}

/// Of what was said, what this policy has.
replay::SaidMeanings said_of(const ScalingPolicy& policy, const replay::SaidMeanings& said) {
  replay::SaidMeanings own;
  for (const auto& signal : policy.signals)
    if (const auto word = said.find(signal.name); word != said.end()) own.insert(*word);
  return own;
}

Result<replay::Contender> contender_of(const NamedPolicy& named,
                                       const std::vector<replay::Case>& cases,
                                       const replay::SaidMeanings& said, Instant start) {
  const auto own = said_of(named.policy, said);
  for (const auto& one : cases)
    if (const auto sources = replay::sources_of(named.policy, own, one.load.is_metric()); !sources)
      return fail(sources.error().context(
          fmt::format("policy '{}' on {}", named.name, one.load.name)));
  return replay::Contender{
      .name = named.name,
      .role = replay::Role::Policy,
      .settings = {{.label = "", .make = [policy = named.policy, own, start](const auto& one) {
                      return std::make_unique<replay::PolicyScaler>(
                          policy, replay::sources_of(policy, own, one.load.is_metric()).value(),
                          start);
                    }}}};
}

replay::Setup setup_of(const SimulateOptions& options) {
  replay::Setup setup{.slots = options.slots,
                      .cold_start = replay::micros_of(options.cold_start_seconds),
                      .start = options.start_at_floor ? replay::Start::Floor : replay::Start::Warm,
                      .delayed_above = replay::micros_of(options.delayed_above_seconds)};
  if (options.warm_up_seconds) setup.warm_up = replay::micros_of(*options.warm_up_seconds);
  return setup;
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

/// A bar on the terminal, where there is one; nothing in a log.
class ProgressBar {
 public:
  ProgressBar() : shown_(isatty(STDERR_FILENO) == 1) {}
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar() {
    if (percent_ >= 0) std::cerr << "\r\x1b[K";
  }
  void show(std::size_t done, std::size_t total) {
    constexpr std::size_t width = 40;
    const auto percent = static_cast<int>(done * 100 / total);
    if (!shown_ || percent == percent_) return;
    percent_ = percent;
    const auto full = done * width / total;
    std::cerr << fmt::format("\r[{}{}] {:3} %", std::string(full, '#'),
                             std::string(width - full, '.'), percent);
  }

 private:
  bool shown_;
  int percent_ = -1;
};

/// The words of --map name signals of some policy.
Result<void> check_meanings(const replay::SaidMeanings& meanings,
                            const std::vector<NamedPolicy>& policies) {
  for (const auto& [signal, meaning] : meanings) {
    const bool known = std::ranges::any_of(policies, [&](const auto& named) {
      return std::ranges::find(named.policy.signals, signal, &Signal::name) !=
             named.policy.signals.end();
    });
    if (!known)
      return fail(ErrorKind::InvalidInput,
                  fmt::format("--map {}={}: no policy has a signal '{}'", signal,
                              replay::name_of(meaning), signal));
  }
  return {};
}

struct Plan {
  replay::Setup setup;
  std::vector<replay::Case> cases;
  std::vector<replay::Contender> contenders{};
};

Result<Plan> plan_of(const SimulateOptions& options) {
  const auto policies = policies_of(options);
  if (!policies) return fail(policies.error());
  const auto meanings = meanings_of(options);
  if (!meanings) return fail(meanings.error());
  if (auto checked = check_meanings(*meanings, *policies); !checked) return fail(checked.error());
  if (policies->empty() && !options.compare)
    return fail(ErrorKind::InvalidInput,
                "there is nothing to play: give the file of a ScalingPolicy, or --compare");
  auto loads = loads_of(options);
  if (!loads) return fail(loads.error());
  const auto setup = setup_of(options);
  auto cases = cases_of(std::move(*loads), options, setup);
  if (!cases) return fail(cases.error());
  const auto start = parse_rfc3339(options.start_time.empty() ? std::string(usual_start_time)
                                                              : options.start_time);
  Plan plan{.setup = setup, .cases = std::move(*cases)};
  for (const auto& named : *policies) {
    auto contender = contender_of(named, plan.cases, *meanings, start.value());
    if (!contender) return fail(contender.error());
    plan.contenders.push_back(std::move(*contender));
  }
  if (!options.compare) return plan;
  std::int64_t peak = 1;
  for (const auto& one : plan.cases) {
    if (one.load.is_metric())
      return fail(ErrorKind::InvalidInput,
                  fmt::format("{}: --compare needs requests, and a metric trace has none",
                              one.load.name));
    peak = std::max(peak, one.bounds.peak);
  }
  plan.contenders.push_back(replay::swept_family(setup, start.value()));
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

Result<void> write_report(const std::string& path, const std::string& page) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << page;
  file.close();
  if (file) return {};
  return fail(ErrorKind::Unavailable,
              fmt::format("--report: '{}' cannot be written; check the folder", path));
}

Result<std::string> simulated(const SimulateOptions& options) {
  auto plan = plan_of(options);
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
