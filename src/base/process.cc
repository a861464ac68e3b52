#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/interrupt.h"

namespace gnomon {
namespace {

struct Pipe {
  Descriptor read, write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw EnvironmentError("cannot create a pipe: {}; close programs and try again",
                           std::strerror(errno));
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// What the child tells us before its image is replaced: the time of exec, or why there is none.
struct Birth {
  double time = 0;
  int error = 0;
};

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& s : strings) result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& additions) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!additions.contains(std::string(text.substr(0, text.find('='))))) result.emplace_back(text);
  }
  for (const auto& [key, value] : additions) result.push_back(key + "=" + value);
  return result;
}

struct Resident {
  Bytes all, shared;
};

Resident read_resident() {
  long total = 0, resident = 0, shared = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return {};
  const int read = std::fscanf(file, "%ld %ld %ld", &total, &resident, &shared);
  std::fclose(file);
  if (read != 3) return {};
  const auto bytes = [page = ::sysconf(_SC_PAGESIZE)](long pages) {
    return Bytes(static_cast<double>(pages * page));
  };
  return {bytes(resident), bytes(shared)};
}

Bytes private_memory() {
  const Resident memory = read_resident();
  return memory.all - memory.shared;
}

// The file that a search of PATH finds, so that the search is not timed; the name itself if there
// is none, for exec to complain about.
std::string found_in_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  if (path == nullptr || name.find('/') != std::string::npos) return name;
  for (std::string_view rest = path; !rest.empty();) {
    const auto end = std::min(rest.find(':'), rest.size());
    const std::filesystem::path file = std::filesystem::path(rest.substr(0, end)) / name;
    std::error_code unreadable;
    if (::access(file.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(file, unreadable))
      return file.string();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return name;
}

// The child, between fork and exec: only calls that are safe there.
[[noreturn]] void become(const char* program, char* const* argv, char* const* environment,
                         pid_t parent, const Pipe& out, const Pipe& err, const Pipe& birth) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);
  std::signal(SIGPIPE, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int empty = ::open("/dev/null", O_RDONLY);
  ::dup2(empty, STDIN_FILENO);
  ::dup2(out.write.get(), STDOUT_FILENO);
  ::dup2(err.write.get(), STDERR_FILENO);
  Birth message{now().value, 0};
  if (::write(birth.write.get(), &message, sizeof message) != sizeof message) ::_exit(126);
  ::execvpe(program, argv, environment);
  message.error = errno;
  if (::write(birth.write.get(), &message, sizeof message) != sizeof message) ::_exit(126);
  ::_exit(127);
}

// The last message wins: one means that exec succeeded, two that it failed.
Birth await_birth(const Descriptor& pipe) {
  Birth last;
  while (true) {
    Birth message;
    const auto n = ::read(pipe.get(), &message, sizeof message);
    if (n < 0 && errno == EINTR) continue;
    if (n != sizeof message) return last;
    last = message;
  }
}

// Reads what is there. Returns false at the end of the stream.
bool drain(const Descriptor& stream, std::string& text, Bytes limit, bool& truncated) {
  std::array<char, 65536> buffer;
  const auto n = ::read(stream.get(), buffer.data(), buffer.size());
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  const auto room =
      static_cast<std::size_t>(std::max(0.0, limit.value - static_cast<double>(text.size())));
  const auto kept = std::min(room, static_cast<std::size_t>(n));
  text.append(buffer.data(), kept);
  if (kept < static_cast<std::size_t>(n)) truncated = true;
  return n > 0;
}

void drain_rest(Descriptor& stream, std::string& text, Bytes limit, bool& truncated) {
  if (!stream.open()) return;
  ::fcntl(stream.get(), F_SETFL, O_NONBLOCK);
  pollfd ready{stream.get(), POLLIN, 0};
  while (::poll(&ready, 1, 0) > 0 && drain(stream, text, limit, truncated)) {
  }
}

