// Reads the body of an answer of the HTTP API, in one pass and with bounded memory whatever it is.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "poolscaler/query/planner.hpp"

namespace poolscaler::adapters {

struct ApiAnswer {
  enum class Kind {
    Success,     // `answer` holds what was answered
    Refused,     // status "error": `error_type` and `text` are the server's own words
    TooMany,     // more series than allowed
    Unreadable,  // anything else; `text` says what
  };
  Kind kind = Kind::Unreadable;
  query::QueryAnswer answer{.samples = {}};
  std::string error_type{};
  std::string text{};
};

/// Vectors and scalars. A series with a native histogram has the value NaN: it is one series of one
/// tenant, while its neighbours are numbers. Notes that only a metric's name gives rise to ("might
/// not be a counter") are no warnings.
[[nodiscard]] ApiAnswer parse_answer(std::string_view body, std::size_t series_max);

/// The answer to a range query: the points of its one series, without labels. Several series are an
/// error of the answer, points of native histograms are left out.
[[nodiscard]] ApiAnswer parse_range_answer(std::string_view body);

/// Whether a clock may have said it; false for NaN.
[[nodiscard]] bool is_sample_time(double seconds);

/// A sample's value as the server writes it: a decimal number, NaN, +Inf or -Inf and nothing else.
[[nodiscard]] std::optional<double> parse_sample_value(std::string_view text);

}  // namespace poolscaler::adapters
