// `simulate` of several policies that share one pool: which load is whose, and the run of all.
#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "poolscaler/simulation/replay/present.hpp"
#include "poolscaler/simulation/replay/shared_study.hpp"
#include "simulate_input.hpp"

namespace poolscaler::app {
namespace {

/// Whether it could be the name of an object, with its namespace or without.
bool is_name(std::string_view word) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/';
  };
  const auto is_alphanumeric = [&](char c) { return fits(c) && c != '-' && c != '.' && c != '/'; };
  return !word.empty() && is_alphanumeric(word.front()) && std::ranges::all_of(word, fits) &&
         std::ranges::count(word, '/') <= 1;
}

/// "shop/web" is named by itself and by "web".
std::vector<std::size_t> policies_named(std::string_view word,
                                        const std::vector<NamedPolicy>& policies) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const std::string_view name = policies[i].name;
    if (name == word || name.substr(name.find('/') + 1) == word) found.push_back(i);
  }
  return found;
}

std::string names_of(const std::vector<NamedPolicy>& policies,
                     const std::vector<std::size_t>& which) {
  std::string names;
  for (const auto i : which) names += (names.empty() ? "" : ", ") + policies[i].name;
  return names;
}

Error ambiguous(const std::string& said, const std::vector<NamedPolicy>& policies,
                const std::vector<std::size_t>& found) {
  const bool differ = policies[found[0]].name != policies[found[1]].name;
  return {ErrorKind::InvalidInput,
          fmt::format("--load {}: that names {} policies, {}; {}", said, found.size(),
                      names_of(policies, found),
                      differ ? "write the namespace too, as in NAMESPACE/NAME=FILE"
                             : "leave all but one out of the files")};
}

Error unknown(const std::string& said, std::string_view word,
              const std::vector<NamedPolicy>& policies) {
  std::vector<std::size_t> all(policies.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return {ErrorKind::InvalidInput,
          fmt::format("--load {}: no policy '{}' was given, only {}; a file whose name has '=' in "
                      "it is written ./FILE",
                      said, word, policies.empty() ? "none" : names_of(policies, all))};
}

/// What is before the first '=' is a policy, unless it names none and the whole is a file.
Result<std::optional<PolicyLoad>> policy_load_of(const std::string& said,
                                                 const std::vector<NamedPolicy>& policies) {
  const auto equals = said.find('=');
  const std::string_view word = std::string_view(said).substr(0, equals);
  if (equals == std::string::npos || !is_name(word)) return std::nullopt;
  const auto found = policies_named(word, policies);
  if (found.empty()) {
    if (std::ifstream(said) || std::ifstream(said.substr(0, said.rfind(':')))) return std::nullopt;
    return fail(unknown(said, word, policies));
  }
  if (found.size() > 1) return fail(ambiguous(said, policies, found));
  if (equals + 1 == said.size())
    return fail(ErrorKind::InvalidInput,
                fmt::format("--load {}: the file is missing; write {}=FILE", said, word));
  return PolicyLoad{.policy = found.front(), .file = said.substr(equals + 1)};
}

Result<void> check_complete(const std::vector<PolicyLoad>& loads,
                            const std::vector<NamedPolicy>& policies) {
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const auto count = std::ranges::count(loads, i, &PolicyLoad::policy);
    if (count > 1)
      return fail(ErrorKind::InvalidInput,
                  fmt::format("--load: policy '{}' has {} loads; give one", policies[i].name,
                              count));
    if (count == 0)
      return fail(ErrorKind::InvalidInput,
                  fmt::format("policy '{0}' has no load: give --load {0}=FILE, or leave it out of "
                              "the files",
                              policies[i].name));
  }
  return {};
}

/// What cannot be played together.
Result<void> check_flags(const SimulateOptions& options) {
  const auto refused = [](std::string_view remedy) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("--load POLICY=FILE plays policies together over one pool: {}",
                            remedy));
  };
  if (options.compare) return refused("leave --compare away");
  if (options.recommend) return refused("leave --recommend away");
  if (!options.prometheus.url.empty())
    return refused("--prometheus is the load of no policy; leave it away");
  if (options.pool.empty())
    return refused("give it with --pool, or play each policy alone with --load FILE");
  return {};
}

