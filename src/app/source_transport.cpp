#include "source_transport.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "poolscaler/adapters/http/transport.hpp"
#include "poolscaler/adapters/prometheus/reader.hpp"

namespace poolscaler::app {
namespace {

/// Links are resolved first, so that none can lead out of the folder (mounted secrets are links
/// inside of it).
bool lies_in(const std::string& file, const std::string& folder) {
  std::error_code error;
  const auto base = std::filesystem::weakly_canonical(folder, error);
  if (error) return false;
  const auto path = std::filesystem::weakly_canonical(file, error);
  if (error) return false;
  const auto met = std::ranges::mismatch(base, path);
  return met.in1 == base.end() && met.in2 != path.end();
}

}  // namespace

std::optional<std::string> why_not_allowed(const MetricSource& source,
                                           const std::string& credentials_dir) {
  const std::array files = {
      std::pair{"spec.caFile", &source.ca_file},
      std::pair{"spec.bearerTokenFile", &source.bearer_token_file},
      std::pair{"spec.clientCertFile", &source.client_cert_file},
      std::pair{"spec.clientKeyFile", &source.client_key_file},
  };
  for (const auto& [field, file] : files)
    if (!file->empty() && !lies_in(*file, credentials_dir))
      return fmt::format("{} is '{}', must lie in '{}': mount it there, or start the operator with "
                         "another --credentials-dir",
                         field, *file, credentials_dir);
  return std::nullopt;
}

Result<std::unique_ptr<HttpTransport>> source_transport(const MetricSource& source,
                                                        const std::string& credentials_dir) {
  if (const auto why = why_not_allowed(source, credentials_dir))
    return fail(ErrorKind::InvalidInput, fmt::format("MetricSource '{}': {}", source.name, *why));
  auto address = adapters::address_of(source);
  if (!address) return fail(address.error());
  return adapters::make_transport({.origin = address->origin,
                                   .ca_file = source.ca_file,
                                   .client_certificate_file = source.client_cert_file,
                                   .client_key_file = source.client_key_file});
}

}  // namespace poolscaler::app
