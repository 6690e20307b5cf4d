// What /readyz says of the collections that are watched.
#include "admin.hpp"

#include <gmock/gmock.h>

namespace poolscaler::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ServerResponse readyz(std::vector<controllers::SyncState> states,
                      const std::string& lease_trouble = {}) {
  const auto pages = admin_handler({.metrics = [] { return std::string(); },
                                    .sync_states = [states] { return states; },
                                    .trouble = [] { return std::string(); },
                                    .lease_trouble = [=] { return lease_trouble; }});
  return pages({.method = "GET", .path = "/readyz"});
}

TEST(Readiness, EveryCollectionHasBeenListed) {
  EXPECT_EQ(readyz({}).status, 503);
  EXPECT_EQ(readyz({{.resource = "pods", .synced = true}}).status, 200);
  const auto waiting = readyz({{.resource = "pods", .synced = true}, {.resource = "nodes"}});
  EXPECT_EQ(waiting.status, 503);
  EXPECT_THAT(waiting.body, HasSubstr("nodes: not listed yet"));
  EXPECT_THAT(waiting.body, Not(HasSubstr("pods")));
}

TEST(Readiness, ACrdThatIsMissingIsNamedThoughItsCollectionCountsAsEmpty) {
  const auto page = readyz({{.resource = "scalingpolicies.poolscaler.dev", .synced = true},
                            {.resource = "pricecatalogs.poolscaler.dev",
                             .synced = true,
                             .error = "its CustomResourceDefinition is not installed",
                             .not_installed = true}});
  EXPECT_EQ(page.status, 503);
  EXPECT_THAT(page.body, HasSubstr("pricecatalogs.poolscaler.dev: its CustomResourceDefinition"));
}

TEST(Readiness, AProcessThatMayNotHaveItsLeaseIsNoStandby) {
  const auto page = readyz({{.resource = "pods", .synced = true}}, "reading the lease: forbidden");
  EXPECT_EQ(page.status, 503);
  EXPECT_THAT(page.body, HasSubstr("lease: reading the lease: forbidden"));
}

TEST(Readiness, AKindOfTargetAndAServerThatIsAwayAreNoReasonToBeUnready) {
  EXPECT_EQ(readyz({{.resource = "Model of example.com/v1", .is_target_kind = true},
                    {.resource = "pods", .synced = true, .error = "could not connect"}})
                .status,
            200);
}

}  // namespace
}  // namespace poolscaler::app
