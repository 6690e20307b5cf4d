// Every line from this program to one API server: a transport and a client for each purpose, so
// that a watch that hangs cannot hold up a write, and nothing can hold up the lease.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "poolscaler/adapters/http/transport.hpp"
#include "poolscaler/base/clock.hpp"
#include "poolscaler/kube/client.hpp"
#include "poolscaler/kube/credentials.hpp"
#include "poolscaler/kube/discovery.hpp"

namespace poolscaler::app {

class ClusterLink {
 public:
  /// Does not connect. Errors: InvalidInput (origin, certificates). `clock` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<ClusterLink>> open(const kube::ClusterAccess& access,
                                                                 const Clock& clock,
                                                                 kube::RequestObserver observe);

  [[nodiscard]] const kube::Client& watches() const { return *watches_.client; }
  [[nodiscard]] const kube::Client& reads() const { return *reads_.client; }
  [[nodiscard]] const kube::Client& writes() const { return *writes_.client; }
  [[nodiscard]] const kube::Client& lease() const { return *lease_.client; }
  [[nodiscard]] kube::Discovery& discovery() { return *discovery_; }

 private:
  struct Lane {
    std::unique_ptr<HttpTransport> transport{};
    std::unique_ptr<kube::Client> client{};
  };
  ClusterLink() = default;

  std::unique_ptr<kube::TokenSource> tokens_{};
  Lane watches_{};
  Lane reads_{};
  Lane writes_{};
  Lane lease_{};
  std::unique_ptr<kube::Discovery> discovery_{};
};

}  // namespace poolscaler::app
