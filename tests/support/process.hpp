// Child processes of the tests: each in its own process group, its output in a file, every wait
// bounded, ended at the latest by the destructor. A child dies with the thread that started it, so
// start children from the main thread of a test.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace poolscaler::rig {

namespace fs = std::filesystem;
using Ms = std::chrono::milliseconds;

struct Command {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> environment{};  // beside our own
  fs::path output{"/dev/null"};  // standard output; appended to
  fs::path errors{};             // standard error; empty: the same file as output
  fs::path input{"/dev/null"};
};

class Process {
 public:
  /// Throws std::runtime_error when the program cannot be started.
  explicit Process(const Command& command);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  void signal(int number) const;
  /// The exit code, or 128 + signal; nullopt when it still runs after `limit`.
  std::optional<int> wait(Ms limit);
  /// SIGTERM, and SIGKILL after `grace`. The exit code as wait() tells it.
  int stop(Ms grace = Ms{5000});
  /// SIGKILL to the whole group; returns when it is gone.
  void kill();

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

struct Finished {
  int exit_code;
  std::string out;
  std::string err;
};

/// Runs a program to its end; killed after `limit` (exit code 137).
Finished run(const std::vector<std::string>& argv, const std::string& input = {},
             Ms limit = Ms{60'000});

/// A folder under the system's temporary one that is removed with this object, or kept (and named
/// on standard error) when the environment has POOLSCALER_KEEP.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }
  /// Writes (or overwrites, at once) a file in it and returns its path.
  fs::path write(const std::string& name, const std::string& text,
                 bool is_executable = false) const;

 private:
  fs::path path_;
};

std::string read_file(const fs::path& path);
/// The value of an environment variable, empty when it is not set.
std::string environment(const char* name);
/// The first of `folders` or of PATH that has this program; empty when none has.
fs::path find_program(const std::string& name, const std::vector<fs::path>& folders = {});

void pause_for(Ms duration);
/// Asks every 50 ms until the answer is true; false when it was not within `limit`.
bool eventually(Ms limit, const std::function<bool()>& question);
/// True when the answer stays true for the whole of `duration`.
bool stays(Ms duration, const std::function<bool()>& question);
Ms monotonic();

}  // namespace poolscaler::rig
