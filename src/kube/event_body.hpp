// The wire form of our events.
#pragma once

#include <string>

#include "event_series.hpp"
#include "poolscaler/kube/request.hpp"

namespace poolscaler::kube {

struct Reporter {
  std::string controller;
  std::string instance;
};

[[nodiscard]] Request event_create_request(const EventToCreate& event, const Reporter& reporter);
[[nodiscard]] Request event_update_request(const EventToUpdate& event);

}  // namespace poolscaler::kube
