#include "held_ledger.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace poolscaler::money {
namespace {

constexpr std::array kinds = {PeriodKind::Hour, PeriodKind::Day, PeriodKind::Month};

void tell_apart(Book& book, const std::vector<std::string>& before,
                const std::vector<std::string>& after) {
  std::vector<std::map<std::string, Integral>> tenants;
  for (const auto& dimension : after) {
    if (const auto old = std::ranges::find(before, dimension); old != before.end()) {
      const auto index = static_cast<std::size_t>(old - before.begin());
      if (index < book.tenants.size()) {
        tenants.push_back(book.tenants[index]);
        continue;
      }
    }
    // Tenants and idle are the bill, so what the tenants of any dimension have is the rest of it.
    auto& untagged = tenants.emplace_back();
    if (const auto rest = book.bill - book.idle; rest > Integral()) untagged[""] = rest;
  }
  book.tenants = std::move(tenants);
}

Ledger ledger_of(LedgerState state, const std::shared_ptr<const TimeZone>& zone) {
  return {.zone = zone,
          .dimensions = std::move(state.dimensions),
          .counted_to = state.counted_to,
          .rate = state.rate,
          .unpriced = state.unpriced,
          .books = std::move(state.books)};
}

/// Books of another zone go on in the periods of this one.
void move_to(Ledger& ledger, const std::shared_ptr<const TimeZone>& zone) {
  ledger.zone = zone;
  for (auto& book : ledger.books) {
    const auto period = period_at(book.kind, *zone, ledger.counted_to);
    if (period == book.period) continue;
    book.partial = book.partial || period.begin < book.period.begin;
    book.period = period;
  }
}

void complete(Ledger& ledger) {
  const auto fresh = open_ledger(ledger.zone, ledger.dimensions, kinds, ledger.counted_to);
  for (const auto& book : fresh.books)
    if (!ledger.book_of(book.kind)) ledger.books.push_back(book);
}

}  // namespace

LedgerState state_of(const Ledger& ledger) {
  return {.zone = ledger.zone->name(),
          .dimensions = ledger.dimensions,
          .counted_to = ledger.counted_to,
          .rate = ledger.rate,
          .unpriced = ledger.unpriced,
          .books = ledger.books};
}

void prepare(HeldLedger& held, const std::shared_ptr<const TimeZone>& zone,
             const std::vector<std::string>& dimensions, Instant now) {
  if (held.adopted) {
    const auto stored_zone = held.adopted->zone;
    held.ledger = ledger_of(*std::move(held.adopted), zone);
    held.adopted.reset();
    held.running = false;
    if (stored_zone != zone->name()) move_to(*held.ledger, zone);
    complete(*held.ledger);
  }
  if (!held.ledger) {
    held.ledger = open_ledger(zone, dimensions, kinds, now);
    held.ledger->running.reset();
    held.running = true;
    return;
  }
  auto& ledger = *held.ledger;
  if (ledger.zone->name() != zone->name()) move_to(ledger, zone);
  ledger.zone = zone;
  for (auto& book : ledger.books)
    if (ledger.dimensions != dimensions || book.book.tenants.size() != dimensions.size())
      tell_apart(book.book, ledger.dimensions, dimensions);
  ledger.dimensions = dimensions;
}

}  // namespace poolscaler::money
