#include "operator.hpp"

#include <atomic>
#include <thread>

#include <fmt/format.h>

#include "admin.hpp"
#include "cluster_link.hpp"
#include "poolscaler/adapters/http/server.hpp"
#include "poolscaler/adapters/prometheus/reader.hpp"
#include "poolscaler/controllers/cluster_state.hpp"
#include "poolscaler/controllers/control_loop.hpp"
#include "poolscaler/controllers/signal_reader.hpp"
#include "poolscaler/kube/lease.hpp"
#include "poolscaler/kube/pod_metrics.hpp"
#include "poolscaler/kube/writer.hpp"
#include "poolscaler/telemetry/metrics.hpp"
#include "source_transport.hpp"
#include "watches.hpp"

namespace poolscaler::app {
namespace {

constexpr Millis leadership_period{100};
constexpr Millis last_events{1'500};

telemetry::QueryOutcome outcome_of(adapters::QueryOutcome outcome) {
  switch (outcome) {
    case adapters::QueryOutcome::Answered: return telemetry::QueryOutcome::Ok;
    case adapters::QueryOutcome::Refused: return telemetry::QueryOutcome::Refused;
    case adapters::QueryOutcome::TimedOut: return telemetry::QueryOutcome::TimedOut;
    case adapters::QueryOutcome::HttpError:
    case adapters::QueryOutcome::Unavailable:
    case adapters::QueryOutcome::Cancelled: return telemetry::QueryOutcome::Unavailable;
    case adapters::QueryOutcome::Oversize:
    case adapters::QueryOutcome::Unreadable: return telemetry::QueryOutcome::Malformed;
  }
  return telemetry::QueryOutcome::Malformed;
}

/// The HTTP method, as the label of the same name has it in every other client.
std::string_view method_of(std::string_view verb) {
  if (verb == "create") return "POST";
  if (verb == "update") return "PUT";
  if (verb == "patch") return "PATCH";
  if (verb == "delete") return "DELETE";
  return "GET";
}

/// What somebody must do before this process can have its lease; empty when waiting is enough.
std::string lease_remedy(const Error& error, const LeaseChoice& lease) {
  if (error.kind == ErrorKind::Unauthorised)
    return "give the operator a token or certificate that the API server knows";
  if (error.kind == ErrorKind::Forbidden)
    return fmt::format("give the operator's service account the right to create leases of "
                       "coordination.k8s.io in namespace '{}', and to get and update '{}' (the "
                       "chart does so in its own namespace)",
                       lease.ns, lease.name);
  if (error.kind == ErrorKind::NotFound)
    return fmt::format("make namespace '{}', or name another with --lease-namespace", lease.ns);
  if (error.kind == ErrorKind::InvalidInput)
    return "correct --lease-namespace and --lease-name";
  return {};
}

std::string_view host_of(const std::string& origin) {
  const auto scheme = origin.find("://");
  return scheme == std::string::npos ? std::string_view(origin)
                                     : std::string_view(origin).substr(scheme + 3);
}

}  // namespace

struct Operator::Parts {
  Parts(OperatorOptions chosen, telemetry::Log& where, const Clock& time)
      : options(std::move(chosen)),
        log(where),
        clock(time),
        metrics({.version = POOLSCALER_VERSION, .commit = "", .compiler = __VERSION__}) {}

  /// Whether a write may be sent at this very moment.
  [[nodiscard]] bool may_write() const { return elector == nullptr || elector->may_write(); }

  OperatorOptions options;
  telemetry::Log& log;
  const Clock& clock;
  telemetry::Metrics metrics;
  controllers::ClusterState state{};
  std::unique_ptr<ClusterLink> link{};
  std::unique_ptr<kube::LeaseElector> elector{};
  std::unique_ptr<adapters::PrometheusReader> reader{};
  std::unique_ptr<kube::PodMetrics> pod_metrics{};
  std::unique_ptr<controllers::SignalReader> signals{};
  std::unique_ptr<kube::Writer> writer{};
  std::unique_ptr<controllers::ControlLoop> loop{};
  std::unique_ptr<Watches> watches{};
  std::unique_ptr<HttpServer> listener{};

