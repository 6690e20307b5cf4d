#include "poolscaler/domain/forecast.hpp"

namespace poolscaler {

std::string_view name_of(ForecastMethod method) {
  switch (method) {
    case ForecastMethod::LastValue: return "LastValue";
    case ForecastMethod::SameTimeYesterday: return "SameTimeYesterday";
    case ForecastMethod::SameTimeLastWeek: return "SameTimeLastWeek";
    case ForecastMethod::DampedTrend: return "DampedTrend";
  }
  return "";
}

std::string_view name_of(HorizonSource source) {
  switch (source) {
    case HorizonSource::Learned: return "Learned";
    case HorizonSource::Expected: return "Expected";
    case HorizonSource::Default: return "Default";
  }
  return "";
}

}  // namespace poolscaler
