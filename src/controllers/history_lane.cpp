#include "history_lane.hpp"

#include <limits>
#include <utility>

#include "poolscaler/base/text.hpp"

namespace poolscaler::controllers {
namespace {

constexpr Millis deadline{10'000};
constexpr std::size_t problem_bytes_max = 200;

LearnedPast learned(MetricReader& reader, const HistoryQuery& query, Seconds horizon,
                    const std::stop_token& stop) {
  const auto values = reader.history(query, deadline, stop);
  if (!values)
    return {.problem = capped(escaped(values.error().message), problem_bytes_max)};
  if (values->empty()) return {.problem = "the source has no value of the last two weeks"};
  return {.model = std::make_shared<const ForecastModel>(
              engine::learn_forecast(past_of(query, *values), horizon))};
}

}  // namespace

engine::Past past_of(const HistoryQuery& query, const std::vector<TimedValue>& values) {
  engine::Past past{.first = query.from, .step = query.step, .values = {}};
  if (values.empty()) return past;
  const Millis step = query.step;
  past.first = query.from + (values.front().at - query.from) / step * step;
  const auto size = static_cast<std::size_t>((query.to - past.first) / step + 1);
  past.values.assign(size, std::numeric_limits<double>::quiet_NaN());
  for (const auto& value : values) {
    const auto place = (value.at - past.first) / step;
    if (place >= 0 && static_cast<std::size_t>(place) < size)
      past.values[static_cast<std::size_t>(place)] = value.value;
  }
  return past;
}

HistoryLane::HistoryLane(MetricReader& reader, bool on_own_thread) : reader_(reader) {
  if (on_own_thread) thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

HistoryLane::~HistoryLane() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

bool HistoryLane::is_free() const {
  const std::scoped_lock lock(mutex_);
  return !busy_;
}

void HistoryLane::ask(HistoryQuestion question) {
  {
    const std::scoped_lock lock(mutex_);
    busy_ = true;
    if (thread_.joinable()) {
      question_ = std::move(question);
      work_.notify_one();
      return;
    }
  }
  answer(question, {});
}

void HistoryLane::answer(const HistoryQuestion& question, const std::stop_token& stop) {
  HistoryAnswer answer{.policy = question.policy,
                       .spec = question.spec,
                       .pasts = std::vector<LearnedPast>(question.spec->signals.size())};
  for (std::size_t i = 0; i < question.queries.size(); ++i)
    answer.pasts[question.signals[i]] =
        learned(reader_, question.queries[i], question.horizon, stop);
  {
    const std::scoped_lock lock(mutex_);
    busy_ = false;
    answers_.push_back(std::move(answer));
  }
  if (notify_) notify_();
}

std::vector<HistoryAnswer> HistoryLane::take_answers() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(answers_, {});
}

void HistoryLane::run(std::stop_token stop) {
  while (true) {
    std::optional<HistoryQuestion> question;
    {
      std::unique_lock lock(mutex_);
      if (!work_.wait(lock, stop, [this] { return question_.has_value(); })) return;
      question.swap(question_);
    }
    answer(*question, stop);
  }
}

}  // namespace poolscaler::controllers
