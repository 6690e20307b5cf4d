// The cron groups of the decision vectors of other autoscalers (shared/vectors/keda_kpa.json in a
// folder above the checkout); skipped, and said so, where the file is not.
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "poolscaler/api/time_zones.hpp"
#include "poolscaler/domain/cron.hpp"
#include "support/checkout.hpp"

namespace poolscaler {
namespace {

using nlohmann::json;

class CronVectors : public testing::Test {
 protected:
  void SetUp() override {
    const auto source = in_checkout("");
    for (auto folder = source.parent_path(); folder != folder.parent_path();
         folder = folder.parent_path()) {
      std::ifstream file(folder / "shared/vectors/keda_kpa.json");
      if (!file) continue;
      groups_ = json::parse(file).at("groups");
      return;
    }
    GTEST_SKIP() << "SKIPPED: shared/vectors/keda_kpa.json is in no folder above " << source;
  }

  [[nodiscard]] const json& group(const char* name) const { return groups_.at(name); }

 private:
  json groups_;
};

std::optional<Instant> next_of(const json& vector, Instant after) {
  const auto cron = parse_cron(vector.at("spec").get<std::string>());
  const auto zone = api::time_zone_named(vector.at("tz").get<std::string>());
  return next_after(cron.value(), **zone, after, ClockChange::AsRead);
}

TEST_F(CronVectors, FireNext) {
  for (const auto& vector : group("cron_next")) {
    const auto next = next_of(vector, parse_rfc3339(vector["after"].get<std::string>()).value());
    const auto& expected = vector["expect"];
    EXPECT_EQ(next, expected.is_null()
                        ? std::nullopt
                        : std::optional(parse_rfc3339(expected.get<std::string>()).value()))
        << vector;
  }
}

TEST_F(CronVectors, FireAt) {
  for (const auto& vector : group("cron_fires_at")) {
    const auto time = parse_rfc3339(vector["time"].get<std::string>() + ":00Z").value();
    EXPECT_EQ(next_of(vector, time - Seconds(1)) == time, vector["expect"].get<bool>()) << vector;
  }
}

TEST_F(CronVectors, AreRefused) {
  for (const auto& vector : group("cron_invalid"))
    EXPECT_FALSE(parse_cron(vector["spec"].get<std::string>())) << vector;
}

}  // namespace
}  // namespace poolscaler
