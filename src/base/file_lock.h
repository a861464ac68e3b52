#pragma once

// The right to change what a file stands for, held until destruction or the end of the process
// however it comes: an flock(2), with the holder's process number in the file.

#include <filesystem>
#include <optional>
#include <string>

#include "base/descriptor.h"
#include "base/units.h"

namespace gnomon {

class FileLock {
 public:
  // Creates the file if there is none. Waits up to `patience` for another holder; nothing if it does
  // not let go. A process killed a moment ago may still hold: its children, between their fork and
  // their exec, share its lock until the kernel has ended them too. Throws EnvironmentError if the
  // file cannot be opened.
  static std::optional<FileLock> take(const std::filesystem::path& file, Seconds patience);

 private:
  explicit FileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
  Descriptor descriptor_;
};

// Whether a process holds it now.
bool is_locked(const std::filesystem::path& file);

// The process that took it last: "process 877", or "another process" if that cannot be read.
std::string lock_holder(const std::filesystem::path& file);

}  // namespace gnomon
