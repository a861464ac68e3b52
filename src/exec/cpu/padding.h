#pragma once

#include "exec/cpu/kernel.h"

namespace gnomon::exec::cpu {

// Padded layouts promise zeros behind the last element of a blocked dimension: oneDNN computes with
// them. Finds the gaps once and writes the zeros as often as asked.
class Padding {
 public:
  explicit Padding(const Stored& stored);

  void zero(std::byte* memory) const;

 private:
  struct Gap {
    std::size_t begin, bytes;
  };
  std::vector<Gap> gaps_;  // in the order of memory, none adjacent to the next
};

}  // namespace gnomon::exec::cpu
