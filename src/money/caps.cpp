#include "poolscaler/money/caps.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cost_history.hpp"
#include "poolscaler/base/result.hpp"
#include "poolscaler/money/integral.hpp"
#include "room.hpp"

namespace poolscaler::money {
namespace {

bool has_begun(const AccruedCap& cap, Instant now) { return cap.period.begin <= now; }

/// Of the period.
Millis left_of(const AccruedCap& cap, Instant now) {
  return std::max(cap.period.end - std::max(now, cap.period.begin), Millis(0));
}

/// What lies within the period.
Wide held(const AccruedCap& cap, Millis hold, Instant now) {
  const auto until_it_begins = std::max(cap.period.begin - now, Millis(0));
  return std::clamp(std::max(hold, hold_min) - until_it_begins, Millis(0), left_of(cap, now))
      .count();
}

Millis hold_of(const Limit& limit) { return limit.hold + limit.notice; }

std::string_view in_words(const AccruedCap& cap) {
  switch (cap.kind) {
    case PeriodKind::Hour: return cap.next ? "the next hour" : "this hour";
    case PeriodKind::Day: return cap.next ? "the next day" : "this day";
    case PeriodKind::Month: return cap.next ? "the next month" : "this month";
  }
  return {};
}

std::string of_pace(const RateCap& cap) {
  if (cap.pace_percent == 0) return {};
  return fmt::format(", {} % of its pace", cap.pace_percent);
}

std::string words_of(const Limit& limit, const Growth& growth, std::int64_t granted) {
  return fmt::format("{} asked for at {} an hour each, {} granted: {}", growth.count,
                     shown(*growth.price), granted, refusal_words(limit, *growth.price));
}

}  // namespace

std::string_view name_of(LimitOwner owner) {
  switch (owner) {
    case LimitOwner::Budget: return "budget";
    case LimitOwner::Policy: return "policy";
    case LimitOwner::Pool: return "pool";
  }
  return {};
}

std::string shown(const Limit& limit) {
  const auto whose = fmt::format("{} {}{}", name_of(limit.owner), limit.budget,
                                 limit.name.empty() ? "" : " (" + limit.name + ")");
  if (!limit.trouble.empty()) return fmt::format("{} cannot be counted: {}", whose, limit.trouble);
  return std::visit(
      Overloaded{[&](const RateCap& cap) {
                   return fmt::format("{}: {} of {} an hour{}", whose, shown(limit.rate),
                                      shown(cap.most), of_pace(cap));
                 },
                 [&](const AccruedCap& cap) {
                   return fmt::format("{}: {} of {} {}, and {} an hour", whose,
                                      shown(cap.accrued), shown(cap.most), in_words(cap),
                                      shown(limit.rate));
                 }},
      limit.cap);
}

std::string refusal_words(const Limit& limit, HourlyRate price) {
  const auto* cap = std::get_if<RateCap>(&limit.cap);
  if (cap != nullptr && cap->pace_percent == 0 && limit.trouble.empty() && !limit.frozen &&
      price > cap->most)
    return fmt::format("{}; one more costs {}, more than it allows at all: raise the amount",
                       shown(limit), shown(price));
  return fmt::format("{}{}; may resume {}", shown(limit),
                     limit.frozen && limit.trouble.empty() ? ", frozen" : "", resumes(limit));
}

std::string words_of(const Resumption& resumption) {
  const auto words = fmt::format("at {} %", resumption.percent);
  if (!resumption.earliest) return words;
  return words + " and not before " + to_rfc3339(*resumption.earliest);
}

std::string resumes(const Limit& limit) {
  if (!limit.trouble.empty()) return "when that is mended";
  if (limit.frozen && limit.resumption) {
    auto words = words_of(*limit.resumption);
    if (const auto* cap = std::get_if<AccruedCap>(&limit.cap))
      words += fmt::format(", or at {}, when the next one begins", to_rfc3339(cap->period.end));
    return words;
  }
  return std::visit(
      Overloaded{[](const RateCap& cap) -> std::string {
                   return cap.pace_percent == 0 ? "when the rate has fallen"
                                                : "when the rate has fallen or the pace risen";
                 },
                 [](const AccruedCap& cap) {
                   if (cap.next) return std::string("when less of it is left to run then");
                   return fmt::format("at {}, when the next one begins",
                                      to_rfc3339(cap.period.end));
                 }},
      limit.cap);
}

Wide room_of(const Limit& limit, Instant now) {
  if (limit.frozen) return -1;
  return std::visit(
      Overloaded{[&](const RateCap& cap) -> Wide {
                   return Wide{cap.most.nano()} - limit.rate.nano();
                 },
                 [&](const AccruedCap& cap) -> Wide {
                   const auto hold = held(cap, hold_of(limit), now);
                   const auto rest = Wide{left_of(cap, now).count()} - hold;
                   return (Wide{cap.most.nano()} - cap.accrued.nano()) * Integral::parts -
                          hold * limit.rate.nano() - rest * cap.floor.nano();
                 }},
      limit.cap);
}

Wide cost_in(const Limit& limit, HourlyRate price, Millis hold, Instant now) {
  return std::visit(
      Overloaded{[&](const RateCap&) { return Wide{price.nano()}; },
                 [&](const AccruedCap& cap) {
                   return held(cap, hold + limit.notice, now) * price.nano();
                 }},
      limit.cap);
}

std::int64_t most_admitted(const Limit& limit, HourlyRate price, Millis hold, Instant now) {
  if (price <= HourlyRate()) return no_bound;
  const auto room = room_of(limit, now);
  if (room < 0) return 0;
  const auto each = cost_in(limit, price, hold, now);
  if (each > 0) return narrowed(room / each);
  return is_over(limit, now) ? 0 : no_bound;
}

std::int64_t excess_orders(const Limit& limit, const Growth& orders, Millis waited, Instant now) {
  const auto* cap = std::get_if<RateCap>(&limit.cap);
  if (!limit.trouble.empty() || !orders.price) return 0;  // it knows no number
  if (cap != nullptr && cap->pace_percent > 0) return 0;  // it moves under what was admitted
  auto others = limit;
  others.frozen = false;
  others.rate -= *orders.price * orders.count;
  others.hold = std::max(limit.hold - waited, Millis(0));
  const auto hold = std::max(orders.hold - waited, Millis(0));
  if (cost_in(others, *orders.price, hold, now) <= 0) return 0;
  return std::max<std::int64_t>(
      orders.count - most_admitted(others, *orders.price, hold, now), 0);
}

bool is_over(const Limit& limit, Instant now) {
  const auto* cap = std::get_if<AccruedCap>(&limit.cap);
  return cap != nullptr && cap->period.end <= now;
}

std::optional<Limit> next_period(const Limit& limit, const TimeZone& zone, Instant now) {
  const auto* cap = std::get_if<AccruedCap>(&limit.cap);
  if (cap == nullptr || !has_begun(*cap, now) || now + hold_of(limit) <= cap->period.end)
    return std::nullopt;
  auto next = limit;
  next.frozen = false;
  next.cap = AccruedCap{.kind = cap->kind,
                        .period = period_at(cap->kind, zone, cap->period.end),
                        .most = cap->most,
                        .accrued = {},
                        .floor = cap->floor,
                        .next = true};
  return next;
}

Admission admit(std::span<const Limit> limits, const Growth& growth, Instant now) {
  const auto asked = std::max<std::int64_t>(growth.count, 0);
  if (!growth.price)
    return {.granted = 0,
            .binding = {},
            .words = asked == 0 ? std::string()
                                : fmt::format("{} asked for, 0 granted: the price is not known",
                                              asked)};
  Admission admission{.granted = asked, .binding = {}, .words = {}};
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const auto most = most_admitted(limits[i], *growth.price, growth.hold, now);
    if (most >= admission.granted) continue;
    admission.granted = most;
    admission.binding = i;
  }
  if (admission.binding)
    admission.words = words_of(limits[*admission.binding], growth, admission.granted);
  return admission;
}

