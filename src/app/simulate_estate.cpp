// Nodes and money of `simulate`: the pool, prices and budgets of its flags.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "manifest_files.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/api/price_catalogs.hpp"
#include "poolscaler/json/members.hpp"
#include "simulate_input.hpp"

namespace poolscaler::app {
namespace {

using nlohmann::json;

constexpr std::size_t series_bytes_max = 128U << 20;

struct Flag {
  std::string_view name;
  api::Kind kind;
  std::string_view word;  // of the kind
};

constexpr Flag pool_flag{"--pool", api::Kind::AcceleratorPool, "AcceleratorPool"};
constexpr Flag prices_flag{"--prices", api::Kind::PriceCatalog, "PriceCatalog"};
constexpr Flag budget_flag{"--budget", api::Kind::CostBudget, "CostBudget"};

/// The objects of the flag's kind in its files, each read by `read`.
template <class Object, class Read>
Result<std::vector<std::shared_ptr<const Object>>> objects_of(const Flag& flag,
                                                              const std::vector<std::string>& paths,
                                                              Read read) {
  const auto files = read_manifest_files(paths);
  for (const auto& problem : files.problems)
    return fail(ErrorKind::InvalidInput, fmt::format("{}: {}: {}", flag.name,
                                                     place(problem.file, problem.line),
                                                     problem.message));
  std::vector<std::shared_ptr<const Object>> objects;
  std::set<std::string> names;
  for (const auto& from : files.manifests) {
    const auto& object = from.manifest.object;
    if (own_kind_of(object) != flag.kind) continue;
    if (!names.insert(short_text_at(object, {"metadata", "name"})).second)
      return fail(ErrorKind::InvalidInput, fmt::format("{}: {}: {} is given twice: leave one out",
                                                       flag.name, from.file, title_of(object)));
    auto one = read(object, api::UnknownFields::Report);
    if (!one)
      return fail(ErrorKind::InvalidInput, fmt::format("{}: {}: {}: {}", flag.name, from.file,
                                                       title_of(object),
                                                       api::summary(one.error())));
    objects.push_back(std::make_shared<const Object>(*std::move(one)));
  }
  if (objects.empty() && !paths.empty())
    return fail(ErrorKind::InvalidInput,
                fmt::format("{}: there is no {} in '{}'", flag.name, flag.word,
                            fmt::join(paths, "', '")));
  return objects;
}

Result<std::vector<replay::SpotSeries>> spot_of(const std::string& path) {
  if (path.empty()) return std::vector<replay::SpotSeries>();
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file)
    return fail(ErrorKind::NotFound, fmt::format("--spot-series: '{}' cannot be opened", path));
  const auto bytes = static_cast<std::streamoff>(file.tellg());
  if (bytes < 0 || bytes > static_cast<std::streamoff>(series_bytes_max))
    return fail(ErrorKind::InvalidInput,
                fmt::format("--spot-series: '{}' is no file of at most {} MiB", path,
                            series_bytes_max >> 20U));
  file.seekg(0);
  std::string text(static_cast<std::size_t>(bytes), '\0');
  file.read(text.data(), bytes);
  return replay::read_spot_series(path, text);
}

replay::Drawing drawing_of(const NamedPolicy& named) {
  replay::Drawing drawing{.policy = named.name,
                          .ns = short_text_at(*named.object, {"metadata", "namespace"}),
                          .cost = named.policy.cost,
                          .accelerators = named.policy.accelerators_per_replica.value_or(1),
                          .min_replicas = named.policy.min_replicas,
                          .interval = Seconds(named.policy.interval_seconds)};
  for (const auto& [key, value] : at_path(*named.object, "metadata", "labels").items())
    if (value.is_string()) drawing.labels.push_back({key, value.get<std::string>()});
  return drawing;
}

/// With --compare the pool is the price of a replica, and nothing is asked of its nodes.
Result<void> price_alone(const SimulateOptions& options) {
  const auto leave = [](const char* flag) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("with --compare the pool is no more than the price of a replica: "
                            "leave {} away",
                            flag));
  };
  if (!options.budgets.empty()) return leave("--budget");
  if (!options.spot_series.empty()) return leave("--spot-series");
  if (options.node_boot_seconds) return leave("--node-boot");
  if (options.spot_interruptions) return leave("--spot-interruptions");
  return {};
}

