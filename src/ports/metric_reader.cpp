#include "poolscaler/ports/metric_reader.hpp"

#include "poolscaler/base/check.hpp"

namespace poolscaler {
namespace {

class ReadingLookout final : public Lookout {
 public:
  ReadingLookout(MetricReader& reader, std::span<const SignalQuery> queries,
                 std::span<const double> above)
      : reader_(reader),
        queries_(queries.begin(), queries.end()),
        above_(above.begin(), above.end()) {}

  std::vector<std::size_t> look(Millis deadline, std::stop_token stop) override {
    const auto readings = reader_.read(queries_, deadline, std::move(stop));
    std::vector<std::size_t> sighted;
    for (std::size_t i = 0; i < readings.size(); ++i)
      if (is_usable(readings[i].state) && readings[i].value > above_[i]) sighted.push_back(i);
    return sighted;
  }

 private:
  MetricReader& reader_;
  std::vector<SignalQuery> queries_;
  std::vector<double> above_;
};

}  // namespace

Result<std::vector<TimedValue>> MetricReader::history(const HistoryQuery&, Millis,
                                                      std::stop_token) {
  return fail(ErrorKind::Unavailable, "this source of metrics has no history");
}

std::shared_ptr<Lookout> MetricReader::lookout(std::span<const SignalQuery> queries,
                                               std::span<const double> above) {
  CHECK(queries.size() == above.size(), "a value for each signal");
  return std::make_shared<ReadingLookout>(*this, queries, above);
}

}  // namespace poolscaler
