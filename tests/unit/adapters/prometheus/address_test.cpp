#include <gtest/gtest.h>

#include "poolscaler/adapters/prometheus/reader.hpp"

namespace poolscaler::adapters {
namespace {

TEST(Address, TakesTheUrlApart) {
  const auto plain = address_of({.name = "main", .url = "http://prom:9090"});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->origin, "http://prom:9090");
  EXPECT_EQ(plain->prefix, "");
  const auto prefixed = address_of({.name = "main", .url = "https://prom.example/a/b/"});
  ASSERT_TRUE(prefixed);
  EXPECT_EQ(prefixed->origin, "https://prom.example");
  EXPECT_EQ(prefixed->prefix, "/a/b");
}

TEST(Address, RefusesWhatIsNoneWithoutRepeatingIt) {
  for (const auto* url : {"", "prom:9090", "file:///etc/passwd", "http://", "https:///x",
                          "http://me:secret@prom", "http://prom/?q=1", "http://prom/#x",
                          "http://prom /", "ftp://prom"}) {
    const auto address = address_of({.name = "main", .url = url});
    ASSERT_FALSE(address) << url;
    EXPECT_EQ(address.error().message.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace poolscaler::adapters
