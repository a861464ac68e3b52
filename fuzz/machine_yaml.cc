// Any text is a machine or a device, or the caller's mistake.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "machine/catalogue.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace machine = gnomon::machine;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const std::vector<machine::Device> devices = {
      machine::parse_device("name: v100\ndescription: d\nkind: accelerator\n", "v100.yaml")};
  try {
    machine::parse_device(text, "v100.yaml");
  } catch (const gnomon::InputError&) {
  }
  try {
    const machine::Machine parsed = machine::parse_machine(text, "m.yaml", devices);
    parsed.price();
    parsed.accelerators();
  } catch (const gnomon::InputError&) {
  }
  return 0;
}
