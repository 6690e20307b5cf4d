// Certificates made on the spot, for servers and clients on loopback.
#pragma once

#include <string>
#include <vector>

namespace poolscaler::test {

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

/// A self-signed authority.
Identity make_authority(const std::string& name);

struct LeafOptions {
  std::string common_name = "server";
  std::vector<std::string> alternative_names{};  // "IP:127.0.0.1", "DNS:localhost"
  long seconds_valid = 3600;                     // negative: expired
};
Identity make_leaf(const Identity& authority, const LeafOptions& options);

}  // namespace poolscaler::test
