#pragma once

// What the code at an address is called: by the symbols of the program and its libraries, and by
// what a code generator says of the code that it made. Not thread-safe.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "trace/stacks.h"
#include "trace/unwinder.h"

namespace gnomon::trace::detail {

// A symbol as people read it: demangled, without the parameters of a function; parts that a
// compiler split off for a parallel region keep their mark ("run._omp_fn.0"), those that it split
// off for other reasons (".cold", ".constprop.0") go by the function's name.
std::string readable(const std::string& symbol);

// Functions between addresses.
class SymbolTable {
 public:
  // Of several at one address the first is kept that is not the implementation's (__…). A size of 0
  // reaches to the next.
  void add(std::uint64_t begin, std::uint64_t size, std::string name);
  void sort();  // before find, after add
  const std::string* find(std::uint64_t address) const;

 private:
  struct Symbol {
    std::uint64_t begin, end;
    std::string name;
  };
  std::vector<Symbol> symbols_;
};

class CodeNames {
 public:
  // Names are numbered by `counter`. `generated_maps` are files in the form of perf's maps ("START
  // SIZE NAME" a line, hexadecimal), which grow while code is made.
  CodeNames(StackCounter& counter, std::vector<std::filesystem::path> generated_maps);

  // The function's number, as StackCounter::function gives it.
  std::uint32_t of(const Unwinder::Frame& frame);

 private:
  std::string name(const Unwinder::Frame& frame);
  std::string name_generated(std::uint64_t address);
  void read_generated_maps();

  StackCounter& counter_;
  std::vector<std::filesystem::path> generated_maps_;
  std::uintmax_t generated_size_ = 0;  // of the maps together when they were read
  SymbolTable generated_;
  std::string program_;  // its file
  std::map<Dwfl_Module*, SymbolTable> modules_;
  std::unordered_map<std::uint64_t, std::uint32_t> known_;
};

}  // namespace gnomon::trace::detail
