#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

namespace gnomon {

std::optional<FileLock> FileLock::take(const std::filesystem::path& file, Seconds patience) {
  Descriptor descriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!descriptor.open())
    throw EnvironmentError(
        "{}: cannot be opened for writing: {}; check the folder and its permissions", file.string(),
        std::strerror(errno));
  const Seconds until = now() + patience;
  while (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
    if (now() >= until) return std::nullopt;
    ::usleep(10'000);
  }
  // For others to read; on a full disk they learn less.
  const std::string pid = std::to_string(::getpid());
  [[maybe_unused]] const bool told = ::ftruncate(descriptor.get(), 0) == 0 &&
                                     ::pwrite(descriptor.get(), pid.data(), pid.size(), 0) > 0;
  return FileLock(std::move(descriptor));
}

bool is_locked(const std::filesystem::path& file) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  return descriptor.open() && ::flock(descriptor.get(), LOCK_SH | LOCK_NB) != 0;
}

std::string lock_holder(const std::filesystem::path& file) {
  const std::string pid = read_file(file, Bytes(100));
  return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace gnomon
