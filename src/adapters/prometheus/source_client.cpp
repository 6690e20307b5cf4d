#include "source_client.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/base/time.hpp"

namespace poolscaler::adapters {
namespace {

/// Less is no time to ask anything.
constexpr Millis shortest_exchange{20};
/// A time-out with less time than this says nothing about the source.
constexpr Millis fair_time{500};
constexpr Millis retry_pause{50};
constexpr std::string_view query_path = "/api/v1/query";
constexpr std::string_view range_path = "/api/v1/query_range";
/// Two are one too many, and enough to see it.
constexpr std::size_t range_series_max = 2;
constexpr std::size_t range_bytes_max = 2u << 20;

/// An opaque header value that the peer may reflect must not reach a status or a log.
std::string without(std::string text, const std::string& secret) {
  if (secret.empty()) return text;
  constexpr std::string_view mark = "[redacted]";
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at))
    text.replace(at, secret.size(), mark), at += mark.size();
  return text;
}

Millis retry_after_of(const HttpResponse& response) {
  const std::string_view text = response.header("Retry-After");
  int seconds = 0;
  const auto [last, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem != std::errc() || last != text.data() + text.size() || seconds < 0) return Millis(0);
  return Seconds(std::min(seconds, 3600));
}

/// Statuses that tell about this query, not about the source: one tenant's raw query that a gateway
/// forbids must not shut the source for the others.
bool is_refusal(int status) {
  return status >= 400 && status < 500 && status != 401 && status != 404 && status != 407 &&
         status != 408 && status != 429;
}

/// The same, as the API says it (a query that ran out of time is answered with 503).
bool is_own_fault(const ApiAnswer& answer, int status) {
  if (answer.kind != ApiAnswer::Kind::Refused) return false;
  const auto& type = answer.error_type;
  return is_refusal(status) || type == "timeout" || type == "canceled";
}

/// Warnings of the query engine are about the data of somebody in the query; others (a part of a
/// distributed store that did not answer) meet every query alike.
bool is_about_data(const std::string& warning) { return warning.starts_with("PromQL"); }

bool is_gateway_trouble(int status) { return status == 502 || status == 503 || status == 504; }

/// Seconds since 1970, as Prometheus reads a point of time.
std::string time_parameter(Instant at) {
  const auto millis = at.time_since_epoch().count();
  return fmt::format("{}.{:03}", millis / 1000, millis % 1000);
}

}  // namespace

Asked failed_ask(std::string text) {
  return {.answer = {.samples = {}, .warnings = {}, .error = std::move(text)}};
}

SourceClient::SourceClient(MetricSource source, const SourceTransportFactory& make_transport,
                           const Clock& clock, const PrometheusOptions& options)
    : source_(std::move(source)),
      make_transport_(make_transport),
      clock_(clock),
      options_(options),
      breaker_({.failures_to_open = options.failures_to_open,
                .open_first = options.open_first,
                .open_longest = options.open_longest},
               options.seed ^ stable_hash(source_.name)),
      token_file_(source_.bearer_token_file) {
  health_.source = source_.name;
}

SourceHealth SourceClient::health() const {
  const std::scoped_lock lock(mutex_);
  return health_;
}

std::string SourceClient::said(std::string_view what, const std::string& token) const {
  // Redacted before it is cut, so that no half of a token remains.
  const std::string words = capped(without(std::string(what), token), 2 * query::detail_bytes_max);
  return capped(escaped(fmt::format("metric source '{}': {}", source_.name, words)),
                query::detail_bytes_max);
}

bool SourceClient::probe_is_due() {
  const std::scoped_lock lock(mutex_);
  return breaker_.probe_is_due(clock_.monotonic());
}

Asked SourceClient::ask(const Question& question, Millis until, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const auto is_free = [&] { return under_way_ < std::max(1, options_.concurrency); };
  const Millis patience = until - clock_.monotonic();
  if (!slot_free_.wait_for(lock, stop, std::max(patience, Millis(0)), is_free) ||
      stop.stop_requested())
    return failed_ask(said(stop.stop_requested() ? "the round was stopped"
                                                 : "not asked, the round's time ran out"));
  const auto admission = breaker_.admit(clock_.monotonic());
  if (!admission.admitted) {
    const auto when = admission.wait == Millis(0)
                          ? std::string("it is being tried now")
                          : fmt::format("next try at {}", to_rfc3339(next_try_));
    return failed_ask(said(fmt::format("not asked after failures, {}; last: {}", when,
                                       admission.last_failure)));
  }
  ++under_way_;
  lock.unlock();
  Asked asked;
  try {
    asked = ask_admitted(question, until, stop, admission.is_probe);
  } catch (const std::exception& problem) {
    asked = failed_ask(said(fmt::format("internal error: {}", problem.what())));
    const std::scoped_lock again(mutex_);
    breaker_.abandoned();
  }
  lock.lock();
  --under_way_;
  lock.unlock();
  slot_free_.notify_one();
  return asked;
}