Result<replay::Interruptions> interruptions_of(const SimulateOptions& options,
                                               const AcceleratorPool& pool) {
  replay::Interruptions interruptions{.seed = options.seed};
  if (!options.spot_interruptions) return interruptions;
  interruptions.hourly_share = *options.spot_interruptions;
  if (options.spot_notice_seconds)
    interruptions.notice = replay::micros_of(*options.spot_notice_seconds);
  if (std::ranges::find(pool.node_groups, CapacityType::Spot, &NodeGroup::capacity_type) !=
      pool.node_groups.end())
    return interruptions;
  return fail(ErrorKind::InvalidInput,
              fmt::format("--spot-interruptions: pool '{}' has no node group with capacityType "
                          "Spot, so nothing is taken back: leave it away",
                          pool.name));
}

}  // namespace

Result<std::optional<replay::Estate>> estate_of(const SimulateOptions& options) {
  if (options.pool.empty()) return std::nullopt;
  if (options.compare)
    if (auto alone = price_alone(options); !alone) return fail(alone.error());
  const auto pools = objects_of<AcceleratorPool>(pool_flag, {options.pool},
                                                 api::read_accelerator_pool);
  if (!pools) return fail(pools.error());
  if (pools->size() > 1)
    return fail(ErrorKind::InvalidInput,
                fmt::format("--pool: there are {} AcceleratorPools in '{}'; give one",
                            pools->size(), options.pool));
  auto catalogs = objects_of<PriceCatalog>(prices_flag, options.prices, api::read_price_catalog);
  if (!catalogs) return fail(catalogs.error());
  auto budgets = objects_of<CostBudget>(budget_flag, options.budgets, api::read_cost_budget);
  if (!budgets) return fail(budgets.error());
  auto spot = spot_of(options.spot_series);
  if (!spot) return fail(spot.error());
  const auto interruptions = interruptions_of(options, *pools->front());
  if (!interruptions) return fail(interruptions.error());
  replay::Estate estate{.pool = *pools->front(),
                        .catalogs = *std::move(catalogs),
                        .budgets = *std::move(budgets),
                        .spot = *std::move(spot),
                        .interruptions = *interruptions,
                        .start = start_of(options)};
  if (options.node_boot_seconds)
    estate.node_boot = replay::micros_of(*options.node_boot_seconds);
  return estate;
}

Result<std::shared_ptr<const replay::Estate>> estate_for(const replay::Estate& estate,
                                                         const NamedPolicy& named) {
  if (!named.policy.pool.empty() && named.policy.pool != estate.pool.name)
    return fail(ErrorKind::InvalidInput,
                fmt::format("policy '{}' draws on pool '{}', and --pool is '{}'", named.name,
                            named.policy.pool, estate.pool.name));
  auto own = std::make_shared<replay::Estate>(estate);
  own->drawing = drawing_of(named);
  if (auto checked = replay::check(*own); !checked) return fail(checked.error());
  return own;
}

Result<HourlyRate> replica_price_of(const replay::Estate& estate,
                                    const std::vector<NamedPolicy>& policies) {
  if (policies.empty()) {
    if (auto checked = replay::check(estate); !checked) return fail(checked.error());
    return replay::replica_price(estate);
  }
  std::optional<HourlyRate> price;
  for (const auto& named : policies) {
    const auto own = estate_for(estate, named);
    if (!own) return fail(own.error());
    const auto each = replay::replica_price(**own);
    if (price.value_or(each) != each)
      return fail(ErrorKind::InvalidInput,
                  fmt::format("a replica of policy '{}' takes other accelerators than one of '{}', "
                              "and rows of --compare have one price: give one of them",
                              named.name, policies.front().name));
    price = each;
  }
  return *price;
}

}  // namespace poolscaler::app
