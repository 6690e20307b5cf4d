// The state behind the API server, and the one mutex that guards it. Handlers hold it for the whole
// of a request; a watch holds it only while it collects events.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "catalog.hpp"
#include "object_store.hpp"
#include "poolscaler/simulation/api_server.hpp"

namespace poolscaler::simulation {

struct WorldParts {
  WorldParts(ApiServerOptions given, const Clock& the_clock)
      : options(std::move(given)),
        clock(the_clock),
        store(options.history_max),
        random_state(options.seed) {}

  ApiServerOptions options;
  const Clock& clock;

  mutable std::mutex mutex;
  std::condition_variable changed;
  Catalog catalog;
  ObjectStore store;
  std::uint64_t random_state;
  std::deque<Fault> faults;
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t watch_epoch = 0;     // open watches of an older epoch end
  bool watches_end_properly = true;
  /// By the key of a workload: how busy each of its ready pods is, from 0 to 1.
  std::map<std::string, double> busy;

  /// splitmix64: UIDs and name suffixes are unpredictable enough, and the same in every run.
  std::uint64_t next_random();
  std::string next_uid();
  /// Five characters, as generateName appends.
  std::string next_suffix();
};

/// An object as the wire shows it under `kind`: events have two faces, kinds several versions.
[[nodiscard]] nlohmann::json wire_form(const Kind& kind, const nlohmann::json& stored);
/// The inverse for what a client sent.
[[nodiscard]] nlohmann::json stored_form(const Kind& kind, nlohmann::json sent);

}  // namespace poolscaler::simulation
