#include "trace/code_names.h"

#include <cxxabi.h>
#include <elfutils/libdwfl.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <memory>

namespace gnomon::trace::detail {
namespace {

constexpr std::size_t most_known = 1 << 20;  // addresses; then they are looked up anew
constexpr std::size_t longest_name = 200;    // 256 frames of a stack then fit in a line (folded.h)
constexpr std::uintmax_t largest_map = 16 << 20;

std::string demangle(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), std::free);
  return status == 0 ? text.get() : symbol;
}

// "f(int (*)(char)) const" without its last parentheses and what follows them.
std::string without_parameters(const std::string& name) {
  const auto close = name.rfind(')');
  const auto behind = close == std::string::npos ? "" : name.substr(close + 1);
  if (close == std::string::npos || (!behind.empty() && behind[0] != ' ')) return name;
  int depth = 0;
  for (std::size_t i = close + 1; i-- > 0;) {
    if (name[i] == ')') ++depth;
    if (name[i] == '(' && --depth == 0) return i == 0 ? name : name.substr(0, i);
  }
  return name;
}

// "/usr/lib/libdnnl.so.2" → "libdnnl.so.2", "[vdso: 17]" → "vdso".
std::string library_name(std::string_view module) {
  if (module.starts_with("[vdso")) return "vdso";
  return std::filesystem::path(module).filename().string();
}

SymbolTable symbols_of(Dwfl_Module* module) {
  SymbolTable table;
  const int count = dwfl_module_getsymtab(module);
  for (int i = 1; i < count; ++i) {
    GElf_Sym symbol;
    GElf_Addr address = 0;
    const char* name =
        dwfl_module_getsym_info(module, i, &symbol, &address, nullptr, nullptr, nullptr);
    const auto type = GELF_ST_TYPE(symbol.st_info);
    if (name != nullptr && symbol.st_shndx != SHN_UNDEF &&
        (type == STT_FUNC || type == STT_GNU_IFUNC))
      table.add(address, symbol.st_size, name);
  }
  table.sort();
  return table;
}

}  // namespace

std::string readable(const std::string& symbol) {
  if (!symbol.starts_with("_Z")) return symbol;
  const auto dot = symbol.find('.');
  const std::string tail = dot == std::string::npos ? "" : symbol.substr(dot);
  const std::string name = demangle(symbol.substr(0, dot));
  return without_parameters(name) + (tail.find("_omp_fn") == std::string::npos ? "" : tail);
}

void SymbolTable::add(std::uint64_t begin, std::uint64_t size, std::string name) {
  symbols_.push_back({begin, begin + size, std::move(name)});
}

void SymbolTable::sort() {
  const auto reserved = [](const Symbol& symbol) { return symbol.name.starts_with("__"); };
  std::stable_sort(symbols_.begin(), symbols_.end(), [&](const Symbol& a, const Symbol& b) {
    return a.begin != b.begin ? a.begin < b.begin : !reserved(a) && reserved(b);
  });
  const auto same = [](const Symbol& a, const Symbol& b) { return a.begin == b.begin; };
  symbols_.erase(std::unique(symbols_.begin(), symbols_.end(), same), symbols_.end());
  for (std::size_t i = 0; i + 1 < symbols_.size(); ++i)
    if (symbols_[i].end == symbols_[i].begin) symbols_[i].end = symbols_[i + 1].begin;
}

const std::string* SymbolTable::find(std::uint64_t address) const {
  const auto after = std::upper_bound(
      symbols_.begin(), symbols_.end(), address,
      [](std::uint64_t wanted, const Symbol& symbol) { return wanted < symbol.begin; });
  if (after == symbols_.begin() || address >= std::prev(after)->end) return nullptr;
  return &std::prev(after)->name;
}

CodeNames::CodeNames(StackCounter& counter, std::vector<std::filesystem::path> generated_maps)
    : counter_(counter), generated_maps_(std::move(generated_maps)) {
  std::error_code error;
  program_ = std::filesystem::read_symlink("/proc/self/exe", error).string();
}

// Addresses that no module holds are looked up each time: other code may be there by now.
std::uint32_t CodeNames::of(const Unwinder::Frame& frame) {
  if (frame.module == nullptr) return counter_.function(name_generated(frame.address));
  const auto found = known_.find(frame.address);
  if (found != known_.end()) return found->second;
  if (known_.size() == most_known) known_.clear();
  return known_[frame.address] = counter_.function(name(frame));
}

std::string CodeNames::name(const Unwinder::Frame& frame) {
  const char* path =
      dwfl_module_info(frame.module, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
  auto [module, added] = modules_.try_emplace(frame.module);
  if (added) module->second = symbols_of(frame.module);
  const std::string* symbol = module->second.find(frame.address);
  if (symbol == nullptr) return qualified(unnamed, library_name(path));
  return qualified(readable(*symbol).substr(0, longest_name),
                   path == program_ ? "" : library_name(path));
}

std::string CodeNames::name_generated(std::uint64_t address) {
  const std::string* symbol = generated_.find(address);
  if (symbol == nullptr) {
    read_generated_maps();
    symbol = generated_.find(address);
  }
  if (symbol == nullptr) return qualified(unnamed, generated);
  return qualified(symbol->substr(0, longest_name), generated);
}

// Whole, unless they are as they were: the last of several entries for an address is the one that
// holds.
void CodeNames::read_generated_maps() {
  std::uintmax_t size = 0;
  for (const auto& map : generated_maps_) {
    std::error_code absent;
    const auto bytes = std::filesystem::file_size(map, absent);
    if (!absent) size += bytes;
  }
  if (size == generated_size_ || size > largest_map) return;
  generated_size_ = size;
  generated_ = {};
  std::vector<std::string> lines;
  for (const auto& map : generated_maps_) {
    std::ifstream in(map);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
  }
  std::reverse(lines.begin(), lines.end());
  for (const auto& line : lines) {
    const char* const end = line.data() + line.size();
    std::uint64_t begin = 0, length = 0;
    const auto first = std::from_chars(line.data(), end, begin, 16);
    if (first.ec != std::errc{} || first.ptr == end) continue;
    const auto second = std::from_chars(first.ptr + 1, end, length, 16);
    if (second.ec != std::errc{} || second.ptr == end) continue;
    generated_.add(begin, length, second.ptr + 1);
  }
  generated_.sort();
}

}  // namespace gnomon::trace::detail
