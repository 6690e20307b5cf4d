#include "answer.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"

namespace poolscaler::adapters {
namespace {

constexpr std::size_t depth_max = 64;
constexpr std::size_t warnings_max = 8;
/// Seconds since 1970; what is beyond is no time of any clock. NaN is not below it.
constexpr double sample_time_max = 1e11;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Where in the answer the parser is. Skip is anything that nobody asked for.
enum class Place { Top, Warnings, Infos, Data, Result, Series, Metric, Point, Skip };

class AnswerReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit AnswerReader(std::size_t series_max) : series_max_(series_max) {}

  bool null() override { return no_list_is_due() || scalar(); }
  bool boolean(bool value) override {
    if (value && (at(Place::Top) || at(Place::Data)) &&
        (key_ == "partialResponse" || key_ == "isPartial"))
      warn("the answer is partial");
    return scalar();
  }
  bool number_integer(number_integer_t value) override {
    return number(static_cast<double>(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return number(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return number(value); }
  bool binary(binary_t&) override { return unreadable("binary data"); }
  bool string(string_t& value) override;

  bool start_object(std::size_t) override;
  bool key(string_t& name) override;
  bool end_object() override;
  bool start_array(std::size_t) override;
  bool end_array() override;
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    return unreadable(fmt::format("it is not JSON from byte {} on", position));
  }

  ApiAnswer finish(bool parsed);

 private:
  [[nodiscard]] bool at(Place place) const { return !places_.empty() && places_.back() == place; }

  bool unreadable(std::string why) {
    if (out_.text.empty()) out_.text = std::move(why);
    return false;
  }
  void warn(std::string_view text) {
    if (out_.answer.warnings.size() < warnings_max)
      out_.answer.warnings.push_back(capped(text, query::detail_bytes_max));
  }
  bool enter(Place place) {
    if (places_.size() >= depth_max) return unreadable("it is nested too deeply");
    places_.push_back(place);
    return true;
  }
  [[nodiscard]] bool no_list_is_due() const {
    return at(Place::Top) && (key_ == "data" || key_ == "warnings");
  }
  /// Whatever form a server gives its warnings, they say that the answer is not the whole.
  void warn_of_strangers() {
    if (at(Place::Warnings) || (at(Place::Top) && key_ == "warnings"))
      warn("warnings in a form that is not known");
  }
  /// A value that is neither object nor array, where one of those is due.
  bool scalar() {
    if (places_.empty()) return unreadable("it is no object");
    warn_of_strangers();
    const bool in_series = at(Place::Series) && (key_ == "metric" || key_ == "value");
    const bool due = (at(Place::Top) && key_ == "data") || in_series ||
                     (at(Place::Data) && key_ == "result") || at(Place::Metric) ||
                     at(Place::Point) || at(Place::Result);
    return due ? unreadable(fmt::format("'{}' is not what it must be", capped(key_, 40))) : true;
  }
  bool number(double value);
  bool once(bool& seen, std::string_view what) {
    if (std::exchange(seen, true)) return unreadable(fmt::format("'{}' is there twice", what));
    return true;
  }
  bool point_value(const std::string& text);
  bool close_series();

  std::size_t series_max_;
  std::vector<Place> places_{};
  std::string key_{};
  ApiAnswer out_{};
  std::string status_{};
  std::string error_{};
  std::string result_type_{};
  bool saw_status_ = false;
  bool saw_data_ = false;
  bool saw_result_ = false;
  bool saw_type_ = false;
  query::VectorSample sample_{.labels = {}, .time_seconds = 0, .value = 0};
  bool saw_metric_ = false;
  bool saw_value_ = false;
  bool saw_histogram_ = false;
  bool saw_range_ = false;
  /// Members of the array [time, "value"], of a series or (a scalar) of the result itself.
  std::size_t point_size_ = 0;
  std::string point_text_{};
};

bool AnswerReader::number(double value) {
  const bool is_time = at(Place::Point) || at(Place::Result);
  if (!is_time) return scalar();
  if (point_size_++ != 0) return unreadable("a sample's value is no string");
  if (!is_sample_time(value)) return unreadable("a sample's time is none");
  sample_.time_seconds = value;
  return true;
}

bool AnswerReader::string(string_t& value) {
  if (at(Place::Top)) {
    if (key_ == "status") {
      status_ = std::move(value);
      return once(saw_status_, "status");
    }
    if (key_ == "errorType") out_.error_type = capped(value, 60);
    if (key_ == "error") error_ = std::move(value);
    return scalar();
  }
  if (at(Place::Warnings)) {
    warn(value);
    return true;
  }
  if (at(Place::Infos)) {
    if (value.find("might not be a counter") == std::string::npos) warn(value);
    return true;
  }
  if (at(Place::Data) && key_ == "resultType") {
    result_type_ = capped(value, 40);
    return once(saw_type_, "resultType");
  }
  if (at(Place::Metric)) {
    if (!sample_.labels.try_emplace(key_, std::move(value)).second)
      return unreadable("a label is there twice");
    return true;
  }
  if (at(Place::Point) || at(Place::Result)) {
    if (point_size_++ != 1) return unreadable("a sample does not start with its time");
    if (at(Place::Point)) return point_value(value);
    point_text_ = std::move(value);
    return true;
  }
  return scalar();
}

bool AnswerReader::point_value(const std::string& text) {
  const auto value = parse_sample_value(text);
  if (!value)
    return unreadable(fmt::format("'{}' is no sample value", escaped(capped(text, 40))));
  sample_.value = *value;
  return true;
}

bool AnswerReader::key(string_t& name) {
  key_ = std::move(name);
  return true;
}

bool AnswerReader::start_object(std::size_t) {
  if (places_.empty()) return enter(Place::Top);
  if (at(Place::Top) && key_ == "data") return once(saw_data_, "data") && enter(Place::Data);
  if (at(Place::Result)) {
    if (point_size_ != 0) return unreadable("the result is neither a vector nor a scalar");
    if (out_.answer.samples.size() >= series_max_) {
      out_.kind = ApiAnswer::Kind::TooMany;
      return unreadable(fmt::format("it has more than {} series", series_max_));
    }
    sample_ = {.labels = {}, .time_seconds = 0, .value = 0};
    saw_metric_ = saw_value_ = saw_histogram_ = saw_range_ = false;
    return enter(Place::Series);
  }
  if (at(Place::Series) && key_ == "metric")
    return once(saw_metric_, "metric") && enter(Place::Metric);
  warn_of_strangers();
  if (at(Place::Skip) || at(Place::Top) || at(Place::Data) || at(Place::Warnings) ||
      (at(Place::Series) && key_ != "value"))
    return enter(Place::Skip);
  return unreadable(fmt::format("'{}' is an object", capped(key_, 40)));
}

bool AnswerReader::end_object() {
  const bool series = at(Place::Series);
  places_.pop_back();
  return series ? close_series() : true;
}

bool AnswerReader::close_series() {
  point_size_ = 0;
  if (!saw_metric_ || (!saw_value_ && !saw_histogram_ && !saw_range_))
    return unreadable("a series has no labels or no value");
  if (!saw_value_) sample_.value = std::numeric_limits<double>::quiet_NaN();
  out_.answer.samples.push_back(std::move(sample_));
  return true;
}

bool AnswerReader::start_array(std::size_t) {
  if (places_.empty()) return unreadable("it is no object");
  if (at(Place::Top) && key_ == "warnings") return enter(Place::Warnings);
  if (at(Place::Top) && key_ == "infos") return enter(Place::Infos);
  if (at(Place::Top) && key_ == "data") return unreadable("'data' is a list");
  if (at(Place::Data) && key_ == "result") {
    point_size_ = 0;
    return once(saw_result_, "result") && enter(Place::Result);
  }
  if (at(Place::Series) && key_ == "value") {
    point_size_ = 0;
    return once(saw_value_, "value") && enter(Place::Point);
  }
  if (at(Place::Series)) {
    if (key_ == "histogram") saw_histogram_ = true;
    if (key_ == "values" || key_ == "histograms") saw_range_ = true;
    return enter(Place::Skip);
  }
  warn_of_strangers();
  if (at(Place::Skip) || at(Place::Top) || at(Place::Data) || at(Place::Warnings))
    return enter(Place::Skip);
  return unreadable(fmt::format("'{}' is a list", capped(key_, 40)));
}

bool AnswerReader::end_array() {
  const bool point = at(Place::Point);
  places_.pop_back();
  if (!point) return true;
  if (point_size_ != 2) return unreadable("a sample is not a time and a value");
  // The series may go on; no further member may pass for a scalar.
  point_size_ = 0;
  return true;
}

ApiAnswer AnswerReader::finish(bool parsed) {
  const auto fail_with = [&](std::string why) {
    out_.answer = {.samples = {}};
    if (out_.kind != ApiAnswer::Kind::TooMany) out_.kind = ApiAnswer::Kind::Unreadable;
    if (out_.text.empty()) out_.text = std::move(why);
    return std::move(out_);
  };
  if (!parsed) return fail_with("it is not JSON");
  if (status_ == "error") {
    out_.answer = {.samples = {}};
    out_.kind = ApiAnswer::Kind::Refused;
    out_.text = std::move(error_);
    return std::move(out_);
  }
  if (status_ != "success") return fail_with("its status is neither success nor error");
  if (!saw_result_) return fail_with("it has no result");
  if (result_type_ == "scalar") {
    if (point_size_ != 2 || !out_.answer.samples.empty())
      return fail_with("its scalar is no number");
    if (!point_value(point_text_)) return fail_with("");
    sample_.labels.clear();
    out_.answer.samples.push_back(std::move(sample_));
  } else if (result_type_ != "vector" || point_size_ != 0) {
    return fail_with(fmt::format("its result is of type '{}'; an instant vector or a scalar is "
                                 "expected",
                                 escaped(result_type_)));
  }
  if (saw_range_) return fail_with("it holds ranges, not instant values");
  out_.kind = ApiAnswer::Kind::Success;
  return std::move(out_);
}

}  // namespace

bool is_sample_time(double seconds) { return std::abs(seconds) <= sample_time_max; }

std::optional<double> parse_sample_value(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "+Inf" || text == "Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || !is_digit(digits.front()) || !is_digit(digits.back())) return std::nullopt;
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [last, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc() || last != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

ApiAnswer parse_answer(std::string_view body, std::size_t series_max) {
  AnswerReader reader(series_max);
  const bool parsed = nlohmann::json::sax_parse(body.begin(), body.end(), &reader);
  return reader.finish(parsed);
}

}  // namespace poolscaler::adapters
