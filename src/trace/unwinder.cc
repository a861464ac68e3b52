#include "trace/unwinder.h"

#include <elfutils/libdwfl.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>

#include "base/error.h"

namespace gnomon::trace::detail {
namespace {

constexpr std::size_t base_pointer = 6, stack_pointer = 7, program_counter = 16;
constexpr std::size_t word_size = 8;
constexpr std::size_t most_searched = 2048;  // bytes of stack in which a caller is looked for
constexpr int page_bits = 12;

// Symbols and tables of the files themselves; no search for separate debug information, which may
// ask the network.
int no_debug_file(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*,
                  GElf_Word, char**) {
  return -1;
}

constexpr Dwfl_Callbacks files = {.find_elf = dwfl_linux_proc_find_elf,
                                  .find_debuginfo = no_debug_file,
                                  .section_address = nullptr,
                                  .debuginfo_path = nullptr};

// A program or library as the loader knows it. /proc/self/maps, which libdw can read by itself, may
// lack lines while other threads map memory.
int report_module(dl_phdr_info* loaded, std::size_t, void* dwfl) {
  const std::uint64_t page = ::getpagesize();
  std::uint64_t begin = ~std::uint64_t{0}, end = 0;
  for (const auto& part : std::span(loaded->dlpi_phdr, loaded->dlpi_phnum)) {
    if (part.p_type != PT_LOAD) continue;
    const std::uint64_t address = loaded->dlpi_addr + part.p_vaddr;
    begin = std::min(begin, address / page * page);
    end = std::max(end, (address + part.p_memsz + page - 1) / page * page);
  }
  std::string name = loaded->dlpi_name;
  std::error_code error;
  if (name.empty())
    name = std::filesystem::read_symlink("/proc/self/exe", error).string();
  else if (name.find('/') == std::string::npos)
    name = fmt::format("[vdso: {}]", ::getpid());  // libdw reads it from memory
  else
    name = std::filesystem::absolute(name, error).string();
  if (begin < end) dwfl_report_module(static_cast<Dwfl*>(dwfl), name.c_str(), begin, end);
  return 0;
}

struct Walk {
  Dwfl* dwfl;
  const ThreadState* state;
  std::vector<Unwinder::Frame>* frames;
  std::uint64_t generated_stack = 0;  // what rsp was in generated code; 0 if there was none
  bool beyond = false;                // the copied stack did not suffice
};

// libdw keeps the pointer it is given when it is attached, so that is to the walk under way.
thread_local Walk* walk = nullptr;

// dwfl_addrmodule alone also names the module that is nearest.
Dwfl_Module* module_at(Dwfl* dwfl, Dwarf_Addr address) {
  Dwfl_Module* const module = dwfl_addrmodule(dwfl, address);
  Dwarf_Addr begin = 0, end = 0;
  if (module != nullptr)
    dwfl_module_info(module, nullptr, &begin, &end, nullptr, nullptr, nullptr, nullptr);
  return begin <= address && address < end ? module : nullptr;
}

bool get_thread(Dwfl*, pid_t, void*, void** thread) {
  *thread = walk;
  return true;
}

pid_t no_next_thread(Dwfl*, void*, void**) { return 0; }

// Nothing but the copied stack: what else the process holds has changed since.
bool read_memory(Dwfl*, Dwarf_Addr address, Dwarf_Word* word, void*) {
  const std::uint64_t offset = address - walk->state->registers[stack_pointer];
  const auto& stack = walk->state->stack;
  if (offset + sizeof *word > stack.size() || offset > stack.size()) {
    walk->beyond = true;  // libdw itself takes the thread to begin here
    return false;
  }
  std::memcpy(word, stack.data() + offset, sizeof *word);
  return true;
}

bool set_registers(Dwfl_Thread* thread, void*) {
  std::array<Dwarf_Word, 17> words;
  std::copy(walk->state->registers.begin(), walk->state->registers.end(), words.begin());
  return dwfl_thread_state_registers(thread, 0, words.size(), words.data());
}

constexpr Dwfl_Thread_Callbacks threads = {.next_thread = no_next_thread,
                                           .get_thread = get_thread,
                                           .memory_read = read_memory,
                                           .set_initial_registers = set_registers,
                                           .detach = nullptr,
                                           .thread_detach = nullptr};

int visit(Dwfl_Frame* frame, void*) {
  Dwarf_Addr address = 0;
  bool running = false;
  if (!dwfl_frame_pc(frame, &address, &running)) return DWARF_CB_ABORT;
  if (!running) --address;  // the call may be the function's last instruction
  Dwfl_Module* const module = module_at(walk->dwfl, address);
  walk->frames->push_back({address, module});
  if (walk->frames->size() == Unwinder::deepest) return DWARF_CB_ABORT;
  if (module != nullptr) return DWARF_CB_OK;
  // Beyond generated code libdw would guess.
  Dwarf_Word stack = 0;
  if (dwfl_frame_reg(frame, stack_pointer, &stack) == 0) walk->generated_stack = stack;
  return DWARF_CB_ABORT;
}

// Whether the instruction before an address is a call through a register or memory: FF /2 with up
// to six bytes behind its first. Read as one reads another process, for the address may be no code.
bool follows_indirect_call(std::uint64_t address) {
  std::array<unsigned char, 7> bytes{};
  iovec to{bytes.data(), bytes.size()};
  iovec from{reinterpret_cast<void*>(address - bytes.size()), bytes.size()};
  if (::process_vm_readv(::getpid(), &to, 1, &from, 1, 0) != static_cast<ssize_t>(bytes.size()))
    return false;
  for (const std::size_t length : {2, 3, 4, 6, 7}) {
    const auto* instruction = bytes.data() + bytes.size() - length;
    if (instruction[0] == 0xff && (instruction[1] & 0x38) == 0x10) return true;
  }
  return false;
}

}  // namespace

Unwinder::Unwinder() : dwfl_(dwfl_begin(&files)) {
  GNOMON_CHECK(dwfl_ != nullptr, "{}", dwfl_errmsg(-1));
  report();
  if (dwfl_attach_state(dwfl_, nullptr, ::getpid(), &threads, nullptr)) return;
  const std::string reason = dwfl_errmsg(-1);
  dwfl_end(dwfl_);
  throw EnvironmentError("/proc/self/exe: libdw cannot read it: {}", reason);
}

Unwinder::~Unwinder() { dwfl_end(dwfl_); }

// Adds to what is known and drops nothing: frames point to modules, and libdw keeps the first one's
// description of the processor.
void Unwinder::report() {
  dwfl_report_begin_add(dwfl_);
  ::dl_iterate_phdr(report_module, dwfl_);
  dwfl_report_end(dwfl_, nullptr, nullptr);
}

bool Unwinder::walk_up(const ThreadState& state, std::vector<Frame>& frames) {
  frames.clear();
  Walk now{dwfl_, &state, &frames};
  walk = &now;
  const int result = dwfl_getthread_frames(dwfl_, ::getpid(), visit, nullptr);
  walk = nullptr;
  generated_stack_ = now.generated_stack;
  return result == 0 && !now.beyond;
}

bool Unwinder::find_caller(const ThreadState& state, std::vector<Frame>& frames) {
  const std::uint64_t begin = state.registers[stack_pointer];
  if (generated_stack_ < begin) return false;
  const std::size_t first = generated_stack_ - begin;
  const auto word_at = [&](std::size_t offset) {
    std::uint64_t word;
    std::memcpy(&word, state.stack.data() + offset, sizeof word);
    return word;
  };
  for (std::size_t at = first;
       at + word_size <= std::min(state.stack.size(), first + most_searched); at += word_size) {
    const std::uint64_t address = word_at(at);
    if (module_at(dwfl_, address) == nullptr || !follows_indirect_call(address)) continue;
    ThreadState caller = state;
    caller.registers[program_counter] = address - 1;  // in the call, as for every other caller
    caller.registers[stack_pointer] = begin + at + word_size;
    caller.stack = state.stack.subspan(at + word_size);
    for (const std::size_t below : {2, 1, 0}) {
      if (at < below * word_size) continue;
      caller.registers[base_pointer] =
          below == 0 ? state.registers[base_pointer] : word_at(at - below * word_size);
      if (!walk_up(caller, outer_) || !beginnings_.contains(outer_.back().address) ||
          frames.size() + outer_.size() > deepest)
        continue;
      frames.insert(frames.end(), outer_.begin(), outer_.end());
      return true;
    }
  }
  return false;
}

bool Unwinder::unwind(const ThreadState& state, std::vector<Frame>& frames) {
  if (stale_) report();
  stale_ = false;
  const bool complete = walk_up(state, frames);
  if (frames.empty()) {
    const std::uint64_t address = state.registers[program_counter];
    frames.push_back({address, module_at(dwfl_, address)});
  }
  const Frame& last = frames.back();
  if (last.module == nullptr) stale_ = generated_.insert(last.address >> page_bits).second;
  if (complete) beginnings_.insert(last.address);
  return complete || (last.module == nullptr && find_caller(state, frames));
}

}  // namespace gnomon::trace::detail
