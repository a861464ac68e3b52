#pragma once

// The states of a program between runs: parameters, moments and statistics, each in the layout an
// executor keeps it in. One thread at a time. Several Executables may share one States (training
// and evaluation).

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "ir/program.h"

namespace gnomon::exec {

class States {
 public:
  struct Slot {
    ir::State declared;  // declared.layout is the layout of `bytes`
    Buffer bytes;
    // Grows with every change; what was computed from the state alone stays valid until then.
    std::uint64_t version = 0;
  };

  // Allocates every state of the program and fills it by its Initial: element i of state s is a
  // pure function of (seed, s, i), in row-major order whatever the layout.
  States(const ir::Program& program, std::uint64_t seed);

  // The value in row-major order. Throws InputError if there is no such state, or the states are
  // poisoned.
  Tensor get(const std::string& name) const;
  // Replaces the value; throws InputError if the type differs. Restoring every state ends
  // poisoning.
  void set(const std::string& name, const Tensor& value);

  std::vector<std::string> names() const;
  bool contains(const std::string& name) const { return slots_.contains(name); }

  // For executors. `slot` throws InternalError for unknown names and InputError for
  // poisoned states; `keep_in` re-lays a state out, once.
  Slot& slot(const std::string& name);
  void keep_in(const std::string& name, const ir::Layout& layout);

  // A run that fails part-way may have destroyed old values: reading throws until all states are
  // set again.
  void poison();
  bool poisoned() const { return !to_restore_.empty(); }

  // Tells these states from all others, also from later ones at the same address: what an executor
  // computed from a state stays valid while this and the slot's version are the same.
  const std::shared_ptr<const void>& identity() const { return identity_; }

 private:
  void require_sound(const std::string& name) const;

  std::map<std::string, Slot> slots_;
  std::vector<std::string> to_restore_;
  std::shared_ptr<const void> identity_ = std::make_shared<char>();
};

}  // namespace gnomon::exec