// Waits for the exit while reading both streams. Returns true if the child had to be killed for
// an interrupt.
bool supervise(pid_t child, const Descriptor& exit, Descriptor& out, Descriptor& err,
               const Command& command, Seconds start, Outcome& outcome) {
  bool stopped = false;
  while (true) {
    if (interrupted() && !stopped) {
      stopped = true;
      ::kill(-child, SIGKILL);
    }
    const Seconds left = start + command.timeout - now();
    if (left <= Seconds(0) && !outcome.timed_out && !stopped) {
      outcome.timed_out = true;
      ::kill(-child, SIGKILL);
    }
    // The cap bounds the delay of an interrupt that arrives just before the call.
    const double wait = left > Seconds(0) ? std::min(200.0, left.value * 1e3 + 1) : 200.0;
    std::array<pollfd, 3> events{pollfd{exit.get(), POLLIN, 0}, pollfd{out.get(), POLLIN, 0},
                                 pollfd{err.get(), POLLIN, 0}};
    if (::poll(events.data(), events.size(), static_cast<int>(wait)) < 0) continue;
    if (events[0].revents != 0) return stopped;
    if (events[1].revents != 0 && !drain(out, outcome.out, command.output_limit, outcome.truncated))
      out.close();
    if (events[2].revents != 0 && !drain(err, outcome.err, command.output_limit, outcome.truncated))
      err.close();
  }
}

Seconds seconds(const timeval& time) {
  return Seconds(static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6);
}

// Reaps the child and fills in what the kernel counted.
void reap(pid_t child, Outcome& outcome) {
  int status = 0;
  rusage usage{};
  while (::wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  outcome.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  outcome.user = seconds(usage.ru_utime);
  outcome.system = seconds(usage.ru_stime);
  outcome.peak_memory = Bytes(static_cast<double>(usage.ru_maxrss) * 1024);
  outcome.context_switches = usage.ru_nivcsw;
  outcome.page_faults = usage.ru_majflt + usage.ru_minflt;
}

}  // namespace

Outcome run_command(const Command& command) {
  if (command.argv.empty()) throw InputError("command: is empty; name a program");
  std::vector<std::string> arguments = command.argv;
  std::vector<std::string> variables = environment_with(command.environment);
  const std::string program = found_in_path(command.argv[0]);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> environment = pointers(variables);
  Pipe out = make_pipe(), err = make_pipe(), birth = make_pipe();
  Outcome outcome;
  outcome.memory_floor = private_memory();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0)
    throw EnvironmentError("{}: no process can be created: {}; close programs and try again",
                           command.argv[0], std::strerror(errno));
  if (child == 0) become(program.c_str(), argv.data(), environment.data(), parent, out, err, birth);
  ::setpgid(child, child);  // both sides do it: neither can then be too early
  out.write.close();
  err.write.close();
  birth.write.close();
  const Birth born = await_birth(birth.read);
  if (born.error != 0) {
    reap(child, outcome);
    throw InputError("{}: cannot be executed: {}; check the name and PATH", command.argv[0],
                     std::strerror(born.error));
  }
  const Seconds start(born.time);
  const Descriptor exit(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  GNOMON_CHECK(exit.open(), "pidfd_open: {}", std::strerror(errno));
  const bool stopped = supervise(child, exit, out.read, err.read, command, start, outcome);
  outcome.wall = now() - start;
  ::kill(-child, SIGKILL);  // the unreaped child still holds its number: no stranger can be hit
  reap(child, outcome);
  drain_rest(out.read, outcome.out, command.output_limit, outcome.truncated);
  drain_rest(err.read, outcome.err, command.output_limit, outcome.truncated);
  if (stopped) throw Interrupted();
  return outcome;
}

Bytes resident_memory() { return read_resident().all; }

std::filesystem::path self_executable() { return std::filesystem::read_symlink("/proc/self/exe"); }

}  // namespace gnomon
