#include "backfilled_prometheus.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "answer.hpp"
#include "poolscaler/base/text.hpp"
#include "support/raw_http.hpp"

namespace poolscaler::rig {
namespace {

std::string openmetrics_quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

std::string openmetrics(const std::vector<BackfilledSeries>& all) {
  std::string text;
  for (const auto& series : all) {
    std::string head = series.labels.at("__name__") + "{";
    for (const auto& [label, value] : series.labels)
      if (label != "__name__")
        head += fmt::format("{}{}={}", head.back() == '{' ? "" : ",", label,
                            openmetrics_quoted(value));
    for (const auto& [time, value] : series.points)
      text += fmt::format("{}}} {} {}\n", head, value, time);
  }
  return text + "# EOF\n";
}

}  // namespace

std::string BackfilledPrometheus::why_unavailable() {
  for (const auto* program : {"prometheus", "promtool"})
    if (find_program(program).empty())
      return fmt::format("no {} on the PATH (Debian: prometheus)", program);
  return {};
}

BackfilledPrometheus::BackfilledPrometheus(const std::vector<BackfilledSeries>& series)
    : PrometheusProcess({"--storage.tsdb.retention.time=10y"}) {
  configure("scrape_configs: []\n");
  const auto samples = folder().write("samples.txt", openmetrics(series));
  const auto done = run({"promtool", "tsdb", "create-blocks-from", "openmetrics", samples.string(),
                         data().string()});
  if (done.exit_code != 0)
    throw std::runtime_error("promtool refuses the samples: " + done.out + done.err);
}

query::QueryAnswer BackfilledPrometheus::ask(const std::string& promql, std::int64_t time) const {
  const RawRequest request{
      .method = "POST",
      .target = "/api/v1/query",
      .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
      .body = fmt::format("time={}&query={}", time, percent_encoded(promql))};
  auto answer = adapters::parse_answer(exchange(endpoint(), request).body, 100'000);
  if (answer.kind != adapters::ApiAnswer::Kind::Success)
    answer.answer.error = fmt::format("{} {}", answer.error_type, answer.text);
  return std::move(answer.answer);
}

}  // namespace poolscaler::rig
