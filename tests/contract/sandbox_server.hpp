// The sandbox's API server on a loopback port, as the contract cases speak to it.
#pragma once

#include <memory>

#include "contract/scribe.hpp"

namespace poolscaler::contract {

class SandboxServer {
 public:
  SandboxServer();
  ~SandboxServer();
  [[nodiscard]] Server server();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace poolscaler::contract
