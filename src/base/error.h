#pragma once

// What can go wrong, by whose fault. A message opens with the thing at fault and ends with the
// remedy:
//   matmul: inner sizes differ: 64 and 32 (lhs f32[8, 64], rhs f32[32, 10])
// Functions throw these; `main` alone turns them into one line on stderr and an exit code.

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace gnomon {

// The caller's mistake: bad usage or bad input. Exit code 2.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  template <typename... Args>
  explicit InputError(fmt::format_string<Args...> format, Args&&... args)
      : std::runtime_error(fmt::format(format, std::forward<Args>(args)...)) {}
};

// The environment lacks something: a package, a data set, disk space, a device. Exit code 3.
class EnvironmentError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  template <typename... Args>
  explicit EnvironmentError(fmt::format_string<Args...> format, Args&&... args)
      : std::runtime_error(fmt::format(format, std::forward<Args>(args)...)) {}
};

// The user asked us to stop (Ctrl-C, SIGTERM). Everything committed is kept. Exit code 130.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

// A bug of ours. Exit code 70.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void internal_error(const char* file, int line, const std::string& what);

}  // namespace gnomon

// Checks an invariant of ours, in every build. GNOMON_CHECK(condition, "format", args...).
#define GNOMON_CHECK(condition, ...)                                                     \
  do {                                                                                   \
    if (!(condition)) [[unlikely]]                                                       \
      ::gnomon::internal_error(__FILE__, __LINE__,                                       \
                               std::string(#condition ": ") + fmt::format(__VA_ARGS__)); \
  } while (false)
