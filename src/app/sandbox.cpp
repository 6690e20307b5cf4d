#include "poolscaler/simulation/sandbox.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "operator.hpp"
#include "poolscaler/adapters/http/server.hpp"
#include "poolscaler/simulation/story.hpp"
#include "shutdown.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

using simulation::Sandbox;
using simulation::Story;
using simulation::StoryView;

constexpr Millis look_period{200};

Result<std::unique_ptr<Sandbox>> make_sandbox(const SandboxChoice& options) {
  simulation::SandboxOptions chosen{
      .load = options.serve ? simulation::serving_load() : simulation::story_load()};
  chosen.api_port = options.api_port;
  chosen.metrics_port = options.metrics_port;
  return Sandbox::create(std::move(chosen), adapters::start_http_server, system_clock());
}

OperatorOptions operator_options(const Sandbox& sandbox) {
  OperatorOptions chosen{.access = {.origin = sandbox.api_origin()},
                         .listen = {.host = "127.0.0.1", .port = 0}};
  chosen.identity = "sandbox";
  chosen.lease =
      LeaseChoice{.ns = "poolscaler-system", .name = "poolscaler", .identity = "sandbox"};
  return chosen;
}

/// As the locale's variables say; the first one that is set counts.
bool shows_unicode() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale(value);
    return locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
  }
  return false;
}

int tell_story(const Sandbox& sandbox, const std::stop_token& stop) {
  const bool live = isatty(STDOUT_FILENO) == 1;
  const bool colour = live && std::getenv("NO_COLOR") == nullptr;
  Story story;
  StoryView view(live, colour,
                 shows_unicode() ? simulation::Glyphs::Unicode : simulation::Glyphs::Ascii);
  while (!story.ended() && !stop.stop_requested()) {
    const auto now = sandbox.view();
    story.observe(now);
    std::cout << view.draw(now, story) << std::flush;
    system_clock().sleep_for(look_period, stop);
  }
  std::cout << "\n" << story.summary() << std::flush;
  return story.as_told() ? 0 : 1;
}

Result<std::string> write_kubeconfig(const Sandbox& sandbox, std::string path) {
  if (path.empty())
    path = (std::filesystem::temp_directory_path() /
            fmt::format("poolscaler-sandbox-{}.kubeconfig", getpid()))
               .string();
  std::ofstream file(path, std::ios::trunc);
  file << sandbox.kubeconfig();
  file.close();
  if (!file) return fail(ErrorKind::InvalidInput, fmt::format("'{}' cannot be written", path));
  return path;
}

int serve(const Sandbox& sandbox, const SandboxChoice& options, const Operator& running,
          const std::stop_token& stop) {
  const auto path = write_kubeconfig(sandbox, options.kubeconfig);
  if (!path) {
    std::cerr << "poolscaler: " << path.error().message << "\n";
    return 2;
  }
  std::cout
      << fmt::format(
             "API server     {}\nPrometheus API {}\nown metrics    http://127.0.0.1:{}/metrics"
             "\n\n  export KUBECONFIG={}\n  kubectl get scalingpolicies -A --watch\n\n"
             "Ctrl-C ends it.\n",
             sandbox.api_origin(), sandbox.metrics_origin(), running.port(), *path)
      << std::flush;
  while (system_clock().sleep_for(Millis(3'600'000), stop)) {
  }
  if (options.kubeconfig.empty()) std::filesystem::remove(*path);
  return 0;
}

/// Runs what is given while the sandbox and the operator live; both have ended when it returns.
template <class Show>
int beside_operator(Sandbox& sandbox, telemetry::Log& log, const Show& show) {
  const std::jthread world([&](const std::stop_token& stop) { sandbox.run(stop); });
  auto started = Operator::start(operator_options(sandbox), log, system_clock());
  if (!started) {
    std::cerr << "poolscaler: " << started.error().message << "\n";
    return 1;
  }
  std::jthread deciding(
      [&](const std::stop_token& stop) { static_cast<void>((*started)->run(stop)); });
  const int code = show(**started);
  deciding.request_stop();
  deciding.join();
  return code;
}

}  // namespace

int sandbox(const SandboxChoice& options) {
  Shutdown shutdown;
  // The story is told by its table; only what went wrong is logged beside it.
  const auto level = options.serve ? options.log.level : telemetry::LogLevel::Error;
  telemetry::Log log({.level = level, .format = options.log.format});
  auto world = make_sandbox(options);
  if (!world) {
    std::cerr << "poolscaler: " << world.error().message << "\n";
    return world.error().kind == ErrorKind::InvalidInput ? 2 : 1;
  }
  return beside_operator(**world, log, [&](const Operator& running) {
    return options.serve ? serve(**world, options, running, shutdown.token())
                         : tell_story(**world, shutdown.token());
  });
}

}  // namespace poolscaler::app
