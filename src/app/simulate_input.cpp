#include "simulate_input.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "manifest_files.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/base/text.hpp"

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

replay::ReadingRules rules_of(const SimulateOptions& options) {
  const auto& model = options.service_model;
  return {.service = {.base = model[0],
                      .per_input = model[1],
                      .per_output = model[2],
                      .constant = options.service_seconds},
          .seed = options.seed,
          .skip_bad_lines = options.skip_bad_lines};
}

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

}  // namespace

Result<std::vector<NamedPolicy>> policies_of(const SimulateOptions& options) {
  const auto files = read_manifest_files(options.files);
  for (const auto& problem : files.problems)
    return fail(problem.missing ? ErrorKind::NotFound : ErrorKind::InvalidInput,
                fmt::format("{}: {}", place(problem.file, problem.line), problem.message));
  std::vector<NamedPolicy> policies;
  for (const auto& [file, manifest] : files.manifests) {
    const auto& object = manifest.object;
    if (!object.is_object() || object.value("kind", json()) != "ScalingPolicy") continue;
    auto policy = api::read_scaling_policy(object, api::UnknownFields::Report);
    if (!policy)
      return fail(ErrorKind::InvalidInput, fmt::format("{}: ScalingPolicy '{}': {}", file,
                                                       name_of_object(object),
                                                       api::summary(policy.error())));
    policies.push_back({name_of_object(object), std::move(*policy),
                        std::make_shared<const json>(object)});
  }
  if (policies.empty() && !options.files.empty())
    return fail(ErrorKind::InvalidInput, "no ScalingPolicy is in the files that were given");
  return policies;
}

Result<std::vector<replay::Load>> loads_from(const std::string& said,
                                             const SimulateOptions& options) {
  auto name = load_name_of(said);
  const auto text = contents_of(name.path, replay::trace_bytes_max);
  if (!text) return fail(text.error().context("--load"));
  auto rules = rules_of(options);
  rules.columns = std::move(name.columns);
  return replay::read_loads(name.path, *text, rules);
}

Result<std::vector<replay::Load>> loads_of(const SimulateOptions& options) {
  if (options.loads.empty() && options.prometheus.url.empty())
    return fail(ErrorKind::InvalidInput,
                "--load is missing: give a trace, such as --load day.csv, or --prometheus");
  std::vector<replay::Load> loads;
  for (const auto& said : options.loads) {
    auto read = loads_from(said, options);
    if (!read) return fail(read.error());
    std::ranges::move(*read, std::back_inserter(loads));
  }
  if (options.prometheus.url.empty()) return loads;
  auto asked = prometheus_loads(options, rules_of(options));
  if (!asked) return fail(asked.error());
  std::ranges::move(*asked, std::back_inserter(loads));
  return loads;
}

Result<replay::SaidMeanings> meanings_of(const SimulateOptions& options,
                                         const std::vector<NamedPolicy>& policies) {
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
  if (auto checked = check_meanings(meanings, policies); !checked) return fail(checked.error());
  return meanings;
}

replay::SaidMeanings said_of(const ScalingPolicy& policy, const replay::SaidMeanings& said) {
  replay::SaidMeanings own;
  for (const auto& signal : policy.signals)
    if (const auto word = said.find(signal.name); word != said.end()) own.insert(*word);
  return own;
}

Result<replay::MakeScaler> scaler_of(const NamedPolicy& named,
                                     const std::vector<replay::Case>& cases,
                                     const replay::SaidMeanings& said, Instant start) {
  const auto own = said_of(named.policy, said);
  for (const auto& one : cases)
    if (const auto sources = replay::sources_of(named.policy, own, one.load.is_metric()); !sources)
      return fail(sources.error().context(
          fmt::format("policy '{}' on {}", named.name, one.load.name)));
  return [policy = named.policy, own, start](const replay::Case& one) {
    return std::make_unique<replay::PolicyScaler>(
        policy, replay::sources_of(policy, own, one.load.is_metric()).value(), start);
  };
}

replay::Setup setup_of(const SimulateOptions& options) {
  replay::Setup setup{.slots = options.slots,
                      .cold_start = replay::micros_of(options.cold_start_seconds),
                      .start = options.start_at_floor ? replay::Start::Floor : replay::Start::Warm,
                      .delayed_above = replay::micros_of(options.delayed_above_seconds)};
  if (options.warm_up_seconds) setup.warm_up = replay::micros_of(*options.warm_up_seconds);
  return setup;
}

Instant start_of(const SimulateOptions& options) {
  if (options.start_time) return *options.start_time;
  return options.prometheus.from.value_or(parse_rfc3339(usual_start_time).value());
}

ProgressBar::ProgressBar() : shown_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (percent_ >= 0) std::cerr << "\r\x1b[K";
}

void ProgressBar::show(std::size_t done, std::size_t total) {
  constexpr std::size_t width = 40;
  const auto percent = static_cast<int>(done * 100 / total);
  if (!shown_ || percent == percent_) return;
  percent_ = percent;
  const auto full = done * width / total;
  std::cerr << fmt::format("\r[{}{}] {:3} %", std::string(full, '#'),
                           std::string(width - full, '.'), percent);
}

}  // namespace poolscaler::app
