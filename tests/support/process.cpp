#include "support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace poolscaler::rig {
namespace {

// What exec needs, made before the fork: afterwards only async-signal-safe calls are allowed.
struct Prepared {
  explicit Prepared(const Command& command) {
    for (const auto& argument : command.argv) arguments.push_back(argument);
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string text = *entry;
      const std::string name = text.substr(0, text.find('='));
      bool is_replaced = false;
      for (const auto& [key, value] : command.environment) is_replaced |= key == name;
      if (!is_replaced) variables.push_back(text);
    }
    for (const auto& [key, value] : command.environment) variables.push_back(key + "=" + value);
    for (auto& text : arguments) argv.push_back(text.data());
    for (auto& text : variables) envp.push_back(text.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
  }
  std::vector<std::string> arguments;
  std::vector<std::string> variables;
  std::vector<char*> argv;
  std::vector<char*> envp;
};

int open_or_throw(const fs::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) throw std::runtime_error("opening " + path.string() + ": " + std::strerror(errno));
  return fd;
}

}  // namespace

Process::Process(const Command& command) {
  Prepared prepared(command);
  const fs::path program = command.argv.front().find('/') == std::string::npos
                               ? find_program(command.argv.front())
                               : fs::path(command.argv.front());
  if (program.empty() || ::access(program.c_str(), X_OK) != 0)
    throw std::runtime_error("starting " + command.argv.front() + ": no such program");
  const int in = open_or_throw(command.input, O_RDONLY);
  const int out = open_or_throw(command.output, O_WRONLY | O_CREAT | O_APPEND);
  const int err = open_or_throw(command.errors.empty() ? command.output : command.errors,
                                O_WRONLY | O_CREAT | O_APPEND);
  const std::string path = program.string();
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(path.c_str(), prepared.argv.data(), prepared.envp.data());
    ::_exit(127);
  }
  ::close(in);
  ::close(out);
  ::close(err);
  if (pid_ < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
  ::setpgid(pid_, pid_);
}

Process::~Process() { kill(); }

bool Process::running() { return !wait(Ms{0}); }

void Process::signal(int number) const {
  if (!exit_code_) ::kill(pid_, number);
}

std::optional<int> Process::wait(Ms limit) {
  const Ms end = monotonic() + limit;
  while (!exit_code_) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      break;
    }
    if (monotonic() >= end) return std::nullopt;
    pause_for(Ms{5});
  }
  return exit_code_;
}

int Process::stop(Ms grace) {
  signal(SIGTERM);
  signal(SIGCONT);
  if (!wait(grace)) kill();
  return exit_code_.value_or(137);
}

void Process::kill() {
  if (exit_code_) return;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  wait(Ms{10'000});
}

Finished run(const std::vector<std::string>& argv, const std::string& input, Ms limit) {
  const TempDir folder;
  const auto out = folder.path() / "out";
  const auto err = folder.path() / "err";
  Process process({.argv = argv,
                   .output = out,
                   .errors = err,
                   .input = folder.write("in", input)});
  const auto code = process.wait(limit);
  if (!code) process.kill();
  return {.exit_code = code.value_or(137), .out = read_file(out), .err = read_file(err)};
}

TempDir::TempDir() {
  std::string pattern = (fs::temp_directory_path() / "poolscaler-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error(std::string("mkdtemp: ") + std::strerror(errno));
  path_ = pattern;
}

TempDir::~TempDir() {
  if (!environment("POOLSCALER_KEEP").empty()) {
    std::cerr << "kept " << path_ << "\n";
    return;
  }
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path TempDir::write(const std::string& name, const std::string& text,
                        bool is_executable) const {
  const fs::path path = path_ / name;
  const fs::path fresh = path_ / (name + ".new");
  std::ofstream(fresh, std::ios::binary) << text;
  if (is_executable) fs::permissions(fresh, fs::perms::owner_all);
  fs::rename(fresh, path);
  return path;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string environment(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path find_program(const std::string& name, const std::vector<fs::path>& folders) {
  std::vector<fs::path> places = folders;
  std::istringstream path(environment("PATH"));
  for (std::string folder; std::getline(path, folder, ':');) places.emplace_back(folder);
  for (const auto& place : places)
    if (!place.empty() && ::access((place / name).c_str(), X_OK) == 0) return place / name;
  return {};
}

void pause_for(Ms duration) { ::poll(nullptr, 0, static_cast<int>(duration.count())); }

bool eventually(Ms limit, const std::function<bool()>& question) {
  const Ms end = monotonic() + limit;
  while (!question()) {
    if (monotonic() >= end) return false;
    pause_for(Ms{50});
  }
  return true;
}

bool stays(Ms duration, const std::function<bool()>& question) {
  const Ms end = monotonic() + duration;
  while (question()) {
    if (monotonic() >= end) return true;
    pause_for(Ms{50});
  }
  return false;
}

Ms monotonic() {
  return std::chrono::duration_cast<Ms>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace poolscaler::rig