Asked SourceClient::ask_admitted(const Question& question, Millis until, std::stop_token stop,
                                 bool is_probe) {
  Exchange exchange = try_once(question, until, stop);
  // A token that was rotated since it was read is no failure yet.
  const bool again = exchange.unauthorised ? token_file_.is_configured()
                                           : exchange.retry && !is_probe;
  const Millis left = until - clock_.monotonic();
  if (again && !stop.stop_requested() && left > 2 * retry_pause + shortest_exchange &&
      clock_.sleep_for(retry_pause + Millis(stable_hash(question.promql) % 50), stop))
    exchange = try_once(question, until, stop);
  learn(exchange, clock_.monotonic());
  exchange.asked.own_fault =
      exchange.verdict == Exchange::Verdict::Alive && exchange.asked.answer.error.has_value();
  return std::move(exchange.asked);
}

/// A query that is refused is no answer, whoever's fault that is; one that is too large for us is.
void SourceClient::note_health(const Exchange& exchange, Millis now) {
  if (exchange.verdict == Exchange::Verdict::NothingLearned) return;
  const auto& error = exchange.asked.answer.error;
  if (!error || exchange.outcome == QueryOutcome::Oversize) {
    health_ = {.source = source_.name, .answered_at = now};
    return;
  }
  if (!health_.failing_since) health_.failing_since = now;
  ++health_.failures;
  // The source need not be named where this is read.
  health_.last_failure = error->substr(said("").size());
}

void SourceClient::learn(const Exchange& exchange, Millis now) {
  const std::scoped_lock lock(mutex_);
  note_health(exchange, now);
  switch (exchange.verdict) {
    case Exchange::Verdict::Alive: breaker_.succeeded(); break;
    case Exchange::Verdict::NothingLearned: breaker_.abandoned(); break;
    case Exchange::Verdict::Failed:
      // The prefix is said once, by whoever quotes this.
      breaker_.failed(now, capped(exchange.asked.answer.error->substr(said("").size()), 160),
                      exchange.retry_after);
      // Said as a point of time, so that the text stays the same while nothing happens.
      next_try_ = clock_.now() + breaker_.wait(now) + Millis(999);
      // A fresh one reads its certificates again and has no stuck connections.
      transport_.reset();
      break;
  }
}

Result<std::shared_ptr<HttpTransport>> SourceClient::transport() {
  const std::scoped_lock lock(mutex_);
  if (transport_) return transport_;
  if (const auto address = address_of(source_); !address) return fail(address.error());
  auto made = make_transport_(source_);
  if (!made) return fail(made.error());
  transport_ = std::move(*made);
  return transport_;
}

Result<std::string> SourceClient::token() {
  const std::scoped_lock lock(mutex_);
  if (!token_file_.is_configured()) return std::string();
  return token_file_.token();
}

SourceClient::Exchange SourceClient::try_once(const Question& question, Millis until,
                                              std::stop_token stop) {
  const auto not_sent = [&](std::string_view why, Exchange::Verdict verdict) {
    return Exchange{.asked = failed_ask(said(why)), .verdict = verdict};
  };
  const Millis started = clock_.monotonic();
  const Millis given = std::min<Millis>(Seconds(source_.timeout_seconds), until - started);
  if (given < shortest_exchange)
    return not_sent("not asked, the round's time ran out", Exchange::Verdict::NothingLearned);
  const auto peer = transport();
  if (!peer) return not_sent(peer.error().message, Exchange::Verdict::Failed);
  const auto bearer = token();
  if (!bearer) return not_sent(bearer.error().message, Exchange::Verdict::Failed);

  const auto response = (*peer)->send(request_for(question, *bearer, given), stop);
  const auto judged = [&] {
    auto answer = question.range ? parse_range_answer(response->body)
                                 : parse_answer(response->body, options_.series_max);
    return judge(*response, std::move(answer), *bearer);
  };
  Exchange exchange = response ? judged() : judge(response.error(), given);
  if (options_.observe)
    options_.observe(source_.name, exchange.outcome, clock_.monotonic() - started);
  return exchange;
}

HttpRequest SourceClient::request_for(const Question& question, const std::string& token,
                                      Millis given) const {
  // The server gives up a little earlier than we do, so that its own words arrive.
  const auto server_time = std::max<std::int64_t>(1, given.count() * 9 / 10);
  HttpRequest request{
      .method = HttpMethod::Post,
      .target = address_of(source_).value_or(SourceAddress{}).prefix +
                std::string(question.range ? range_path : query_path),
      .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                  {"Accept", "application/json"}},
      .body = fmt::format("query={}&timeout={}ms&limit={}", percent_encoded(question.promql),
                          server_time, question.range ? range_series_max : options_.series_max),
      .deadline = given,
      .response_bytes_max =
          question.range ? range_bytes_max : options_.response_bytes_max};
  if (const auto& range = question.range)
    request.body += fmt::format("&start={}&end={}&step={}", time_parameter(range->from),
                                time_parameter(range->to), range->step.count());
  if (!token.empty()) request.headers.push_back({"Authorization", "Bearer " + token});
  return request;
}

