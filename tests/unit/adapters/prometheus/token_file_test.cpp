#include "token_file.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

namespace poolscaler::adapters {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class TokenFileTest : public ::testing::Test {
 protected:
  TokenFileTest() {
    const auto place = std::filesystem::temp_directory_path() / "token-";
    std::string pattern = place.string() + std::string(6, 'X');
    folder_ = ::mkdtemp(pattern.data());
  }
  ~TokenFileTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path() const { return (folder_ / "token").string(); }
  /// As secrets are rotated: another file takes the name.
  void write(const std::string& text) const {
    std::ofstream(folder_ / "next") << text;
    std::filesystem::rename(folder_ / "next", path());
  }

  std::filesystem::path folder_;
};

TEST_F(TokenFileTest, TrimsAndFollowsRotation) {
  write("first\n");
  TokenFile file(path());
  EXPECT_EQ(file.token().value(), "first");
  write("second");
  EXPECT_EQ(file.token().value(), "second");
  EXPECT_EQ(file.token().value(), "second");
}

TEST_F(TokenFileTest, KeepsTheLastGoodOne) {
  write("good");
  TokenFile file(path());
  ASSERT_TRUE(file.token());
  for (const auto* bad : {"", " \n", "two words", "a\r\nX-Evil: 1"}) {
    write(bad);
    EXPECT_EQ(file.token().value(), "good") << bad;
  }
  std::filesystem::remove(path());
  EXPECT_EQ(file.token().value(), "good");
}

TEST_F(TokenFileTest, NamesTheFileNeverItsContent) {
  TokenFile missing(path());
  EXPECT_THAT(missing.token().error().message, HasSubstr(path()));
  write("secret word");
  TokenFile odd(path());
  EXPECT_THAT(odd.token().error().message, Not(HasSubstr("secret")));
}

TEST_F(TokenFileTest, ReadsRegularFilesOfBoundedSizeOnly) {
  write(std::string(65 << 10, 'x'));
  EXPECT_THAT(TokenFile(path()).token().error().message, HasSubstr("at most 65536"));
  EXPECT_FALSE(TokenFile(folder_.string()).token());
  EXPECT_FALSE(TokenFile("/dev/zero").token());
}

}  // namespace
}  // namespace poolscaler::adapters
