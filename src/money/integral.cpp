#include "poolscaler/money/integral.hpp"

#include "poolscaler/base/check.hpp"

namespace poolscaler::money {
namespace {

constexpr Millis time_max = std::chrono::years(50);

}  // namespace

Integral Integral::of(Amount whole, std::int64_t rest) {
  Integral made;
  made.whole_ = whole;
  made.rest_ = rest >= 0 && rest < parts ? rest : 0;
  return made;
}

void Integral::add_parts(std::int64_t nano, std::int64_t rest) {
  const auto sum = rest_ + rest;
  whole_ += Amount::of(nano);
  whole_ += Amount::of(sum / parts);
  rest_ = whole_.nano() == std::numeric_limits<std::int64_t>::max() ? 0 : sum % parts;
}

void Integral::add(HourlyRate rate, Millis time) {
  CHECK(rate.nano() >= 0 && time.count() >= 0 && time <= time_max, "spending does not run back");
  // Cut in two, so that no product leaves 64 bits: the rest of the rate is below `parts`.
  const auto whole = Amount::of(rate.nano() / parts) * time.count();
  const auto rest = rate.nano() % parts * time.count();
  add_parts((whole + Amount::of(rest / parts)).nano(), rest % parts);
}

Integral& Integral::operator+=(const Integral& other) {
  add_parts(other.whole_.nano(), other.rest_);
  return *this;
}

Integral operator-(const Integral& a, const Integral& b) {
  if (a <= b) return {};
  const bool borrows = a.rest_ < b.rest_;
  const auto whole = a.whole_ - b.whole_ - Amount::of(borrows ? 1 : 0);
  return Integral::of(whole, a.rest_ - b.rest_ + (borrows ? Integral::parts : 0));
}

Amount cost_of(HourlyRate rate, Millis time) {
  Integral integral;
  integral.add(rate, time);
  return integral.rounded_up();
}

}  // namespace poolscaler::money
