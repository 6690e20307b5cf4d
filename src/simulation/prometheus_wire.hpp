// The wire format of the Prometheus HTTP API, version 2.42, as far as instant queries need it:
// parameters in, envelopes out. Pure. What it refuses becomes the answer that a client gets.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/result.hpp"
#include "poolscaler/base/time.hpp"
#include "poolscaler/ports/http_server.hpp"

namespace poolscaler::simulation {

struct QueryParameters {
  std::string query{};
  std::optional<Instant> time{};  // unset: now
  std::size_t limit = 0;          // 0: none
  bool no_time_left = false;      // a timeout of zero or less
};

/// From the query string and, of a POST with a form, the body; the body comes first, and the first
/// of several values counts. Errors: InvalidInput with the text for the client.
[[nodiscard]] Result<QueryParameters> read_parameters(const ServerRequest& request);

/// One series of an instant vector.
struct VectorElement {
  std::map<std::string, std::string> labels;
  double value;
};

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
