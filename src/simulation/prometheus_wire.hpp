// The wire format of the Prometheus HTTP API, version 2.42, as far as instant and range queries
// need it: parameters in, envelopes out. Pure. What it refuses becomes the answer that a client
// gets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "poolscaler/base/result.hpp"
#include "poolscaler/base/time.hpp"
#include "poolscaler/ports/http_server.hpp"

namespace poolscaler::simulation {

/// `from`, `from` + `step` and so on until `to`.
struct StepRange {
  Instant from;
  Instant to;
  Millis step;
};

struct QueryParameters {
  std::string query{};
  std::optional<Instant> time{};  // unset: now
  std::optional<StepRange> range{};  // of a range query
  std::size_t limit = 0;          // 0: none
  bool no_time_left = false;      // a timeout of zero or less
};

/// From the query string and, of a POST with a form, the body; the body comes first, and the first
/// of several values counts. Errors: InvalidInput with the text for the client.
[[nodiscard]] Result<QueryParameters> read_parameters(const ServerRequest& request);
/// The same of a range query: `start`, `end` and `step` instead of `time`.
[[nodiscard]] Result<QueryParameters> read_range_parameters(const ServerRequest& request);
/// More points of a series are refused.
inline constexpr std::int64_t range_points_max = 11'000;

/// One series of an instant vector.
struct VectorElement {
  std::map<std::string, std::string> labels;
  double value;
};

/// One series of a range.
struct MatrixSeries {
  std::map<std::string, std::string> labels;
  std::vector<std::pair<Instant, double>> values;
};

/// A success with these series.
[[nodiscard]] ServerResponse matrix_answer(const std::vector<MatrixSeries>& series);
/// A success with these series, the first `limit` of them and a warning when there are more.
[[nodiscard]] ServerResponse vector_answer(const std::vector<VectorElement>& elements, Instant time,
                                           std::size_t limit);
[[nodiscard]] ServerResponse error_answer(int status, std::string_view type, std::string_view text);
[[nodiscard]] ServerResponse plain_answer(int status, std::string_view text);
[[nodiscard]] ServerResponse build_info_answer();

/// As Go writes it: the shortest digits that are read back as the same number, with an exponent
/// only below 1e-6 and from 1e21 on; "NaN", "+Inf", "-Inf".
[[nodiscard]] std::string number_text(double value);

}  // namespace poolscaler::simulation
