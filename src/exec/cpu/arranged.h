#pragma once

// What a kernel makes of an operand before it computes, such as weights in the order of its loops.

#include "base/tensor.h"

namespace gnomon::exec::cpu {

inline std::size_t bytes_of_floats(std::int64_t count) {
  return static_cast<std::size_t>(count) * sizeof(float);
}

// So many floats, made once if the operand is constant (Stored::constant) and again when it has
// changed; otherwise made in scratch on every run.
class Arranged {
 public:
  Arranged(bool constant, std::int64_t floats) : floats_(floats), keeps_(constant) {
    if (keeps_) kept_ = Buffer(bytes_of_floats(floats));
  }

  std::int64_t scratch_floats() const { return keeps_ ? 0 : floats_; }

  void refresh() { fresh_ = false; }

  // Where they are, after make(there) where need be. Takes its part from the head of `scratch`.
  template <typename Make>
  const float* get(float*& scratch, const Make& make) {
    if (!keeps_) {
      float* const there = scratch;
      scratch += floats_;
      make(there);
      return there;
    }
    auto* const there = reinterpret_cast<float*>(kept_.data());
    if (!fresh_) make(there);
    fresh_ = true;
    return there;
  }

 private:
  std::int64_t floats_;
  bool keeps_, fresh_ = false;
  Buffer kept_;
};

}  // namespace gnomon::exec::cpu
