// Pools, budgets and what draws on them, read from the API server: `top` again and again or once,
// `budget` one of them in full.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster_access.hpp"
#include "cluster_link.hpp"
#include "poolscaler/base/clock.hpp"
#include "poolscaler/explain/fleet_view.hpp"
#include "poolscaler/kube/request.hpp"
#include "shutdown.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

constexpr std::int64_t page_size = 500;

/// What an API server answers about a kind that it does not know; about an object that is not there
/// it names the object.
constexpr std::string_view unknown_kind = "could not find the requested resource";

/// The error of asking about a kind, with the remedy where it is not installed.
Error about(const Error& error, api::Kind kind, std::string_view subject) {
  if (error.kind != ErrorKind::NotFound || error.message.find(unknown_kind) == std::string::npos)
    return error.context(subject);
  return Error{.kind = ErrorKind::NotFound,
               .message = fmt::format("{}: the CustomResourceDefinition of {} is not installed: "
                                      "run `poolscaler print crd | kubectl apply -f -`, or "
                                      "install the chart",
                                      subject, api::names_of(kind).kind)};
}

/// All objects of a kind, page by page.
Result<void> each_of(const kube::Client& reads, api::Kind kind, const std::stop_token& stop,
                     const kube::Client::ItemSink& take) {
  kube::ListPage page{.limit = page_size};
  do {
    const auto answer =
        reads.list(kube::list_request(resource_of(kind), "", {}, page), take, stop);
    if (!answer) return fail(about(answer.error(), kind, api::names_of(kind).plural));
    const auto& metadata = answer->value("metadata", nlohmann::json::object());
    page.continue_token = metadata.value("continue", "");
  } while (!page.continue_token.empty());
  return {};
}

Result<explain::FleetView> read_fleet(const kube::Client& reads, const std::stop_token& stop) {
  explain::FleetView fleet{.time = system_clock().now()};
  using Add = void (explain::FleetView::*)(const nlohmann::json&);
  const std::pair<api::Kind, Add> parts[] = {
      {api::Kind::AcceleratorPool, &explain::FleetView::add_pool},
      {api::Kind::CostBudget, &explain::FleetView::add_budget},
      {api::Kind::ScalingPolicy, &explain::FleetView::add_policy}};
  for (const auto& [kind, add] : parts) {
    const auto read = each_of(reads, kind, stop,
                              [&](const nlohmann::json& object) { (fleet.*add)(object); });
    if (!read) return fail(read.error());
  }
  return fleet;
}

bool on_a_terminal() { return isatty(STDOUT_FILENO) == 1; }

winsize size_of_terminal() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) size = {};
  return size;
}

explain::TextStyle style_of_output() {
  explain::TextStyle style;
  if (!on_a_terminal()) return style;
  if (const auto size = size_of_terminal(); size.ws_col > 0) style.width = size.ws_col;
  style.colour = std::getenv("NO_COLOR") == nullptr;
  return style;
}

/// The first lines, as many as the terminal has rows: more would scroll.
std::string_view fitted(std::string_view text) {
  const auto rows = size_of_terminal().ws_row;
  if (rows == 0) return text;
  std::size_t end = 0;
  for (int row = 1; row < rows && end < text.size(); ++row)
    end = std::min(text.find('\n', end), text.size() - 1) + 1;
  return text.substr(0, end);
}

int failed(const Error& error) {
  std::cerr << "poolscaler: " << error.message << "\n";
  return error.kind == ErrorKind::InvalidInput || error.kind == ErrorKind::NotFound ? 2 : 1;
}

/// Draws over what it has drawn before, until it is stopped.
int show_again_and_again(const kube::Client& reads, Seconds interval, const std::stop_token& stop,
                         std::ostream& out) {
  // Lines that are too long are cut by the terminal, which would wrap them otherwise.
  constexpr std::string_view begin = "\x1b[?7l\x1b[H\x1b[J";
  constexpr std::string_view end = "\x1b[?7h";
  do {
    const auto fleet = read_fleet(reads, stop);
    if (!fleet && stop.stop_requested()) break;
    if (!fleet) return failed(fleet.error());
    const auto text = fmt::format("{}  (Ctrl-C ends it)\n\n{}", to_rfc3339(fleet->time),
                                  explain::text_of(*fleet, style_of_output()));
    out << begin << fitted(text) << end << std::flush;
  } while (system_clock().sleep_for(interval, stop));
  return 0;
}

}  // namespace

int top(const TopOptions& options, std::ostream& out) {
  const bool live =
      !options.once && options.output == OutputFormat::Text && on_a_terminal();
  std::optional<Shutdown> shutdown;
  if (live) shutdown.emplace();
  const auto access = cluster_access(options.cluster);
  if (!access) return failed(access.error());
  const auto link = ClusterLink::open(*access, system_clock(), {});
  if (!link) return failed(link.error());
  const auto& reads = (*link)->reads();
  if (live)
    return show_again_and_again(reads, Seconds(options.interval_seconds), shutdown->token(), out);
  const auto fleet = read_fleet(reads, std::stop_token());
  if (!fleet) return failed(fleet.error());
  out << (options.output == OutputFormat::Json ? explain::json_of(*fleet)
                                               : explain::text_of(*fleet, style_of_output()));
  return out.good() ? 0 : 1;
}

int budget(const BudgetOptions& options, std::ostream& out) {
  const auto access = cluster_access(options.cluster);
  if (!access) return failed(access.error());
  const auto link = ClusterLink::open(*access, system_clock(), {});
  if (!link) return failed(link.error());
  const auto object = (*link)->reads().call(
      kube::get_request(resource_of(api::Kind::CostBudget), {.ns = {}, .name = options.name}),
      std::stop_token());
  if (!object)
    return failed(about(object.error(), api::Kind::CostBudget,
                        fmt::format("budget '{}'", options.name)));
  explain::FleetView fleet{.time = system_clock().now()};
  fleet.add_budget(*object);
  const auto& one = fleet.budgets.front();
  out << (options.output == OutputFormat::Json
              ? explain::json_of(one)
              : explain::text_of(one, fleet.time, style_of_output()));
  return out.good() ? 0 : 1;
}

}  // namespace poolscaler::app