SourceClient::Exchange SourceClient::judge(const Error& error, Millis given) const {
  Exchange exchange{.verdict = Exchange::Verdict::Failed};
  const auto failed = [&](QueryOutcome outcome, std::string_view text) {
    exchange.outcome = outcome;
    exchange.asked = failed_ask(said(text));
    return exchange;
  };
  switch (error.kind) {
    case ErrorKind::Cancelled:
      exchange.verdict = Exchange::Verdict::NothingLearned;
      return failed(QueryOutcome::Cancelled, "the round was stopped");
    case ErrorKind::TimedOut:
      if (given < fair_time) exchange.verdict = Exchange::Verdict::NothingLearned;
      return failed(QueryOutcome::TimedOut, "no answer within " + seconds_text(given));
    case ErrorKind::InvalidInput: {
      exchange.verdict = Exchange::Verdict::Alive;
      failed(QueryOutcome::Oversize, fmt::format("the answer has more than {} bytes: {}",
                                                 options_.response_bytes_max, error.message));
      exchange.asked.smaller_may_do = true;
      return exchange;
    }
    case ErrorKind::Unavailable:
    case ErrorKind::NotFound:
    case ErrorKind::Conflict:
    case ErrorKind::Expired:
    case ErrorKind::Unauthorised:
    case ErrorKind::Forbidden:
    case ErrorKind::Throttled:
    case ErrorKind::Internal: break;
  }
  exchange.retry = true;
  return failed(QueryOutcome::Unavailable, error.message);
}

SourceClient::Exchange SourceClient::judge(const HttpResponse& response, ApiAnswer answer,
                                           const std::string& token) const {
  const int status = response.status;
  Exchange exchange{.verdict = Exchange::Verdict::Failed, .outcome = QueryOutcome::HttpError};
  if (status >= 300 && status < 400) {
    exchange.asked = failed_ask(
        said(fmt::format("HTTP {}: redirects are refused (to '{}'); its url must be the final one",
                         status, capped(response.header("Location"), 80)),
             token));
    return exchange;
  }
  const bool is_api = status == 200 || is_own_fault(answer, status);
  if (is_api) return judge_answer(std::move(answer), status, token);

  // A gateway's page, or the API's words about the server itself.
  const std::string_view words =
      answer.kind == ApiAnswer::Kind::Refused ? answer.text : std::string_view(response.body);
  exchange.asked =
      failed_ask(said(fmt::format("HTTP {}: {}", status, words), token));
  if (is_refusal(status)) {
    exchange.verdict = Exchange::Verdict::Alive;
    exchange.asked.smaller_may_do = status == 413;
  }
  exchange.unauthorised = status == 401;
  exchange.retry = is_gateway_trouble(status);
  if (status == 429 || status == 503) exchange.retry_after = retry_after_of(response);
  if (exchange.retry_after > Millis(0)) exchange.retry = false;
  return exchange;
}

SourceClient::Exchange SourceClient::judge_answer(ApiAnswer answer, int status,
                                                  const std::string& token) const {
  Exchange exchange{.verdict = Exchange::Verdict::Alive};
  switch (answer.kind) {
    case ApiAnswer::Kind::Success:
      exchange.outcome = QueryOutcome::Answered;
      for (auto& warning : answer.answer.warnings) {
        exchange.asked.smaller_may_do |= is_about_data(warning);
        warning = said(warning, token);
      }
      exchange.asked.answer = std::move(answer.answer);
      return exchange;
    case ApiAnswer::Kind::Refused:
      exchange.outcome = QueryOutcome::Refused;
      exchange.asked = failed_ask(said(
          fmt::format("it refused the query ({}): {}",
                      answer.error_type.empty() ? fmt::format("HTTP {}", status)
                                                : answer.error_type,
                      answer.text), token));
      exchange.asked.smaller_may_do =
          answer.error_type == "execution" || answer.error_type == "timeout";
      return exchange;
    case ApiAnswer::Kind::TooMany:
      exchange.outcome = QueryOutcome::Oversize;
      exchange.asked = failed_ask(
          said(fmt::format("the answer has more than {} series", options_.series_max)));
      exchange.asked.smaller_may_do = true;
      return exchange;
    case ApiAnswer::Kind::Unreadable: break;
  }
  exchange.outcome = QueryOutcome::Unreadable;
  exchange.verdict = Exchange::Verdict::Failed;
  exchange.asked =
      failed_ask(said(fmt::format("the answer cannot be read: {}", answer.text), token));
  return exchange;
}

}  // namespace poolscaler::adapters