Result<std::vector<replay::Load>> one_for_each(const SimulateOptions& options,
                                               const std::vector<NamedPolicy>& policies,
                                               const std::vector<PolicyLoad>& own) {
  std::vector<replay::Load> loads;
  for (const auto& one : own) {
    auto read = loads_from(one.file, options);
    if (!read) return fail(read.error().context(policies[one.policy].name));
    if (read->size() != 1)
      return fail(ErrorKind::InvalidInput,
                  fmt::format("--load {}={}: these are {} loads, and a policy has one; choose one "
                              "column",
                              policies[one.policy].name, one.file, read->size()));
    loads.push_back(std::move(read->front()));
  }
  return loads;
}

/// Measured is one interval for all, that of the longest load.
Result<std::vector<replay::Case>> cases_together(std::vector<replay::Load> loads,
                                                 const SimulateOptions& options,
                                                 replay::Setup setup) {
  const auto end = std::ranges::max(loads, {}, &replay::Load::end).end;
  if (options.measure == SimulateMeasure::FirstHalf)
    for (auto& load : loads) load = replay::until(load, std::min(load.end, end / 2));
  const auto& longest = *std::ranges::max_element(loads, {}, &replay::Load::end);
  auto measured = replay::measured_of(longest, setup);
  if (!measured) return fail(measured.error());
  if (options.measure == SimulateMeasure::SecondHalf)
    measured->begin = std::max(measured->begin, end / 2);
  setup.measured = *measured;
  return replay::cases_of(std::move(loads), setup);
}

struct Together {
  replay::Setup setup;
  std::vector<replay::Case> cases;
  std::vector<replay::Sharer> sharers{};
};

/// The policies by their names, whatever the order in which they were given.
Result<Together> together_of(const SimulateOptions& options,
                             const std::vector<NamedPolicy>& policies,
                             const std::vector<PolicyLoad>& own) {
  const auto meanings = meanings_of(options, policies);
  if (!meanings) return fail(meanings.error());
  const auto given = estate_of(options);
  if (!given) return fail(given.error());
  auto loads = one_for_each(options, policies, own);
  if (!loads) return fail(loads.error());
  const auto setup = setup_of(options);
  auto cases = cases_together(std::move(*loads), options, setup);
  if (!cases) return fail(cases.error());
  Together together{.setup = setup, .cases = *std::move(cases)};
  for (std::size_t i = 0; i < own.size(); ++i) {
    const auto& named = policies[own[i].policy];
    const auto estate = estate_for(**given, named);
    if (!estate) return fail(estate.error().context(named.name));
    auto make = scaler_of(named, {together.cases[i]}, *meanings, start_of(options));
    if (!make) return fail(make.error());
    together.sharers.push_back({named.name, (*estate)->drawing, *std::move(make)});
    together.setup.estate = *estate;
  }
  return together;
}

}  // namespace

Result<std::vector<PolicyLoad>> policy_loads_of(const SimulateOptions& options,
                                                const std::vector<NamedPolicy>& policies) {
  std::vector<PolicyLoad> loads;
  std::string nameless;
  for (const auto& said : options.loads) {
    const auto one = policy_load_of(said, policies);
    if (!one) return fail(one.error());
    if (*one)
      loads.push_back(**one);
    else
      nameless = said;
  }
  if (loads.empty()) return loads;
  if (auto fits = check_flags(options); !fits) return fail(fits.error());
  if (!nameless.empty())
    return fail(ErrorKind::InvalidInput,
                fmt::format("--load {0}: write POLICY={0}, since other loads name their policy",
                            nameless));
  if (auto complete = check_complete(loads, policies); !complete) return fail(complete.error());
  std::ranges::sort(loads, {}, [&](const PolicyLoad& load) -> const std::string& {
    return policies[load.policy].name;
  });
  return loads;
}

Result<std::string> simulated_together(const SimulateOptions& options,
                                       const std::vector<NamedPolicy>& policies,
                                       const std::vector<PolicyLoad>& loads) {
  auto together = together_of(options, policies, loads);
  if (!together) return fail(together.error());
  const auto end = together->cases.front().measured.end;
  ProgressBar bar;
  const auto progress = [&](replay::Micros now) {
    bar.show(static_cast<std::size_t>(std::min(now, end).count()),
             static_cast<std::size_t>(end.count()));
    return true;
  };
  const auto study = replay::study_together(together->sharers, std::move(together->cases),
                                            together->setup, progress);
  if (!options.report.empty()) {
    const auto page = replay::as_html(study, replay::timelines_together(together->sharers, study));
    if (auto written = write_report(options.report, page); !written) return fail(written.error());
  }
  return options.output == OutputFormat::Json ? replay::as_json(study) : replay::as_text(study);
}

}  // namespace poolscaler::app
