// The words of the wire for the enumerations of the domain, in the enumerators' order.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "poolscaler/domain/accelerator_pool.hpp"
#include "poolscaler/domain/cost_budget.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::api {

template <class Enum, std::size_t N>
struct EnumWords {
  std::array<std::string_view, N> words;
};

inline constexpr EnumWords<Mode, 3> mode_words{{"Automatic", "Recommend", "Paused"}};
inline constexpr EnumWords<Combine, 3> combine_words{{"Max", "Min", "Formula"}};
inline constexpr EnumWords<TargetType, 3> target_type_words{{"PerReplica", "Total", "Utilization"}};
inline constexpr EnumWords<OnMissing, 3> on_missing_words{{"Hold", "Fallback", "Zero"}};
inline constexpr EnumWords<Aggregation, 4> aggregation_words{{"Sum", "Avg", "Max", "Min"}};
inline constexpr EnumWords<RangeFunction, 6> range_function_words{
    {"None", "Rate", "Increase", "AvgOverTime", "MaxOverTime", "MinOverTime"}};
inline constexpr EnumWords<MatchOperator, 4> match_operator_words{
    {"Equal", "NotEqual", "Regex", "NotRegex"}};
inline constexpr EnumWords<RatePolicyType, 2> rate_policy_words{{"Pods", "Percent"}};
inline constexpr EnumWords<SelectPolicy, 3> select_policy_words{{"Max", "Min", "Disabled"}};
inline constexpr EnumWords<KeepAlive, 2> keep_alive_words{{"Fixed", "Learned"}};
inline constexpr EnumWords<ForecastMode, 3> forecast_words{{"Off", "Shadow", "On"}};
inline constexpr EnumWords<FallbackBehavior, 3> fallback_words{{"Static", "AtLeast", "AtMost"}};
inline constexpr EnumWords<SpotUse, 3> spot_use_words{{"Never", "Allowed", "Preferred"}};
inline constexpr EnumWords<CapacityType, 3> capacity_type_words{{"OnDemand", "Spot", "Reserved"}};
inline constexpr EnumWords<MixStrategy, 3> mix_strategy_words{
    {"Cheapest", "SpotFirst", "OnDemandFirst"}};
inline constexpr EnumWords<PoolMode, 2> pool_mode_words{{"Automatic", "Recommend"}};
inline constexpr EnumWords<LimitMode, 2> limit_mode_words{{"Rate", "Accrued"}};
inline constexpr EnumWords<BudgetPeriod, 3> budget_period_words{{"Hour", "Day", "Month"}};
inline constexpr EnumWords<OnBudgetLimit, 4> on_budget_limit_words{
    {"Freeze", "Shed", "ScaleToZero", "Notify"}};

/// The word of an enumerator.
template <class Enum, std::size_t N>
std::string_view word_of(const EnumWords<Enum, N>& table, Enum value) {
  return table.words[static_cast<std::size_t>(value)];
}

/// The enumerator of a word that the field table has let through.
template <class Enum, std::size_t N>
Enum word_to(const EnumWords<Enum, N>& table, const nlohmann::json& word) {
  const auto* found = std::ranges::find(table.words, word.get_ref<const std::string&>());
  return static_cast<Enum>(found == table.words.end() ? 0 : found - table.words.begin());
}

}  // namespace poolscaler::api
