#pragma once

// A file descriptor, closed when its owner goes.

#include <unistd.h>

#include <utility>

namespace gnomon {

class Descriptor {
 public:
  Descriptor() = default;
  // Takes what open and its like return: negative is none.
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  // What close(2) returns; 0 if there is none.
  int close() { return open() ? ::close(std::exchange(fd_, -1)) : 0; }

 private:
  int fd_ = -1;
};

}  // namespace gnomon
