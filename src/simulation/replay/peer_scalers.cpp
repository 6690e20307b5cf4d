// The peer models as scalers of a replay, in every setting that is compared.

#include <array>

#include <fmt/format.h>

#include "poolscaler/simulation/peers/scalers.hpp"
#include "poolscaler/simulation/replay/families.hpp"

namespace poolscaler::replay {
namespace {

namespace peers = simulation::peers;

constexpr std::array hpa_loads = {0.3, 0.5, 0.7, 0.9, 1.0};
constexpr std::array hpa_windows = {60, 300, 600};
constexpr std::array keda_cooldowns = {60, 300, 900, 1800, 3600, 4 * 3600, 12 * 3600, 24 * 3600};
constexpr std::array kpa_shares = {0.5, 0.7, 0.9, 1.0};
constexpr std::array kpa_retentions = {0, 300, 900, 3600};
// What one has who sets nothing; HPA and KEDA have no default target, so they are given KPA's.
constexpr double default_load = 0.7;
constexpr int default_window = 300;
constexpr int default_cooldown = 300;

template <class Peer>
class PeerScaler final : public Scaler {
 public:
  template <class Settings>
  PeerScaler(const Settings& settings, std::int32_t least, std::int32_t most)
      : peer_(settings), least_(least), most_(most) {}

  [[nodiscard]] std::int32_t min_replicas() const override { return least_; }
  [[nodiscard]] std::int32_t max_replicas() const override { return most_; }
  [[nodiscard]] Micros next_evaluation(Micros now, std::int32_t /*current*/,
                                       std::optional<Micros> /*quiet_until*/) const override {
    constexpr Micros period = Peer::period;
    return (now / period + 1) * period;
  }
  [[nodiscard]] std::optional<Wanted> evaluate(const Sight& sight) override {
    return Wanted{.replicas = peer_.evaluate({.now = std::chrono::floor<Millis>(sight.now),
                                              .inflight = sight.inflight(),
                                              .inflight_micros = sight.inflight_micros,
                                              .current = sight.current(),
                                              .ready = sight.ready})};
  }

 private:
  Peer peer_;
  std::int32_t least_;
  std::int32_t most_;
};

class StaticScaler final : public Scaler {
 public:
  explicit StaticScaler(std::int32_t replicas) : replicas_(replicas) {}
  [[nodiscard]] std::int32_t min_replicas() const override { return replicas_; }
  [[nodiscard]] std::int32_t max_replicas() const override { return replicas_; }
  [[nodiscard]] Micros next_evaluation(Micros now, std::int32_t /*current*/,
                                       std::optional<Micros> /*quiet_until*/) const override {
    return now + Micros(std::chrono::hours(1));
  }
  [[nodiscard]] std::optional<Wanted> evaluate(const Sight& /*sight*/) override {
    return Wanted{.replicas = replicas_};
  }

 private:
  std::int32_t replicas_;
};

peers::HpaSettings hpa_settings(double target, int window, std::int32_t most) {
  peers::HpaSettings settings{.target_per_replica = target, .max_replicas = most};
  settings.behavior.scale_down.stabilization_window_seconds = window;
  return settings;
}

Contender swept_hpa(int slots) {
  Contender contender{.name = "HPA", .role = Role::Peer, .settings = {}};
  for (const auto load : hpa_loads)
    for (const auto window : hpa_windows)
      contender.settings.push_back(
          {.label = fmt::format("u={} window={}s", load, window),
           .make =
               [=](const Case& one) {
                 return std::make_unique<PeerScaler<peers::HpaScaler>>(
                     hpa_settings(slots * load, window, one.max_replicas), 1, one.max_replicas);
               },
           .is_default = load == default_load && window == default_window});
  return contender;
}

Contender swept_keda(int slots) {
  Contender contender{.name = "KEDA", .role = Role::Peer, .settings = {}};
  for (const auto load : hpa_loads)
    for (const auto window : hpa_windows)
      for (const auto cooldown : keda_cooldowns)
        contender.settings.push_back(
            {.label = fmt::format("u={} window={}s cooldown={}s", load, window, cooldown),
             .make =
                 [=](const Case& one) {
                   return std::make_unique<PeerScaler<peers::KedaScaler>>(
                       peers::KedaSettings{
                           .hpa = hpa_settings(slots * load, window, one.max_replicas),
                           .cooldown = Seconds(cooldown)},
                       0, one.max_replicas);
                 },
             .is_default = load == default_load && window == default_window &&
                           cooldown == default_cooldown});
  return contender;
}

Contender swept_kpa(int slots) {
  Contender contender{.name = "KPA", .role = Role::Peer, .settings = {}};
  for (const auto share : kpa_shares)
    for (const auto retention : kpa_retentions)
      contender.settings.push_back(
          {.label = fmt::format("share={} retention={}s", share, retention),
           .make =
               [=](const Case& one) {
                 return std::make_unique<PeerScaler<peers::KpaScaler>>(
                     peers::KpaSettings{.target_concurrency = slots * share,
                                        .max_replicas = one.max_replicas,
                                        .pod_retention = Seconds(retention)},
                     0, one.max_replicas);
               },
           .is_default = share == default_load && retention == 0});
  return contender;
}

}  // namespace

std::vector<Contender> swept_peers(const Setup& setup) {
  return {swept_hpa(setup.slots), swept_keda(setup.slots), swept_kpa(setup.slots)};
}

std::unique_ptr<Scaler> static_scaler(std::int32_t replicas) {
  return std::make_unique<StaticScaler>(replicas);
}

Contender swept_static(std::int32_t most) {
  Contender contender{.name = "static", .role = Role::Oracle, .settings = {}};
  for (std::int32_t n = 1; n <= most; ++n)
    contender.settings.push_back({.label = fmt::format("n={}", n),
                                  .make = [n](const Case&) { return static_scaler(n); }});
  return contender;
}

}  // namespace poolscaler::replay