  [[nodiscard]] Result<void> connect();
  void make_elector();
  void log_lease_trouble(const Error* error);
  [[nodiscard]] std::string lease_trouble() const;
  void make_controller();
  [[nodiscard]] Result<void> listen();
  [[nodiscard]] bool wait_for_lease(const std::stop_token& stop) const;
};

Result<void> Operator::Parts::connect() {
  const auto host = std::string(host_of(options.access.origin));
  auto opened =
      ClusterLink::open(options.access, clock, [this, host](const kube::RequestSeen& seen) {
        metrics.count_request(seen.status, method_of(seen.verb), host);
      });
  if (!opened) return fail(opened.error());
  link = std::move(*opened);
  return {};
}

void Operator::Parts::make_elector() {
  if (!options.lease) return;
  const auto& lease = *options.lease;
  kube::LeaseOptions chosen{.lease = {.ns = lease.ns, .name = lease.name},
                            .identity = lease.identity};
  chosen.seed = std::hash<std::string>()(lease.identity);
  chosen.on_acquired = [this] {
    log.info("leading", {{"identity", options.lease->identity}});
    metrics.set_leader(options.lease->name, true);
  };
  chosen.on_lost = [this](const Error& error) {
    log.error("lost the lease, writing nothing more", {{"error", error.message}});
    metrics.set_leader(options.lease->name, false);
  };
  chosen.on_trouble = [this](const Error* error) { log_lease_trouble(error); };
  metrics.set_leader(lease.name, false);
  elector = std::make_unique<kube::LeaseElector>(link->lease(), clock, std::move(chosen));
}

void Operator::Parts::log_lease_trouble(const Error* error) {
  const auto key = ObjectKey{options.lease->ns, options.lease->name}.text();
  if (error == nullptr) {
    log.info("the lease can be read and written again", {{"lease", key}});
    return;
  }
  const auto remedy = lease_remedy(*error, *options.lease);
  if (remedy.empty())
    log.warning("cannot read or write the lease", {{"lease", key}, {"error", error->message}});
  else
    log.error("cannot have the lease, so this process never leads",
              {{"lease", key}, {"error", error->message}, {"remedy", remedy}});
}

/// Outages pass, and say nothing against a process that stands by.
std::string Operator::Parts::lease_trouble() const {
  if (elector == nullptr) return {};
  const auto trouble = elector->trouble();
  if (!trouble) return {};
  const auto remedy = lease_remedy(*trouble, *options.lease);
  return remedy.empty() ? "" : fmt::format("{}; {}", trouble->message, remedy);
}

void Operator::Parts::make_controller() {
  adapters::PrometheusOptions prometheus;
  prometheus.seed = std::hash<std::string>()(options.identity);
  prometheus.observe = [this](const std::string&, adapters::QueryOutcome outcome, Millis took) {
    metrics.count_metric_query(outcome_of(outcome));
    metrics.observe_metric_query(took);
  };
  reader = std::make_unique<adapters::PrometheusReader>(
      [this](const MetricSource& source) {
        return source_transport(source, options.credentials_dir);
      },
      clock, std::move(prometheus));
  pod_metrics = std::make_unique<kube::PodMetrics>(link->reads(), clock);
  signals = std::make_unique<controllers::SignalReader>(*reader, *pod_metrics, state, clock);
  writer = std::make_unique<kube::Writer>(
      link->writes(), link->discovery(), clock,
      kube::WriterOptions{.may_write = [this] { return may_write(); },
                          .reporting_instance = options.identity});
  loop = std::make_unique<controllers::ControlLoop>(
      controllers::ControlParts{.state = state,
                                .reader = *signals,
                                .writer = *writer,
                                .metrics = metrics,
                                .log = log,
                                .clock = clock,
                                .source_trouble = [this](const MetricSource& source) {
                                  return why_not_allowed(source, options.credentials_dir);
                                }});
}

Result<void> Operator::Parts::listen() {
  AdminPages pages{
      .metrics =
          [this] {
            metrics.set_events_dropped(writer->event_counts().dropped);
            return metrics.text();
          },
      .sync_states = [this] { return state.sync_states(); },
      .trouble = [this] { return loop->alive() ? "" : "no round has ended lately"; },
      .lease_trouble = [this] { return lease_trouble(); },
  };
  HttpServerOptions chosen;
  chosen.address = options.listen.host;
  chosen.port = options.listen.port;
  auto started = adapters::start_http_server(chosen, admin_handler(std::move(pages)));
  if (!started)
    return fail(started.error().context("listening for /metrics, /healthz and /readyz"));
  listener = std::move(*started);
  return {};
}

bool Operator::Parts::wait_for_lease(const std::stop_token& stop) const {
  while (elector != nullptr && !elector->is_leader())
    if (!clock.sleep_for(leadership_period, stop)) return false;
  return !stop.stop_requested();
}

Operator::Operator(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Operator::~Operator() = default;

Result<std::unique_ptr<Operator>> Operator::start(OperatorOptions options, telemetry::Log& log,
                                                  const Clock& clock) {
  auto parts = std::make_unique<Parts>(std::move(options), log, clock);
  if (auto connected = parts->connect(); !connected) return fail(connected.error());
  parts->make_elector();
  parts->make_controller();
  if (auto listening = parts->listen(); !listening) return fail(listening.error());
  parts->watches = std::make_unique<Watches>(
      WatchSurroundings{.link = *parts->link,
                        .state = parts->state,
                        .metrics = parts->metrics,
                        .log = log,
                        .clock = clock},
      parts->options.watch_namespaces);
  parts->watches->start();
  log.info("started", {{"version", POOLSCALER_VERSION},
                       {"server", host_of(parts->options.access.origin)},
                       {"port", parts->listener->port()}});
  return std::unique_ptr<Operator>(new Operator(std::move(parts)));
}

OperatorEnd Operator::run(const std::stop_token& stop) {
  std::stop_source ending;  // stop was asked for, or the lease is lost
  const std::stop_callback on_stop(stop, [&ending] { ending.request_stop(); });
  std::atomic<bool> lost{false};
  std::jthread electing;
  if (parts_->elector)
    electing = std::jthread([&](const std::stop_token& release) {
      if (parts_->elector->run(release) != kube::LeaseEnd::Lost) return;
      lost = true;
      ending.request_stop();
    });
  if (parts_->wait_for_lease(ending.get_token())) {
    parts_->loop->run(ending.get_token());
    if (!lost) parts_->writer->flush_events(last_events);
  }
  // Only now, when nothing writes any more, the lease may go to somebody else.
  electing.request_stop();
  if (electing.joinable()) electing.join();
  parts_->log.info("stopped");
  return lost ? OperatorEnd::LeaseLost : OperatorEnd::Stopped;
}

std::uint16_t Operator::port() const { return parts_->listener->port(); }

}  // namespace poolscaler::app
