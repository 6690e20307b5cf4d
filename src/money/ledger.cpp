#include "poolscaler/money/ledger.hpp"

#include <algorithm>

namespace poolscaler::money {
namespace {

struct Lapse {
  Instant begin;
  Instant end;
  [[nodiscard]] Lapse within(const Lapse& other) const {
    return {std::max(begin, other.begin), std::min(end, other.end)};
  }
  [[nodiscard]] Millis length() const { return std::max(end - begin, Millis(0)); }
};

Integral& account(std::map<std::string, Integral>& accounts, const std::string& value) {
  if (const auto found = accounts.find(value); found != accounts.end()) return found->second;
  return accounts[accounts.size() < values_max ? value : std::string(other_values)];
}

void add(Book& book, const Charge& charge, const Lapse& within) {
  const auto time = Lapse{charge.begin, charge.end}.within(within).length();
  if (time == Millis(0)) return;
  book.unpriced += time * charge.unpriced;
  book.bill.add(charge.rate, time);
  book.idle.add(charge.split.idle, time);
  for (std::size_t i = 0; i < book.tenants.size(); ++i)
    for (const auto& [value, rate] : charge.split.tenants[i])
      account(book.tenants[i], value).add(rate, time);
}

void add_all(Book& book, std::span<const Charge> charges, const Lapse& within) {
  for (const auto& charge : charges) add(book, charge, within);
}

Book empty_book(const Ledger& ledger) {
  return {.tenants = std::vector<std::map<std::string, Integral>>(ledger.dimensions.size())};
}

void count(PeriodBook& book, std::span<const Charge> charges, const Ledger& ledger,
           Instant now) {
  if (!book.period.contains(now)) {
    add_all(book.book, charges, {book.period.begin, book.period.end});
    book.closed = book.period;
    book.closed_bill = book.book.bill;
    book.book = empty_book(ledger);
    book.period = period_at(book.kind, *ledger.zone, now);
    book.partial = false;
  }
  add_all(book.book, charges, {book.period.begin, book.period.end});
}

Charge charge_of(const BilledNode& node, const Ledger& ledger, const Lapse& span) {
  return {.begin = span.begin,
          .end = span.end,
          .rate = node.rate.value_or(HourlyRate()),
          .unpriced = node.rate ? 0 : 1,
          .split = split_of(node, ledger.dimensions.size())};
}

const BilledNode* find(const std::vector<BilledNode>& nodes, const std::string& uid) {
  const auto at = std::ranges::lower_bound(nodes, uid, {}, &BilledNode::uid);
  return at != nodes.end() && at->uid == uid ? &*at : nullptr;
}

Instant end_of(const BilledNode* node, Instant now) {
  return node ? std::min(node->stopped.value_or(now), now) : now;
}

/// The nodes of the earlier observation as they were then, and those that are new.
std::vector<Charge> charges_between(const Ledger& ledger, const std::vector<BilledNode>& nodes,
                                    Instant now) {
  std::vector<Charge> charges;
  for (const auto& node : *ledger.running)
    charges.push_back(
        charge_of(node, ledger, {ledger.counted_to, end_of(find(nodes, node.uid), now)}));
  for (const auto& node : nodes)
    if (!find(*ledger.running, node.uid))
      charges.push_back(charge_of(
          node, ledger, {std::max(node.started, ledger.counted_to), end_of(&node, now)}));
  return charges;
}

std::vector<Charge> charges_of(const Ledger& ledger, const std::vector<BilledNode>& nodes,
                               Instant now) {
  std::vector<Charge> charges;
  for (const auto& node : nodes)
    charges.push_back(charge_of(
        node, ledger, {std::max(node.started, ledger.counted_to), end_of(&node, now)}));
  return charges;
}

/// What stood on the bill at counted_to and is not among the nodes that were there by then.
HourlyRate rate_gone(const Ledger& ledger, const std::vector<BilledNode>& nodes) {
  HourlyRate there;
  for (const auto& node : nodes)
    if (node.started <= ledger.counted_to) there += node.rate.value_or(HourlyRate());
  return std::max(ledger.rate - there, HourlyRate());
}

void take_up(Ledger& ledger, std::vector<BilledNode> nodes) {
  std::erase_if(nodes, [](const BilledNode& node) { return node.stopped.has_value(); });
  ledger.rate = {};
  ledger.unpriced = 0;
  for (const auto& node : nodes) {
    ledger.rate += node.rate.value_or(HourlyRate());
    if (!node.rate) ++ledger.unpriced;
  }
  ledger.running = std::move(nodes);
}

}  // namespace

const PeriodBook* Ledger::book_of(PeriodKind kind) const {
  const auto found = std::ranges::find(books, kind, &PeriodBook::kind);
  return found == books.end() ? nullptr : &*found;
}

Ledger open_ledger(std::shared_ptr<const TimeZone> zone, std::vector<std::string> dimensions,
                   std::span<const PeriodKind> kinds, Instant now) {
  Ledger ledger{
      .zone = std::move(zone), .dimensions = std::move(dimensions), .counted_to = now};
  ledger.running.emplace();
  for (const auto kind : kinds) {
    const auto period = period_at(kind, *ledger.zone, now);
    ledger.books.push_back({.kind = kind,
                            .period = period,
                            .partial = period.begin < now,
                            .book = empty_book(ledger)});
  }
  return ledger;
}

Ledger stored(Ledger ledger) {
  ledger.running.reset();
  return ledger;
}

Ledger counted(Ledger ledger, std::span<const Charge> charges, Instant now) {
  for (auto& book : ledger.books) count(book, charges, ledger, now);
  ledger.counted_to = now;
  return ledger;
}

Advance advance(Ledger ledger, std::vector<BilledNode> nodes, Instant now) {
  std::ranges::sort(nodes, {}, &BilledNode::uid);
  Advance advance{.ledger = std::move(ledger)};
  auto& next = advance.ledger;
  if (now < next.counted_to) {
    advance.clock_behind = next.counted_to - now;
    take_up(next, std::move(nodes));
    return advance;
  }
  auto charges = next.running ? charges_between(next, nodes, now) : charges_of(next, nodes, now);
  BilledNode gone{.uid = {}, .rate = HourlyRate(), .started = next.counted_to};
  if (!next.running && now > next.counted_to) {
    advance.gone = rate_gone(next, nodes);
    gone.rate = advance.gone;
    charges.push_back(charge_of(gone, next, {next.counted_to, now}));
  }
  next = counted(std::move(next), charges, now);
  take_up(next, std::move(nodes));
  return advance;
}

}  // namespace poolscaler::money
