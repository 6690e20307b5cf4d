// Which events are the same, and what is to be sent about them: the first of its kind as an Event,
// the second as the beginning of a series, further ones counted and told now and then. A series
// that has been quiet for six minutes is over; what has not been told of it is told then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/ports/cluster_writer.hpp"

namespace poolscaler::kube {

struct EventToCreate {
  std::string name;
  EventNote note;
  Instant at;
};
struct EventToUpdate {
  std::string name;
  std::string ns;
  std::int32_t count;
  Instant last;
  EventNote note;  // to make it anew, should the server have forgotten it
};

/// Not thread-safe.
class EventSeries {
 public:
  static constexpr std::size_t series_max = 4096;

  struct Due {
    std::vector<EventToCreate> create{};
    std::vector<EventToUpdate> update{};
  };
  /// What is to be sent because this was noted.
  [[nodiscard]] Due note(EventNote note, Instant at, Millis now);
  /// What is to be sent because time has passed.
  [[nodiscard]] Due pass(Millis now);
  /// The Event did not come about (or is gone): the next of its kind is a first one again.
  void forget(const EventNote& note);
  [[nodiscard]] std::size_t size() const { return series_.size(); }

 private:
  struct Series {
    std::string name;
    EventNote note;
    std::int32_t count = 1;
    std::int32_t told = 1;
    Instant last{};
    Millis heard{0};
    Millis told_at{0};
  };
  static std::string key_of(const EventNote& note);
  static EventToUpdate update_of(Series& series, Millis now);
  void drop_oldest();

  std::map<std::string, Series, std::less<>> series_;
};

[[nodiscard]] std::string event_namespace(const EventNote& note);

}  // namespace poolscaler::kube
