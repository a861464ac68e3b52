#pragma once

// Where every value of a program lives while it runs: one arena laid out beforehand, so that a run
// allocates nothing.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ir/program.h"
#include "machine/target.h"

namespace gnomon::pass {

enum class Place {
  arena,     // at `offset`
  state,     // in the slot of the program's state number `index`
  argument,  // in the run's argument number `index`
  output,    // in the run's output tensor number `index`
  constant,  // made once when the program is compiled (constant, full), by node `index`
};

struct Placement {
  Place place = Place::arena;
  std::size_t index = 0;
  std::size_t offset = 0;  // bytes from the start of the arena, a multiple of 64
  std::size_t bytes = 0;   // stored bytes in the value's layout, at the bound of every symbol
  bool operator==(const Placement&) const = default;
};

struct MemoryPlan {
  std::vector<std::vector<Placement>> values;  // [node][result]
  std::size_t arena_bytes = 0;
  // The largest sum of arena values alive at one node: no placement needs less.
  std::size_t lower_bound = 0;
  // The node at which that is, the number of nodes standing for the end of the run, and those
  // values, one for each storage.
  std::uint32_t peak = 0;
  std::vector<ir::Value> at_peak;

  const Placement& at(ir::Value value) const { return values[value.node][value.result]; }
  bool operator==(const MemoryPlan&) const = default;
};

// Plans for nodes run one after the other in program order. What an executor must do:
//
//   - A view (ir::is_view) shares the storage of its operand; nothing is to be done for one.
//   - A result may lie over an operand that nothing needs afterwards, where Target::in_place
//     agrees.
//   - A state's new value is made in its slot if nothing needs the old one by then (or
//     Target::in_place agrees); its write then finds its operand at Place::state with the written
//     state's index, and has nothing to do. Any other written value stays alive to the end of the
//     run, when the executor copies it into the slot: reads before see the old value. (Where it
//     lives in the slot of another written state, all such copies read before any of them writes.)
//   - An output is made in its tensor unless it is also something else (an argument, a state, a
//     second output): then the executor copies it at the end of the run, before states commit.
//
// Offsets: largest first, each as low as possible between those alive at the same time ("greedy by
// size", Pisarchyk and Lee: "Efficient memory management for deep neural net inference", 2020).
MemoryPlan plan_memory(const ir::Program& program, const machine::Target& target);

// The same but for offsets: the arena is not laid out, and arena_bytes is 0. Takes time proportional
// to the number of nodes, which laying out does not.
MemoryPlan plan_lives(const ir::Program& program, const machine::Target& target);

// A table for people: one line per value, then the arena and its lower bound.
std::string to_string(const MemoryPlan& plan, const ir::Program& program);

std::string_view name(Place place);

}  // namespace gnomon::pass
