#include "lookout.hpp"

#include <algorithm>
#include <utility>

namespace poolscaler::adapters {
namespace {

constexpr Millis apart_for{60'000};

bool is_whole(const Asked& asked) { return !asked.answer.error && asked.answer.warnings.empty(); }

}  // namespace

PrometheusLookout::PrometheusLookout(std::vector<query::LookoutPart> plan, Clients clients,
                                     const Clock& clock, int concurrency)
    : plan_(std::move(plan)),
      clients_(std::move(clients)),
      clock_(clock),
      concurrency_(concurrency) {
  std::erase_if(plan_, [&](const auto& part) { return !clients_.contains(part.source); });
  apart_until_.assign(plan_.size(), Millis(-1));
}

/// What is asked from now on: all parts together, but for those that spoiled a query lately.
void PrometheusLookout::choose(Millis now) {
  if (!queries_.empty() && now < chosen_until_) return;
  std::vector<std::size_t> together;
  queries_.clear();
  chosen_until_ = Millis::max();
  for (std::size_t i = 0; i < plan_.size(); ++i) {
    if (now >= apart_until_[i]) {
      together.push_back(i);
      continue;
    }
    chosen_until_ = std::min(chosen_until_, apart_until_[i]);
    std::ranges::move(query::join(plan_, std::span(&i, 1)), std::back_inserter(queries_));
  }
  std::ranges::move(query::join(plan_, together), std::back_inserter(queries_));
}

std::vector<Job> PrometheusLookout::jobs_for(std::span<const query::JointQuery> queries) const {
  std::vector<Job> jobs;
  jobs.reserve(queries.size());
  for (const auto& query : queries)
    jobs.push_back({.client = clients_.at(query.source),
                    .promql = query.promql,
                    .tenant = plan_[query.parts.front()].tenant});
  return jobs;
}

std::vector<std::size_t> PrometheusLookout::look(Millis deadline, std::stop_token stop) {
  const Millis until = clock_.monotonic() + deadline;
  choose(clock_.monotonic());
  auto jobs = jobs_for(queries_);
  ask_all(jobs, concurrency_, until, stop);
  std::vector<std::size_t> sighted;
  std::vector<std::size_t> spoiled;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto& query = queries_[i];
    const Asked& asked = jobs[i].asked;
    if (is_whole(asked)) {
      query::sight(plan_, query, asked.answer, sighted);
    } else if (query.parts.size() > 1 && (asked.own_fault || !asked.answer.error)) {
      spoiled.insert(spoiled.end(), query.parts.begin(), query.parts.end());
    } else {
      for (const auto part : query.parts) query::sight_all(plan_[part], sighted);
    }
  }
  if (!spoiled.empty()) settle_apart(spoiled, until, std::move(stop), sighted);
  std::ranges::sort(sighted);
  const auto repeated = std::ranges::unique(sighted);
  sighted.erase(repeated.begin(), repeated.end());
  return sighted;
}

/// Asks each part by itself. Those that fail are kept apart; where none does, they were too much
/// together, and all are.
void PrometheusLookout::settle_apart(std::span<const std::size_t> spoiled, Millis until,
                                     std::stop_token stop, std::vector<std::size_t>& sighted) {
  std::vector<query::JointQuery> alone;
  for (const auto part : spoiled)
    std::ranges::move(query::join(plan_, std::span(&part, 1)), std::back_inserter(alone));
  auto jobs = jobs_for(alone);
  ask_all(jobs, concurrency_, until, std::move(stop));
  const bool none_fails =
      std::ranges::all_of(jobs, [](const Job& job) { return is_whole(job.asked); });
  const Millis apart_until = clock_.monotonic() + apart_for;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto part = alone[i].parts.front();
    const bool whole = is_whole(jobs[i].asked);
    if (whole)
      query::sight(plan_, alone[i], jobs[i].asked.answer, sighted);
    else
      query::sight_all(plan_[part], sighted);
    if (none_fails || !whole) apart_until_[part] = apart_until;
  }
  chosen_until_ = Millis(0);  // chosen anew
}

}  // namespace poolscaler::adapters
