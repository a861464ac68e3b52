// Any text is collapsed stacks, which keep their samples when they are written and read again, or
// is refused with InputError.

#include "base/error.h"
#include "trace/folded.h"

namespace gnomon::trace {
namespace {

void write_and_read(const Stacks& stacks) {
  const std::string text = to_folded(stacks);
  const Stacks again = parse_folded(text, "written");
  if (again.samples() != stacks.samples() || to_folded(again) != text) __builtin_trap();
}

}  // namespace
}  // namespace gnomon::trace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  gnomon::trace::Stacks stacks;
  try {
    stacks = gnomon::trace::parse_folded({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const gnomon::InputError&) {
    return 0;
  }
  gnomon::trace::write_and_read(stacks);
  return 0;
}