Amount worst_projection(const AccruedCap& cap, HourlyRate rate, Instant now) {
  return cap.accrued + cost_of(rate, left_of(cap, now));
}

Amount typical_projection(const AccruedCap& cap, const WeekProfile& profile, const TimeZone& zone,
                          Instant now) {
  Integral expected;
  for (auto at = now; at < cap.period.end;) {
    const auto end = std::min(cap.period.end, period_at(PeriodKind::Hour, zone, at).end);
    expected.add(profile[hour_of_week(zone, at)], end - at);
    at = end;
  }
  return cap.accrued + expected.rounded_up();
}

HourlyRate pace(const AccruedCap& cap, Instant now) {
  const Wide left = left_of(cap, now).count();
  const Wide room = Wide{cap.most.nano()} - cap.accrued.nano();
  if (left == 0 || room <= 0) return {};
  return HourlyRate::of(narrowed(room * Integral::parts / left));
}

std::optional<Instant> exhausted_at(const AccruedCap& cap, HourlyRate rate, Instant now) {
  const Wide room = Wide{cap.most.nano()} - cap.accrued.nano();
  if (room <= 0) return now;
  if (rate <= HourlyRate()) return std::nullopt;
  const auto after = room * Integral::parts / rate.nano();
  if (after >= left_of(cap, now).count()) return std::nullopt;
  return now + Millis(narrowed(after));
}

std::int64_t basis_points(Amount part, Amount whole) {
  constexpr Wide all = 10'000;
  if (whole <= Amount()) return part > Amount() ? no_bound : 0;
  return narrowed((std::max<Wide>(part.nano(), 0) * all + whole.nano() - 1) / whole.nano());
}

std::int64_t used_basis_points(const Limit& limit) {
  return std::visit(
      Overloaded{[&](const RateCap& cap) {
                   return basis_points(Amount::of(limit.rate.nano()), Amount::of(cap.most.nano()));
                 },
                 [](const AccruedCap& cap) { return basis_points(cap.accrued, cap.most); }},
      limit.cap);
}

}  // namespace poolscaler::money
