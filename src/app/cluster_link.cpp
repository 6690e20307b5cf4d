#include "cluster_link.hpp"

#include <array>

namespace poolscaler::app {
namespace {

adapters::TransportOptions transport_options(const kube::ClusterAccess& access) {
  return {.origin = access.origin,
          .ca_file = access.ca_file,
          .ca_pem = access.ca_pem,
          .client_certificate_file = access.client_certificate_file,
          .client_certificate_pem = access.client_certificate_pem,
          .client_key_file = access.client_key_file,
          .client_key_pem = access.client_key_pem,
          .server_name = access.server_name,
          .insecure_skip_tls_verify = access.insecure_skip_tls_verify};
}

}  // namespace

Result<std::unique_ptr<ClusterLink>> ClusterLink::open(const kube::ClusterAccess& access,
                                                       const Clock& clock,
                                                       kube::RequestObserver observe) {
  std::unique_ptr<ClusterLink> link(new ClusterLink());
  link->tokens_ = kube::token_source(access, clock);
  for (Lane* lane : std::array{&link->watches_, &link->reads_, &link->writes_, &link->lease_}) {
    auto transport = adapters::make_transport(transport_options(access));
    if (!transport) return fail(transport.error().context("connecting to the API server"));
    lane->transport = std::move(*transport);
    kube::ClientOptions options;
    options.observe = observe;
    // A write that takes longer is decided anew; its conditions make the late one harmless.
    if (lane == &link->writes_ || lane == &link->lease_) options.deadline = Millis(5'000);
    lane->client = std::make_unique<kube::Client>(*lane->transport, *link->tokens_, clock, options);
  }
  link->discovery_ = std::make_unique<kube::Discovery>(link->reads(), clock);
  return link;
}

}  // namespace poolscaler::app
