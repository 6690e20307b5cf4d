// Identities for a real API server beside its admin's: client certificates of its own authority and
// of another one, tokens that are about to expire, kubeconfigs with all of them. Made with the keys
// in the control plane's folder.
#pragma once

#include <chrono>
#include <string>

#include "support/control_plane.hpp"

namespace poolscaler::rig {

/// What a kubeconfig is made of; what is empty is left out.
struct Identity {
  fs::path authority{};  // empty: the control plane's own
  fs::path token_file{};
  fs::path certificate{};  // with its key beside it, ".key" for ".crt"
};

/// A kubeconfig for the control plane's own address.
fs::path kubeconfig_of(const ControlPlane& cluster, const Identity& identity);

/// A new authority's certificate, its key beside it.
fs::path make_authority(const ControlPlane& cluster, const std::string& name);
/// A client certificate for `user`, signed by `authority`.
fs::path make_client_certificate(const ControlPlane& cluster, const fs::path& authority,
                                 const std::string& user);

/// A token of a service account that expires after `left`, which may be negative; signed as the API
/// server signs its own. The server allows a minute more.
std::string service_account_token(const ControlPlane& cluster, const std::string& ns,
                                  const std::string& name, std::chrono::seconds left);

}  // namespace poolscaler::rig
