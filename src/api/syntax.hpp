// The shapes that text in our objects may have. Each shape is told three times, once for each of
// its readers: as a pattern (API server), as a predicate (operator), in words (people). A property
// test holds pattern and predicate together. The predicates are written by hand because std::regex
// recurses once a character, which a hostile value could turn into a stack overflow.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace poolscaler::api {

enum class Syntax {
  Any,
  DnsLabel,        // "queue"
  DnsSubdomain,    // "prometheus.team-a"
  ApiVersion,      // "apps/v1", "v1"
  KindWord,        // "Deployment"
  MetricName,      // "vllm:num_requests_waiting"
  LabelName,       // "model_name"
  PrintableText,   // no control characters
  QueryText,       // the same, but tabs and newlines are welcome
  HttpUrl,         // scheme, host, port and path
  FilePath,        // absolute, without '..'
  NamespaceOrAll,  // a DNS label or "*"
  Decimal,         // "0.8", "500m", "2Gi"
  Money,           // "98.32": what parse_amount reads, in canonical bounds
  CronText,        // "0 8 * * mon-fri": the shape alone
  TimeZoneName,    // "Europe/Berlin": the shape alone
  CalendarDate,    // "2026-12-24", "12-25": the shape alone
  ResourceName,    // "nvidia.com/gpu"
  LabelKey,        // "team", "example.com/team"
  LabelText,       // the value of a label
  FieldPath,       // "spec.scalingConfig[0].desiredSize"
};

struct SyntaxFacts {
  std::string_view pattern;  // RE2 and ECMAScript alike; empty: everything
  std::string_view words;    // "must be ..."
  bool (*matches)(std::string_view);
};
[[nodiscard]] const SyntaxFacts& facts_of(Syntax syntax);

/// The value of a text of Syntax::Decimal; nothing for any other text.
[[nodiscard]] std::optional<double> decimal_value(std::string_view text);

/// Characters (code points) of valid UTF-8; nothing when the bytes are not valid UTF-8.
[[nodiscard]] std::optional<std::size_t> utf8_length(std::string_view text);

}  // namespace poolscaler::api
