// Any text is collapsed stacks, which keep their samples when they are written and read again, or is
// refused with InputError.

#include "base/error.h"
#include "trace/folded.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace gnomon::trace;
  try {
    const Stacks stacks = parse_folded({reinterpret_cast<const char*>(data), size}, "fuzz");
    const std::string text = to_folded(stacks);
    const Stacks again = parse_folded(text, "written");
    if (again.samples() != stacks.samples() || to_folded(again) != text) __builtin_trap();
  } catch (const gnomon::InputError&) {
  }
  return 0;
}
