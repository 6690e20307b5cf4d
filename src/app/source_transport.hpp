// The transport to one Prometheus: bound to the MetricSource's address and trust, and refused when
// a file that it names lies outside the folder that the platform team mounted for that.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "poolscaler/domain/metric_source.hpp"
#include "poolscaler/ports/http_transport.hpp"

namespace poolscaler::app {

/// What the platform team must change before the source may be asked at all; nothing: it may.
[[nodiscard]] std::optional<std::string> why_not_allowed(const MetricSource& source,
                                                         const std::string& credentials_dir);

/// Errors: InvalidInput (address, a file outside `credentials_dir`, unusable certificates).
[[nodiscard]] Result<std::unique_ptr<HttpTransport>> source_transport(
    const MetricSource& source, const std::string& credentials_dir);

}  // namespace poolscaler::app
