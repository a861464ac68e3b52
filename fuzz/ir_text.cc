// Any text is either a Program, which then prints and parses back to an equal one, or refused with
// InputError.

#include <string_view>

#include "base/error.h"
#include "ir/text.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  try {
    const auto program = gnomon::ir::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
    const auto text = gnomon::ir::print(program);
    if (gnomon::ir::print(gnomon::ir::parse(text, "printed")) != text) __builtin_trap();
  } catch (const gnomon::InputError&) {
  }
  return 0;
}
